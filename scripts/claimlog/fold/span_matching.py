"""Which spans of two coders are the same unit, and how many code points spans cover."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MATCH_IOU = 0.5
"""Least intersection over union of two spans that are taken for the same unit."""

PAIRS, PART = 1 << 20, 1 << 13
"""Pairs of spans that are held at once, and of these looked at together: twenty times the spans of
a long book, so that all of its pairs are held."""

Span = tuple[int, int]
Offsets = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]


def span_matches(first: Sequence[Span], second: Sequence[Span]) -> list[tuple[int, int, float]]:
    """Return one-to-one matches of two lists of spans as (index, index, IoU), best first.

    Pairs are taken in the order of their intersection over union, ties in the order of the text,
    down to `MATCH_IOU`.

    Notes
    -----
    Where all spans overlap, every two are a pair. The best `PAIRS` are held and taken at once, and
    then the best of what is left: pairs of spans that are matched are never made. Spans that are
    the same are looked at together.
    """
    indices = [_indices_by_span(spans) for spans in (first, second)]
    sides = [np.array([*groups], dtype=np.int64).reshape(-1, 2) for groups in indices]
    matches: list[tuple[int, int, float]] = []
    while all(map(len, sides)):
        ones, others, shares = _best_pairs(*sides)
        waiting = [
            [groups[start, end] for start, end in spans.tolist()]
            for groups, spans in zip(indices, sides, strict=True)
        ]
        free = [np.ones(len(spans), dtype=bool) for spans in sides]
        for begun in range(0, len(ones), PART):
            part = slice(begun, begun + PART)
            left = free[0][ones[part]] & free[1][others[part]]
            columns = (ones[part][left], others[part][left], shares[part][left])
            for one, other, share in zip(*(column.tolist() for column in columns), strict=True):
                both = waiting[0][one], waiting[1][other]
                while all(both):
                    matches.append((both[0].popleft(), both[1].popleft(), share))
                free[0][one], free[1][other] = map(bool, both)
        if len(ones) < PAIRS:
            break
        sides = [spans[own] for spans, own in zip(sides, free, strict=True)]
    return matches


def _indices_by_span(spans: Sequence[Span]) -> dict[Span, deque[int]]:
    """Return where in a list each span stands, in the order of the text."""
    found: dict[Span, deque[int]] = {}
    for at in sorted(range(len(spans)), key=spans.__getitem__):
        found.setdefault(spans[at], deque()).append(at)
    return found


def _best_pairs(first: Offsets, second: Offsets) -> tuple[Offsets, Offsets, Shares]:
    """Return the best `PAIRS` of sorted spans, best first: places in both lists, and their IoU."""
    starts, ends = first.T
    # one that begins earlier than this has less than `MATCH_IOU` of the union
    earliest = ends - np.ceil((ends - starts) / MATCH_IOU).astype(np.int64)
    lows, highs = (np.searchsorted(second[:, 0], edge) for edge in (earliest, ends))
    counts = highs - lows
    totals = np.concatenate([[0], np.cumsum(counts)])
    best = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    begun = 0
    while begun < len(first):
        # the spans whose pairs are as many as are looked at together, one at least
        end = max(begun + 1, int(np.searchsorted(totals, totals[begun] + PAIRS, "right")) - 1)
        own = counts[begun:end]
        ones = np.repeat(np.arange(begun, end), own)
        others = np.arange(len(ones)) - np.repeat(
            totals[begun:end] - totals[begun] - lows[begun:end], own
        )
        both = np.minimum(ends[ones], second[others, 1]) - np.maximum(
            starts[ones], second[others, 0]
        )
        union = np.maximum(ends[ones], second[others, 1]) - np.minimum(
            starts[ones], second[others, 0]
        )
        is_near = both > 0
        shares = np.divide(both, union, out=np.zeros(len(ones)), where=is_near)
        is_near &= shares >= MATCH_IOU
        if len(best[0]) == PAIRS:
            is_near &= shares > best[2][-1]  # of equal ones those before are taken
        columns = [
            np.concatenate([held, new[is_near]])
            for held, new in zip(best, (ones, others, shares), strict=True)
        ]
        order = np.argsort(-columns[2], kind="stable")[:PAIRS]
        best = (columns[0][order], columns[1][order], columns[2][order])
        begun = end
    return best


def coverage(spans: Sequence[Span]) -> int:
    """Return the number of code points that lie in any of the spans."""
    total, reached = 0, 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
