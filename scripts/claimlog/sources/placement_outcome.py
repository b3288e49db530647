"""What becomes of a claim's passage in another copy of its text."""

from __future__ import annotations

from collections.abc import Sequence
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
    for at, is_tie in _withdrawn(placements, own).items():
        settled[at] = replace(
            placements[at],
            outcome=Outcome.AMBIGUOUS if is_tie else Outcome.ORPHANED,
            span=None,
            reason=TAKEN,
        )
    return settled


def _withdrawn(placements: Sequence[Placement], own: Sequence[Span]) -> dict[int, bool]:
    """Return the claims that lose their place to another; true if that is exactly as strong.

    Two claims want one place if they overlap in the copy and are apart in the source. Each is held
    against all that begin before it and reach it, together: there may be thousands of them.
    """
    import numpy as np  # which few commands need

    placed = sorted((one.span, at) for at, one in enumerate(placements) if one.span is not None)
    claims = [at for _, at in placed]
    spans = np.array([span for span, _ in placed], dtype=np.int64).reshape(-1, 2)
    homes = np.array([own[at] for at in claims], dtype=np.int64).reshape(-1, 2)
    strengths = np.array([placements[at].strength for at in claims])
    is_lost, is_tie = np.zeros((2, len(claims)), dtype=bool)
    lows = np.searchsorted(np.maximum.accumulate(spans[:, 1]), spans[:, 0], side="right")
    for at, low in enumerate(lows.tolist()):
        before = slice(low, at)
        is_apart = (homes[before, 0] >= homes[at, 1]) | (homes[before, 1] <= homes[at, 0])
        rivals = low + np.flatnonzero(is_apart & (spans[before, 1] > spans[at, 0]))
        losers, ties = (
            rivals[compare(strengths[rivals], strengths[at])] for compare in (np.less, np.equal)
        )
        is_lost[losers] = is_lost[ties] = is_tie[ties] = True
        is_lost[at] |= len(losers) < len(rivals)
        is_tie[at] |= len(ties) > 0
    return {claims[at]: bool(is_tie[at]) for at in np.flatnonzero(is_lost).tolist()}
