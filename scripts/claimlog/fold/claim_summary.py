"""A small summary of the folded claims: what the tables of the other streams need of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Any, NamedTuple

import narwhals as nw

from claimlog.connected_components import components
from claimlog.fold.row_versions import Frame
from claimlog.schema.link_relations import SAME_FACT
from claimlog.schema.table_schema import Field

PLACE = ("claim_id", "source_id")


class FactClaim(NamedTuple):
    """A live claim in a group of claims that state the same fact."""

    claim_id: str
    source_id: str
    origin_id: str | None
    statement: str


class ClaimSpan(NamedTuple):
    """The span of a live claim in its source, for comparing it with codings."""

    claim_id: str
    source_id: str
    start: int
    end: int


@dataclass
class EntityReports:
    """Counts of the claims about an entity, with the articles and origins that report it."""

    claims: int = 0
    unknown_origins: int = 0
    articles: set[str] = field(default_factory=set)
    origins: set[str] = field(default_factory=set)

    def add(self, other: EntityReports) -> None:
        self.claims += other.claims
        self.unknown_origins += other.unknown_origins
        self.articles |= other.articles
        self.origins |= other.origins


@dataclass(frozen=True)
class ReferencedClaims:
    """The claims that tables of other streams need.

    Attributes
    ----------
    groups
        Group by claim, of those that state the same fact as another.
    coded_sources
        Sources that have codings: all of their claims.
    paired
        Claims on whose links coders decided.
    referring
        Columns of claims that refer to incidents or registers, by the stream referred to.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    coded_sources: frozenset[str] = frozenset()
    paired: frozenset[str] = frozenset()
    referring: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        links: Frame,
        codings: Frame,
        link_codings: Frame | None,
        referring: Mapping[str, tuple[Field, ...]],
    ) -> ReferencedClaims:
        """Return the claims that live links and codings refer to."""
        paired: set[str] = set()
        if link_codings is not None:
            for pair in link_codings.select("from_claim_id", "to_claim_id").collect().rows():
                paired.update(pair)
        pairs = links.filter(nw.col("relation") == SAME_FACT).select("from_claim_id", "to_claim_id")
        sources = codings.select("source_id").unique().collect()
        return cls(
            components((str(one), str(other)) for one, other in pairs.collect().rows()),
            frozenset(sources["source_id"].to_list()),
            frozenset(paired),
            referring,
        )


@dataclass
class ClaimSummary:
    """What the tables of the other streams need of the claims folded so far.

    Attributes
    ----------
    groups
        Group by claim, as in `ReferencedClaims`.
    fact_claims
        The claims in groups.
    reports
        Counts by stream and identifier, of incidents and registers that claims refer to.
    spans
        The claims of sources with codings.
    change_counts
        Number of changes by release and kind of change.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    fact_claims: list[FactClaim] = field(default_factory=list)
    reports: dict[str, dict[str, EntityReports]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(EntityReports))
    )
    spans: list[ClaimSpan] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    change_counts: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    def add(self, other: ClaimSummary) -> None:
        """Add the summary of other claims."""
        self.groups = self.groups or other.groups
        self.fact_claims += other.fact_claims
        for stream, by_entity in other.reports.items():
            for identifier, reports in by_entity.items():
                self.reports[stream][identifier].add(reports)
        self.spans += other.spans
        self.sources |= other.sources

    def count_changes(self, changes: Frame) -> None:
        """Count some rows of the table ``changes``."""
        counted = changes.group_by("release", "change").agg(nw.len().alias("claims"))
        for release, change, count in counted.collect().rows():
            self.change_counts[release, change] += count


def summarize_claims(claims: Frame, referenced: ReferencedClaims) -> ClaimSummary:
    """Return what to keep of some rows of the table ``claims``."""
    summary = ClaimSummary(referenced.groups)
    if referenced.groups:
        chosen = claims.filter(nw.col("claim_id").is_in(sorted(referenced.groups)))
        summary.fact_claims = [FactClaim(*row) for row in _rows(chosen, FactClaim._fields)]
    if referenced.coded_sources:
        chosen = claims.filter(nw.col("source_id").is_in(sorted(referenced.coded_sources)))
        summary.spans = [ClaimSpan(*row) for row in _rows(chosen, ClaimSpan._fields)]
    if referenced.paired:
        chosen = claims.filter(nw.col("claim_id").is_in(sorted(referenced.paired)))
        summary.sources = {str(claim): str(source) for claim, source in _rows(chosen, PLACE)}
    key = ("entity_id", "source_id", "origin_id")
    for stream, columns in referenced.referring.items():
        references = _references(claims, columns)
        counted = references.group_by(key).agg(nw.len().alias("claims")).collect()
        for entity, source, origin, count in counted.rows():
            reports = summary.reports[stream][str(entity)]
            reports.claims += count
            reports.unknown_origins += count if origin is None else 0
            # the same few names come with every range of the claims
            reports.articles.add(intern(str(source)))
            if origin is not None:
                reports.origins.add(intern(str(origin)))
    return summary


def _references(claims: Frame, columns: Sequence[Field]) -> Frame:
    """Return claim, source, origin and ``entity_id`` of each reference; each once a claim."""
    parts = []
    for item in columns:
        rows = claims.select(
            "claim_id", "source_id", "origin_id", nw.col(item.name).alias("entity_id")
        )
        if item.type == "array":
            parts.append(rows.filter(nw.col("entity_id").list.len() > 0).explode("entity_id"))
        else:
            parts.append(rows.filter(~nw.col("entity_id").is_null()))
    references = nw.concat(parts, how="vertical")
    # one column of one value cannot say the same twice
    return references if len(parts) == 1 and columns[0].type != "array" else references.unique()


def _rows(frame: Frame, names: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return some columns of rows, in the order of the first, in which no two agree."""
    return sorted(frame.select(*names).collect().rows())
