"""What becomes of a claim's passage in another copy of its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from claimlog.limits import PASSAGE_WORDS, PASSAGES_CHARACTERS

Span = tuple[int, int]


class Outcome(StrEnum):
    """Whether a copy has the passage of a claim, and how sure its place is."""

    FOUND = "found"
    MOVED = "moved"
    CHANGED = "changed"
    AMBIGUOUS = "ambiguous"
    ORPHANED = "orphaned"
    UNCHECKED = "unchecked"


MEANINGS = {
    Outcome.FOUND: "words and at least one side of the context agree",
    Outcome.MOVED: "words agree, context does not",
    Outcome.CHANGED: "the passage is there with other words",
    Outcome.AMBIGUOUS: "several places are as good, so none is given",
    Outcome.ORPHANED: "no place of the passage is known",
    Outcome.UNCHECKED: "it was not searched for to the end",
}

TAKEN = "another claim stands at the only place that has its words"


@dataclass(frozen=True)
class Placement:
    """Outcome for one claim in one copy.

    ``span`` is the place in code points of the copy, None unless the passage is found, moved or
    changed; ``reason`` says why there is none, or how the place is known; ``strength`` decides
    which of two claims keeps a place that both came upon.
    """

    outcome: Outcome
    span: Span | None = None
    reason: str = ""
    strength: float = 0.0


TOO_WORDY = Placement(Outcome.UNCHECKED, reason=f"it has more than {PASSAGE_WORDS:,} words")
TOO_MANY = Placement(
    Outcome.UNCHECKED, reason=f"it is beyond {PASSAGES_CHARACTERS:,} characters of passages"
)


def overlap(first: Span, second: Span) -> bool:
    """Whether two spans have a code point in common."""
    return first[0] < second[1] and second[0] < first[1]


def settle_shared_places(placements: Sequence[Placement], own: Sequence[Span]) -> list[Placement]:
    """Leave a place in the copy to one claim, unless its claims share it in the source.

    The stronger of two placements stays; of two that are as strong none does.

    Parameters
    ----------
    own
        Spans of the same claims in the source.
    """
    settled = list(placements)
    withdrawn: dict[int, bool] = {}
    for one, other in _conflicts(placements, own):
        for loser, winner in ((one, other), (other, one)):
            if placements[loser].strength <= placements[winner].strength:
                tie = placements[loser].strength == placements[winner].strength
                withdrawn[loser] = withdrawn.get(loser, False) or tie
    for at, tie in withdrawn.items():
        settled[at] = replace(
            placements[at],
            outcome=Outcome.AMBIGUOUS if tie else Outcome.ORPHANED,
            span=None,
            reason=TAKEN,
        )
    return settled


def _conflicts(placements: Sequence[Placement], own: Sequence[Span]) -> Iterable[tuple[int, int]]:
    """Yield pairs of claims that overlap in the copy and are apart in the source."""
    placed = sorted((one.span, at) for at, one in enumerate(placements) if one.span is not None)
    active: list[tuple[Span, int]] = []
    for span, at in placed:
        active = [item for item in active if item[0][1] > span[0]]
        yield from ((other, at) for _, other in active if not overlap(own[other], own[at]))
        active.append((span, at))
