"""What claims that bear on one another say of each other's support.

The support of a claim is the claim, those that state the same fact, and those that imply it or one
of these. Its independent origins are counted as those of a fact are. A claim that disputes it
counts against it, unless it comes from the side that the disputed claim is about: a denial by the
accused settles nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

import narwhals as nw

from claimlog.components import components
from claimlog.fold.corroboration import Lineage, count_independent, lineage_edges
from claimlog.fold.states import Frame, frame_like, items_of_list

SAME_FACT, IMPLIES, DISPUTES = "same_fact", "implies", "disputes"
BEARING = (SAME_FACT, IMPLIES, DISPUTES)
CONFIRMED, DOUBTFUL, IMPROBABLE = "1", "4", "5"
"""Grades of the Admiralty code that links decide."""

HYPOTHETICAL = "hypothetical"
UNJUDGED = "6"

OPEN_TO_DISPUTE = ("event", "state", "position")
"""Contents that can contradict a fact; a verdict or a forecast cannot."""


class LinkedClaim(NamedTuple):
    """What support needs of a claim that others bear on, or that bears on others."""

    claim_id: str
    origin_id: str | None
    content: str
    speaker_id: str | None
    dyad_from: tuple[str, ...]


@dataclass(frozen=True)
class Links:
    """The live links that bear on support.

    Attributes
    ----------
    facts
        Group by claim, of the claims that state the same fact as another.
    implied_by
        Claims that imply a claim.
    disputed_by
        Claims that dispute a claim; the relation holds both ways.
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    implied_by: Mapping[str, frozenset[str]] = field(default_factory=dict)
    disputed_by: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, links: Frame) -> Links:
        """Read the live links."""
        rows = links.select("relation", "from_claim_id", "to_claim_id").collect().rows()
        pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for relation, one, other in rows:
            pairs[relation].append((one, other))
        disputes = [(b, a) for a, b in pairs[DISPUTES]] + pairs[DISPUTES]
        return cls(components(pairs[SAME_FACT]), _by_second(pairs[IMPLIES]), _by_second(disputes))

    @property
    def claims(self) -> frozenset[str]:
        """Every claim at an end of a link that bears on support."""
        found = set(self.facts)
        for others in (self.implied_by, self.disputed_by):
            found |= others.keys()
            found.update(*others.values())
        return frozenset(found)

    def reached_from(self, claims: Iterable[str]) -> frozenset[str]:
        """Return the claims whose support may change where that of `claims` does."""
        edges = [(claim, fact) for claim, fact in self.facts.items()]
        edges += [(claim, other) for claim, others in self.implied_by.items() for other in others]
        edges += [(claim, other) for claim, others in self.disputed_by.items() for other in others]
        groups = components(edges)
        touched = {groups[claim] for claim in claims if claim in groups}
        return frozenset(claim for claim, group in groups.items() if group in touched)


