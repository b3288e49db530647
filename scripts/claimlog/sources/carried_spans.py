"""Passages of a source carried over to a corrected text, with the marks at their ends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from claimlog.limits import PASSAGE_WORDS
from claimlog.sources.alignment import carry_spans
from claimlog.sources.placement_outcome import Outcome, Placement, Span
from claimlog.sources.text import Text


def carry_passages(coded: Text, corrected: Text, spans: Sequence[Span]) -> dict[Span, Placement]:
    """Return where each passage stands in the corrected text, by its span in the coded one.

    A place begins and ends as the passage does: with the quotation mark or the point that belongs
    to it, where the corrected text has the same there.
    """
    counts = {span: _word_count(coded, span) for span in dict.fromkeys(spans)}
    wordy = [span for span, count in counts.items() if 0 < count <= PASSAGE_WORDS]
    placed = dict(zip(wordy, carry_spans(coded, corrected, wordy), strict=True))
    return {
        span: _with_edges(coded, corrected, span, placed[span])
        if span in placed
        else _verbatim(coded, corrected, span)
        if counts[span]
        else Placement(Outcome.ORPHANED, reason="it holds no word by which it could be found")
        for span in counts
    }


def _word_count(text: Text, span: Span) -> int:
    """Return the number of words that a span holds whole."""
    first, last = (bisect_left(text.tokens, (offset,)) for offset in span)
    return sum(text.tokens[at][1] <= span[1] for at in range(first, last))


def _verbatim(coded: Text, corrected: Text, span: Span) -> Placement:
    """Return the one place where a passage that is too long to be aligned stands as it is."""
    passage = coded.content[slice(*span)]
    start = corrected.content.find(passage)
    if start < 0 or corrected.content.find(passage, start + 1) >= 0:
        reason = f"it has more than {PASSAGE_WORDS:,} words, and is not there once as it was"
        return Placement(Outcome.ORPHANED, reason=reason)
    return Placement(Outcome.FOUND, (start, start + len(passage)))


def _word_edges(text: Text, span: Span) -> Span | None:
    """Return where the first word of a span begins and its last one ends."""
    first, last = (bisect_left(text.tokens, (offset,)) for offset in span)
    inside = [token for token in text.tokens[first:last] if token[1] <= span[1]]
    return (inside[0][0], max(token[1] for token in inside)) if inside else None


def _with_edges(coded: Text, corrected: Text, span: Span, placed: Placement) -> Placement:
    edges = _word_edges(coded, span)
    if placed.span is None or edges is None:
        return placed
    start, end = placed.span
    lead, tail = coded.content[span[0] : edges[0]], coded.content[edges[1] : span[1]]
    if lead and corrected.content[max(0, start - len(lead)) : start] == lead:
        start -= len(lead)
    if tail and corrected.content[end : end + len(tail)] == tail:
        end += len(tail)
    return replace(placed, span=(start, end))
