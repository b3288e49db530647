"""What claims that bear on one another say of each other's support.

The support of a claim is the claim, those that state the same fact, and those that imply it or one
of these. Its independent origins are counted as those of a fact are. A claim that disputes it
counts against it, unless it comes from the side that the disputed claim is about: a denial by the
accused settles nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
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


def actor_sides(actors: Frame) -> dict[str, frozenset[str]]:
    """Return by actor the actor itself and all that it is part of."""
    rows = actors.select("actor_id", "part_of").collect().rows()
    above: dict[str, str | None] = {str(name): whole for name, whole in rows}
    sides = {}
    for name in above:
        chain: list[str] = []
        at: str | None = name
        while at is not None and at not in chain:  # within a batch it may run in a circle
            chain.append(at)
            at = above.get(at)
        sides[name] = frozenset(chain)
    return sides


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
    linked = {
        row["claim_id"]: LinkedClaim(**{**row, "dyad_from": tuple(row["dyad_from"])})
        for row in claims.select(*LinkedClaim._fields).collect().rows(named=True)
        if row["claim_id"] in links.claims
    }
    support = _Support(linked, links, lineage_edges(sources), actor_sides(actors))
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
        sides: Mapping[str, frozenset[str]],
    ) -> None:
        self.linked = linked
        self.links = links
        self.lineage = lineage
        self.sides = sides
        self.members: dict[str, set[str]] = defaultdict(set)
        for claim, fact in links.facts.items():
            self.members[fact].add(claim)
        self._origins: dict[str, int] = {}

    def origins(self, claim: str) -> int:
        """Count the independent origins of a claim's support."""
        if claim not in self._origins:
            same = self.members.get(self.links.facts.get(claim, ""), set()) | {claim}
            implying: set[str] = set().union(
                *(self.links.implied_by.get(name, frozenset()) for name in same)
            )
            there = [self.linked[name] for name in same | implying if name in self.linked]
            known = {one.origin_id for one in there if one.origin_id is not None}
            self._origins[claim] = count_independent(known, self.lineage)
        return self._origins[claim]

    def grade(self, claim: str) -> str | None:
        own = self.origins(claim)
        against = [
            self.origins(other)
            for other in self.links.disputed_by.get(claim, ())
            if other in self.linked and self._counts_against(self.linked[other], claim)
        ]
        most = max(against, default=0)
        if most > own:
            return IMPROBABLE
        if most and most == own:
            return DOUBTFUL
        return CONFIRMED if own > 1 else None

    def _counts_against(self, other: LinkedClaim, claim: str) -> bool:
        if other.content not in OPEN_TO_DISPUTE:
            return False
        speaker = self._side(other.speaker_id)
        accused = set().union(*(self._side(name) for name in self.linked[claim].dyad_from))
        return not speaker & accused

    def _side(self, actor: str | None) -> frozenset[str]:
        return frozenset() if actor is None else self.sides.get(actor, frozenset({actor}))


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
    speaking = claims.filter(~nw.col("speaker_id").is_null()).select("claim_id", "speaker_id")
    sides = [(name, part) for name, side in actor_sides(actors).items() for part in sorted(side)]
    known = frame_like(
        {"speaker_id": [one for one, _ in sides], "side": [part for _, part in sides]},
        {"speaker_id": nw.String(), "side": nw.String()},
        actors,
    )
    own = (
        speaking.join(known, on="speaker_id", how="inner")
        .join(
            items_of_list(claims, "claim_id", "dyad_from", "side"),
            on=["claim_id", "side"],
            how="inner",
        )
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
