"""What the other tables must know of the folded claims, kept small while claims pass in ranges."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Any, NamedTuple

import narwhals as nw

from claimlog.fold.components import components
from claimlog.fold.states import Frame
from claimlog.schema.table_schema import Field

SAME_FACT = "same_fact"


class Member(NamedTuple):
    """A claim in a group of claims that state the same fact."""

    claim_id: str
    source_id: str
    origin_id: str | None
    statement: str


class Published(NamedTuple):
    """Where a claim stands, for comparing it with codings."""

    claim_id: str
    source_id: str
    start: int
    end: int


@dataclass
class Reports:
    """How often, where and from which origins an incident, or row of a register, is reported."""

    claims: int = 0
    unknown: int = 0
    articles: set[str] = field(default_factory=set)
    origins: set[str] = field(default_factory=set)

    def add(self, other: Reports) -> None:
        self.claims += other.claims
        self.unknown += other.unknown
        self.articles |= other.articles
        self.origins |= other.origins


@dataclass(frozen=True)
class Wanted:
    """Which claims to keep: those in groups (claim to group), and those of sources with codings.

    ``referring`` are the columns of claims that refer to incidents or registers, by these.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    coded: frozenset[str] = frozenset()
    referring: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, links: Frame, codings: Frame, referring: Mapping[str, tuple[Field, ...]]) -> Wanted:
        """Read from the live links and codings which claims the tables need."""
        pairs = links.filter(nw.col("relation") == SAME_FACT).select("from_claim_id", "to_claim_id")
        sources = codings.select("source_id").unique().collect()
        return cls(
            components((str(one), str(other)) for one, other in pairs.collect().rows()),
            frozenset(sources["source_id"].to_list()),
            referring,
        )


@dataclass
class Gathered:
    """What was kept of the claims folded so far; `changes` counts them by release and change."""

    groups: Mapping[str, str] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    reports: dict[str, dict[str, Reports]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Reports))
    )
    published: list[Published] = field(default_factory=list)
    changes: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    def add(self, other: Gathered) -> None:
        """Add what was kept of other claims."""
        self.groups = self.groups or other.groups
        self.members += other.members
        for stream, found in other.reports.items():
            for name, reports in found.items():
                self.reports[stream][name].add(reports)
        self.published += other.published

    def count(self, changes: Frame) -> None:
        """Count some rows of the table ``changes``."""
        counted = changes.group_by("release", "change").agg(nw.len().alias("claims"))
        for release, change, count in counted.collect().rows():
            self.changes[release, change] += count


def gathered(claims: Frame, wanted: Wanted) -> Gathered:
    """Return what to keep of some rows of the table ``claims``."""
    kept = Gathered(wanted.groups)
    if wanted.groups:
        chosen = claims.filter(nw.col("claim_id").is_in(sorted(wanted.groups)))
        kept.members = [Member(*row) for row in _rows(chosen, Member._fields)]
    if wanted.coded:
        chosen = claims.filter(nw.col("source_id").is_in(sorted(wanted.coded)))
        kept.published = [Published(*row) for row in _rows(chosen, Published._fields)]
    key = ("about", "source_id", "origin_id")
    for stream, columns in wanted.referring.items():
        counted = _about(claims, columns).group_by(key).agg(nw.len().alias("claims")).collect()
        for name, source, origin, count in counted.rows():
            reports = kept.reports[stream][str(name)]
            reports.claims += count
            reports.unknown += count if origin is None else 0
            # the same few names come with every range of the claims
            reports.articles.add(intern(str(source)))
            if origin is not None:
                reports.origins.add(intern(str(origin)))
    return kept


def _about(claims: Frame, columns: Sequence[Field]) -> Frame:
    """Return what claims refer to by some columns, as ``about``; each once a claim."""
    parts = []
    for item in columns:
        rows = claims.select("claim_id", "source_id", "origin_id", nw.col(item.name).alias("about"))
        if item.type == "array":
            parts.append(rows.filter(nw.col("about").list.len() > 0).explode("about"))
        else:
            parts.append(rows.filter(~nw.col("about").is_null()))
    whole = nw.concat(parts, how="vertical")
    # one column of one value cannot say the same twice
    return whole if len(parts) == 1 and columns[0].type != "array" else whole.unique()


def _rows(frame: Frame, names: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return some columns of rows, in the order of the first, in which no two agree."""
    return sorted(frame.select(*names).collect().rows())
