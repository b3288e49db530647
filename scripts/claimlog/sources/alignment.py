"""Carrying spans of a text over to another copy of it, by alignment.

Runs of words that both texts have are seeds; chains of seeds near a span are the places where it
may stand now; Levenshtein alignment (rapidfuzz) fills what is between seeds. A place counts for the
words that it shares with the span and for those around it, the nearer ones more; and it must be
the span, and no other place of the coded text, that fits it best.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from rapidfuzz.distance import Levenshtein

from claimlog.limits import PASSAGE_WORDS, PASSAGES_CHARACTERS
from claimlog.sources.copy_repairs import text_with_whole_words
from claimlog.sources.placement_outcome import (
    TOO_MANY,
    TOO_WORDY,
    Outcome,
    Placement,
    Span,
    overlap,
    settle_shared_places,
)
from claimlog.sources.span_candidates import Alignment, Candidate
from claimlog.sources.text import Text
from claimlog.sources.text_pair import LEAST_ALIKE, LEAST_SHARED, SCALES
from claimlog.sources.word_index import word_indexes

LEAST_CONTEXT = 0.3
"""Share of the context from which on a place is known by it."""

LEAST_WORDS = 4
"""Words from which on a passage is given a place without its context."""


def carry_spans(source: Text, copy: Text, spans: Sequence[Span]) -> list[Placement]:
    """Return where each span of a text stands in another copy of it.

    Parameters
    ----------
    spans
        Code points of `source`; each begins and ends with a word. Those beyond
        `PASSAGES_CHARACTERS` in all are not looked for.
    """
    alignment = Alignment(*word_indexes(source, text_with_whole_words(copy)))
    starts = [token[0] for token in source.tokens]
    placements = []
    ends = accumulate(end - start for start, end in spans)
    for (start, end), characters in zip(spans, ends, strict=True):
        if characters > PASSAGES_CHARACTERS:
            placements.append(TOO_MANY)
            continue
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        placements.append(_carry(alignment, first, last))
    return settle_shared_places(placements, spans)


def _carry(alignment: Alignment, first: int, last: int) -> Placement:
    if last - first > PASSAGE_WORDS:
        return TOO_WORDY
    top, is_best = alignment.best(first, last)
    if top is None:
        return Placement(Outcome.ORPHANED, reason="nothing like its passage stands there")
    if not is_best or alignment.stands_twice(first, last, *top.place):
        return Placement(Outcome.AMBIGUOUS, reason="several places fit it as well")
    place = alignment.trimmed(first, last, *top.place)
    if place is None:
        return Placement(Outcome.AMBIGUOUS, reason="other words stand inside of it, or beside it")
    if place != top.place:
        shared = alignment.shared(first, last, *place)
        top = Candidate(*place, shared, alignment.context(first, last, *place, SCALES))
    is_same = alignment.words_agree(first, last, *top.place)
    if is_same and alignment.is_outdone(first, last, *top.place):
        return Placement(Outcome.AMBIGUOUS, reason="a quote of it stands beside it")
    if _is_of_another(alignment, first, last, top):
        return Placement(Outcome.ORPHANED, reason="what is like it there is another passage")
    tokens = alignment.there.tokens
    span = tokens[top.first][0], tokens[top.last - 1][1]
    sides = alignment.sides_agree(first, last, *top.place)
    strength = top.score
    is_known = top.context >= LEAST_CONTEXT
    if is_same:
        if any(sides) and is_known:
            return Placement(Outcome.FOUND, span, "", strength)
        if is_known or _stands_alone(alignment, first, last, top):
            return Placement(Outcome.MOVED, span, "", strength)
        return Placement(Outcome.AMBIGUOUS, reason="its words and its context stand apart")
    alike = Levenshtein.normalized_similarity(
        alignment.letters(alignment.here, first, last),
        alignment.letters(alignment.there, *top.place),
    )
    as_many = all(sides) and top.last - top.first == last - first
    if is_known and (top.shared >= LEAST_SHARED or alike >= LEAST_ALIKE or as_many):
        return Placement(Outcome.CHANGED, span, "", strength)
    return Placement(Outcome.ORPHANED, reason="too little of its passage stands there")


def _is_of_another(alignment: Alignment, first: int, last: int, top: Candidate) -> bool:
    """Whether another passage of the coded text fits a place better, and has no better place."""
    back, _ = alignment.reverse.best(*top.place)
    if back is None or overlap(back.place, (first, last)):
        return False
    place, is_best = alignment.best(*back.place)
    return place is None or not is_best or overlap(place.place, top.place)


def _stands_alone(alignment: Alignment, first: int, last: int, top: Candidate) -> bool:
    """Whether words without their context are the passage: its context has no room for it."""
    if last - first < LEAST_WORDS:
        return False
    for other in alignment.candidates(first, last):
        if overlap(other.place, top.place) or other.context < LEAST_CONTEXT:
            continue
        if other.last - other.first >= (last - first) / 2:
            return False
    return True
