"""Support of claims by the claims that links tie to them: same fact, implication, dispute.

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

from claimlog.connected_components import components
from claimlog.fold.actor_sides import part_of_edges
from claimlog.fold.corroboration import Lineage, count_independent, lineage_edges
from claimlog.fold.row_versions import Frame, frame_like
from claimlog.schema.link_relations import DISPUTES, IMPLIES, SAME_FACT

BEARING = (SAME_FACT, IMPLIES, DISPUTES)
CONFIRMED, DOUBTFUL, IMPROBABLE = "1", "4", "5"
"""Grades of the Admiralty code that links decide."""

OPEN_TO_DISPUTE = ("event", "state", "position")
"""Contents that can contradict a fact; a verdict or a forecast cannot."""


class LinkedClaim(NamedTuple):
    """The columns of a linked claim that its support, or that of others, is computed from."""

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


def support_of_linked(claims: Frame, links: Links, sources: Frame, actors: Frame) -> Frame:
    """Return the support of each linked claim: its origins, and the grade that links decide.

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
        row["claim_id"]: LinkedClaim(**{**row, "dyad_from": tuple(row["dyad_from"] or ())})
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
    """Origins and grades of linked claims, each counted once a fact and once a set of origins."""

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
        """Return the grade of the Admiralty code that links decide, None if they decide none."""
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