def _by_second(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        found[other].add(one)
    return {claim: frozenset(others) for claim, others in found.items()}


def part_of_edges(actors: Frame) -> dict[str, str | None]:
    """Return by actor the one that it is part of."""
    rows = actors.select("actor_id", "part_of").collect().rows()
    return {str(name): whole for name, whole in rows}


def side_ranges(part_of: Mapping[str, str | None]) -> dict[str, tuple[int, int]]:
    """Return first and last number of each actor and all that is part of it, numbered in a row.

    An actor is part of another, through any chain, if its first number is in the other's range. So
    no chain is ever held, however long it is. Within a batch a chain may run in a circle, all of
    which is one side, and lead to an actor that is still to come.

    >>> side_ranges({"ada": "ministry", "ministry": "nor"})
    {'nor': (0, 2), 'ministry': (1, 2), 'ada': (2, 2)}
    """
    circles = _circles(part_of)
    parts: dict[str, list[str]] = defaultdict(list)
    tops = [circle[0] for circle in circles]
    for name, whole in part_of.items():
        if whole is not None:
            parts[whole].append(name)
            if whole not in part_of:
                tops.append(whole)
        else:
            tops.append(name)
    ranges: dict[str, tuple[int, int]] = {}
    waiting = list(dict.fromkeys(tops))
    while waiting:
        name = waiting[-1]
        if name not in ranges:
            ranges[name] = (len(ranges), -1)
            waiting += [part for part in parts.get(name, ()) if part not in ranges]
        else:
            waiting.pop()
            if ranges[name][1] < 0:
                ranges[name] = (ranges[name][0], len(ranges) - 1)
    for circle in circles:
        ranges.update(dict.fromkeys(circle, ranges[circle[0]]))
    return ranges


def _circles(part_of: Mapping[str, str | None]) -> list[list[str]]:
    """Return the circles of actors that are part of one another."""
    visited: set[str] = set()
    circles = []
    for start in part_of:
        chain: dict[str, None] = {}
        name: str | None = start
        while name is not None and name not in visited and name not in chain:
            chain[name] = None
            name = part_of.get(name)
        if name is not None and name in chain:
            names = list(chain)
            circles.append(names[names.index(name) :])
        visited.update(chain)
    return circles


def support_of_linked(claims: Frame, links: Links, sources: Frame, actors: Frame) -> Frame:
    """Return what links say of the support of each linked claim.

    Parameters
    ----------
    claims
        Rows of the table ``claims``, with ``origin_id`` and ``speaker_id``; of the linked ones.
        Without ``content``, none is open to dispute.
    sources, actors
        Live rows.

    Returns
    -------
    Frame
        ``claim_id``, ``independent_origins`` of its support, and ``link_grade``: the grade of the
        Admiralty code that links decide, null where they decide none.
    """
    if "content" not in claims.collect_schema().names():
        claims = claims.with_columns(nw.lit("").alias("content"))
    bearing = links.claims
    linked = {
        row["claim_id"]: LinkedClaim(**{**row, "dyad_from": tuple(row["dyad_from"])})
        for row in claims.select(*LinkedClaim._fields).collect().rows(named=True)
        if row["claim_id"] in bearing
    }
    support = _Support(linked, links, lineage_edges(sources), part_of_edges(actors))
    names = sorted(linked)
    return frame_like(
        {
            "claim_id": names,
            "independent_origins": [support.origins(name) for name in names],
            "link_grade": [support.grade(name) for name in names],
        },
        {
            "claim_id": nw.String(),
            "independent_origins": nw.Int64(),
            "link_grade": nw.String(),
        },
        sources,
    )


class _Support:
    def __init__(
        self,
        linked: Mapping[str, LinkedClaim],
        links: Links,
        lineage: Lineage,
        part_of: Mapping[str, str | None],
    ) -> None:
        self.linked = linked
        self.links = links
        self.lineage = lineage
        # every actor is part of at most one, so that two chains meet if they are of one component
        self.sides = components((name, whole) for name, whole in part_of.items() if whole)
        self.members: dict[str, set[str]] = defaultdict(set)
        for claim, fact in links.facts.items():
            self.members[fact].add(claim)
        self._by_fact: dict[str, int] = {}
        self._by_origins: dict[frozenset[str], int] = {}

    def origins(self, claim: str) -> int:
        """Count the independent origins of a claim's support, which all of a fact share."""
        fact = self.links.facts.get(claim, claim)
        if fact not in self._by_fact:
            same = self.members.get(fact, {claim})
            implying: set[str] = set().union(
                *(self.links.implied_by.get(name, frozenset()) for name in same)
            )
            there = [self.linked[name] for name in same | implying if name in self.linked]
            known = frozenset(one.origin_id for one in there if one.origin_id is not None)
            if known not in self._by_origins:
                self._by_origins[known] = count_independent(known, self.lineage)
            self._by_fact[fact] = self._by_origins[known]
        return self._by_fact[fact]

    def grade(self, claim: str) -> str | None:
        own = self.origins(claim)
        accused = {self._side(name) for name in self.linked[claim].dyad_from}
        against = [
            self.origins(other)
            for other in self.links.disputed_by.get(claim, ())
            if other in self.linked and self._counts_against(self.linked[other], accused)
        ]
        most = max(against, default=0)
        if most > own:
            return IMPROBABLE
        if most and most == own:
            return DOUBTFUL
        return CONFIRMED if own > 1 else None

    def _counts_against(self, other: LinkedClaim, accused: Set[str]) -> bool:
        if other.content not in OPEN_TO_DISPUTE:
            return False
        return other.speaker_id is None or self._side(other.speaker_id) not in accused

    def _side(self, actor: str) -> str:
        return self.sides.get(actor, actor)


def with_support(claims: Frame, support: Frame) -> Frame:
    """Return claims with ``independent_origins`` and ``link_grade``.

    Parameters
    ----------
    claims
        Live claims with ``origin_id``. One that no link bears on has one origin or none.
    support
        What `support_of_linked` returns.
    """
    has_origin = ~nw.col("origin_id").is_null()
    alone = nw.when(has_origin).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
    return claims.join(support, on="claim_id", how="left").with_columns(
        nw.coalesce("independent_origins", alone).alias("independent_origins")
    )


def with_credibility(claims: Frame, actors: Frame) -> Frame:
    """Return claims with ``credibility``, derived by the steps that stand in the codebook.

    Parameters
    ----------
    claims
        What `with_support` returns, with ``speaker_id``, ``anonymity`` and ``hops``.
    actors
        Live rows.
    """
    part_of = part_of_edges(actors)
    ranges = side_ranges(part_of)
    speakers = frame_like(
        {"speaker_id": list(part_of), "number": [ranges[name][0] for name in part_of]},
        {"speaker_id": nw.String(), "number": nw.Int64()},
        actors,
    )
    sides = frame_like(
        {
            "side": list(ranges),
            "first": [first for first, _ in ranges.values()],
            "last": [last for _, last in ranges.values()],
        },
        {"side": nw.String(), "first": nw.Int64(), "last": nw.Int64()},
        actors,
    )
    speaking = claims.filter(~nw.col("speaker_id").is_null()).select("claim_id", "speaker_id")
    own = (
        speaking.join(speakers, on="speaker_id", how="inner")
        .join(items_of_list(claims, "claim_id", "dyad_from", "side"), on="claim_id", how="inner")
        .join(sides, on="side", how="inner")
        .filter((nw.col("first") <= nw.col("number")) & (nw.col("number") <= nw.col("last")))
        .select("claim_id")
        .unique()
        .with_columns(speaks_of_itself=nw.lit(True))
    )
    joined = claims.join(own, on="claim_id", how="left")
    has_origin = ~nw.col("origin_id").is_null()
    identified = nw.col("anonymity").is_in(("named", "institution", "on_record_unnamed"))
    return joined.with_columns(
        nw.when(~nw.col("content").is_in(("event", "state")) | (nw.col("modality") == HYPOTHETICAL))
        .then(nw.lit(UNJUDGED))
        .otherwise(
            nw.when(~nw.col("link_grade").is_null())
            .then(nw.col("link_grade"))
            .otherwise(
                nw.when(nw.col("speaks_of_itself").fill_null(value=False) & identified)
                .then(nw.lit("2"))
                .otherwise(
                    nw.when(has_origin & ((nw.col("hops") == 0) | identified))
                    .then(nw.lit("3"))
                    .otherwise(nw.lit(UNJUDGED))
                )
            )
        )
        .alias("credibility")
    )
