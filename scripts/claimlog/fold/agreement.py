"""Agreement between two coders: matches and overlap of spans, F1, Krippendorff's alpha."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MATCH_IOU = 0.5
"""Least intersection over union of two spans that are taken for the same unit."""

RESAMPLES = 2000
"""Samples that the interval of alpha rests on."""

SEED = 20250306
Span = tuple[int, int]
Counts = npt.NDArray[np.float64]


def span_matches(first: Sequence[Span], second: Sequence[Span]) -> list[tuple[int, int, float]]:
    """Return one-to-one matches of two lists of spans as (index, index, IoU), best first.

    Pairs are taken in the order of their intersection over union, ties in the order of the text,
    down to `MATCH_IOU`.
    """
    candidates = []
    order = sorted(range(len(second)), key=lambda index: second[index])
    for one, (start, end) in enumerate(first):
        for other in order:
            begin, stop = second[other]
            if begin >= end:
                break
            both = min(end, stop) - max(start, begin)
            union = max(end, stop) - min(start, begin)
            if both > 0 and both / union >= MATCH_IOU:
                candidates.append((one, other, both / union))
    candidates.sort(key=lambda match: (-match[2], first[match[0]], second[match[1]]))
    matched: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for one, other, share in candidates:
        if one not in matched[0] and other not in matched[1]:
            matched[0].add(one)
            matched[1].add(other)
            pairs.append((one, other, share))
    return pairs


def coverage(spans: Sequence[Span]) -> int:
    """Return the number of code points that lie in any of the spans."""
    total, reached = 0, 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def f1_score(both: int, first: int, second: int) -> float | None:
    """Return F1 = 2 |A and B| / (|A| + |B|), None where there is nothing to compare."""
    return 2 * both / (first + second) if first + second else None


@dataclass(frozen=True)
class F1:
    """Agreement on pairs: how many each coder joined, how many both did, F1 with its interval."""

    first: int
    second: int
    both: int
    value: float | None
    low: float | None
    high: float | None


def f1_of_sets(first: Set[Hashable], second: Set[Hashable], resamples: int = RESAMPLES) -> F1:
    """Return F1 of two coders' sets of pairs.

    Parameters
    ----------
    first, second
        What each coder joined; equal elements are agreed on.
    resamples
        How many samples of the elements that either has, drawn with replacement from a fixed seed,
        the 95 percent percentile interval rests on.

    >>> f1_of_sets({"ab", "bc"}, {"ab"}, 10).value
    0.666667
    """
    both, either = len(first & second), len(first | second)
    if not either:
        return F1(0, 0, 0, None, None, None)
    drawn = np.random.default_rng(SEED).binomial(either, both / either, size=resamples)
    # of a sample of n elements, k in both: F1 = 2k / (n + k)
    low, high = np.percentile(2 * drawn / (either + drawn), (2.5, 97.5))
    value = f1_score(both, len(first), len(second))
    assert value is not None
    return F1(len(first), len(second), both, _rounded(value), _rounded(low), _rounded(high))


@dataclass(frozen=True)
class Alpha:
    """Agreement on one nominal variable over units that two coders coded."""

    units: int
    percent: float | None
    value: float | None
    low: float | None
    high: float | None


def krippendorff_alpha(pairs: Sequence[tuple[str, str]], resamples: int = RESAMPLES) -> Alpha:
    """Return Krippendorff's alpha for two coders, nominal data and no missing values.

    Parameters
    ----------
    pairs
        What each coder gave to a unit, one pair a unit.
    resamples
        How many samples of units, drawn with replacement from a fixed seed, the 95 percent
        percentile interval rests on.

    Returns
    -------
    Alpha
        ``value`` is None where only one value occurs: alpha is not defined without variation.

    Notes
    -----
    Krippendorff, Content Analysis, 4th ed. (2019), ch. 12: with `n` units, 1 - D_o / D_e, where
    D_o is the share of units that differ and D_e = 1 - sum_c n_c (n_c - 1) / (2n (2n - 1)) over
    the 2n values.
    """
    if not pairs:
        return Alpha(0, None, None, None, None)
    values = sorted({value for pair in pairs for value in pair})
    index = {value: position for position, value in enumerate(values)}
    counts = np.zeros((len(pairs), len(values)))
    for row, pair in enumerate(pairs):
        for value in pair:
            counts[row, index[value]] += 1
    differs = np.array([float(one != other) for one, other in pairs])
    whole_sample = np.ones((1, len(pairs)))
    (whole,) = _alphas(whole_sample, counts, differs)
    draws = np.random.default_rng(SEED).multinomial(
        len(pairs), np.full(len(pairs), 1 / len(pairs)), size=resamples
    )
    samples = _alphas(draws.astype(np.float64), counts, differs)
    samples = samples[~np.isnan(samples)]
    low, high = np.percentile(samples, (2.5, 97.5)) if samples.size else (math.nan, math.nan)
    return Alpha(
        len(pairs),
        100 * (1 - float(differs.mean())),
        _rounded(whole),
        _rounded(low),
        _rounded(high),
    )


def _alphas(weights: Counts, counts: Counts, differs: Counts) -> Counts:
    """Return alpha for every row of `weights`: how often each unit is in that sample."""
    units = weights.sum(axis=1)
    observed = weights @ differs / units
    totals = weights @ counts
    expected = 1 - (totals * (totals - 1)).sum(axis=1) / (2 * units * (2 * units - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Counts = np.where(expected > 0, 1 - observed / expected, np.nan)
    return result


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)
