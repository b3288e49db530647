"""What the other tables must know of the folded claims, kept small while claims pass in ranges."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any, NamedTuple

import narwhals as nw

from claimlog.fold.components import components
from claimlog.fold.states import Frame

SAME_FACT = "same_fact"
PLACE = ("claim_id", "source_id")


class FactClaim(NamedTuple):
    """A claim in a group of claims that state the same fact."""

    claim_id: str
    source_id: str
    origin_id: str | None
    statement: str


class ClaimSpan(NamedTuple):
    """Where a claim stands, for comparing it with codings."""

    claim_id: str
    source_id: str
    start: int
    end: int


@dataclass
class IncidentReports:
    """How often, where and from which origins an incident is reported."""

    claims: int = 0
    unknown: int = 0
    articles: set[str] = field(default_factory=set)
    origins: set[str] = field(default_factory=set)

    def add(self, other: IncidentReports) -> None:
        self.claims += other.claims
        self.unknown += other.unknown
        self.articles |= other.articles
        self.origins |= other.origins


@dataclass(frozen=True)
class ReferencedClaims:
    """Which claims to keep.

    Attributes
    ----------
    groups
        Group by claim, of those that state the same fact as another.
    coded
        Sources that have codings: all of their claims.
    paired
        Claims on whose links coders decided.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    coded: frozenset[str] = frozenset()
    paired: frozenset[str] = frozenset()

    @classmethod
    def of(cls, links: Frame, codings: Frame, link_codings: Frame | None) -> ReferencedClaims:
        """Read from the live links and codings which claims the tables need."""
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
        )


@dataclass
class ClaimSummary:
    """What was kept of the claims folded so far; `changes` counts them by release and change."""

    groups: Mapping[str, str] = field(default_factory=dict)
    members: list[FactClaim] = field(default_factory=list)
    reports: dict[str, IncidentReports] = field(
        default_factory=lambda: defaultdict(IncidentReports)
    )
    published: list[ClaimSpan] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    changes: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    def add(self, other: ClaimSummary) -> None:
        """Add what was kept of other claims."""
        self.groups = self.groups or other.groups
        self.members += other.members
        for incident, reports in other.reports.items():
            self.reports[incident].add(reports)
        self.published += other.published
        self.sources |= other.sources

    def count(self, changes: Frame) -> None:
        """Count some rows of the table ``changes``."""
        counted = changes.group_by("release", "change").agg(nw.len().alias("claims"))
        for release, change, count in counted.collect().rows():
            self.changes[release, change] += count


def summarize_claims(claims: Frame, wanted: ReferencedClaims) -> ClaimSummary:
    """Return what to keep of some rows of the table ``claims``."""
    kept = ClaimSummary(wanted.groups)
    if wanted.groups:
        chosen = claims.filter(nw.col("claim_id").is_in(sorted(wanted.groups)))
        kept.members = [FactClaim(*row) for row in _rows(chosen, FactClaim._fields)]
    if wanted.coded:
        chosen = claims.filter(nw.col("source_id").is_in(sorted(wanted.coded)))
        kept.published = [ClaimSpan(*row) for row in _rows(chosen, ClaimSpan._fields)]
    if wanted.paired:
        chosen = claims.filter(nw.col("claim_id").is_in(sorted(wanted.paired)))
        kept.sources = {str(claim): str(source) for claim, source in _rows(chosen, PLACE)}
    key = ("incident_id", "source_id", "origin_id")
    about = claims.filter(~nw.col("incident_id").is_null()).select(key)
    counted = about.group_by(key).agg(nw.len().alias("claims")).collect()
    for incident, source, origin, count in counted.rows():
        reports = kept.reports[str(incident)]
        reports.claims += count
        reports.unknown += count if origin is None else 0
        # the same few names come with every range of the claims
        reports.articles.add(intern(str(source)))
        if origin is not None:
            reports.origins.add(intern(str(origin)))
    return kept


def _rows(frame: Frame, names: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return some columns of rows, in the order of the first, in which no two agree."""
    return sorted(frame.select(*names).collect().rows())
