"""Agreement between two coders: F1 and Krippendorff's alpha, each with an interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
"""Samples that the interval of alpha rests on."""

SEED = 20250306

CELLS = 1 << 20
"""Samples times units that are held at once, and kept for other variables of as many units."""

Counts = npt.NDArray[np.int64]
Estimates = npt.NDArray[np.float64]


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
    """Return F1 of two coders' sets of pairs, of which equal elements are agreed on.

    >>> f1_of_sets({"ab", "bc"}, {"ab"}, 10).value
    0.666667
    """
    return f1_of_counts(len(first), len(second), len(first & second), resamples)


def f1_of_names(pairs: Sequence[tuple[Hashable, Hashable]], resamples: int = RESAMPLES) -> F1:
    """Return how far two coders agree on which units have the same name.

    Parameters
    ----------
    pairs
        What each coder named a unit, one pair a unit. Units without a name are joined to none.

    Notes
    -----
    A name of n units joins n (n - 1) / 2 pairs of them; both coders join those that have the same
    name with each. So pairs are counted and never listed.

    >>> f1_of_names([("a", "x"), ("a", "x"), ("b", "x")], 10).value
    0.5
    """
    first, second = (Counter(pair[side] for pair in pairs if pair[side]) for side in (0, 1))
    both = Counter(pair for pair in pairs if all(pair))
    return f1_of_counts(
        _pair_count(first.values()),
        _pair_count(second.values()),
        _pair_count(both.values()),
        resamples,
    )


def _pair_count(sizes: Iterable[int]) -> int:
    return sum(units * (units - 1) // 2 for units in sizes)


def f1_of_counts(first: int, second: int, both: int, resamples: int = RESAMPLES) -> F1:
    """Return F1 of two coders of whom each joined so many pairs, and both so many of them.

    Parameters
    ----------
    resamples
        How many samples of the pairs that either has, drawn with replacement from a fixed seed,
        the 95 percent percentile interval rests on.
    """
    either = first + second - both
    if not either:
        return F1(0, 0, 0, None, None, None)
    drawn = np.random.default_rng(SEED).binomial(either, both / either, size=resamples)
    # of a sample of n elements, k in both: F1 = 2k / (n + k)
    low, high = np.percentile(2 * drawn / (either + drawn), (2.5, 97.5))
    value = f1_score(both, first, second)
    assert value is not None
    return F1(first, second, both, _rounded_value(value), _rounded_value(low), _rounded_value(high))


@dataclass(frozen=True)
class Alpha:
    """Agreement on one nominal variable over units that two coders coded."""

    units: int
    percent: float | None
    value: float | None
    low: float | None
    high: float | None


def krippendorff_alpha(
    pairs: Sequence[tuple[Hashable, Hashable]], resamples: int = RESAMPLES
) -> Alpha:
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
    units = len(pairs)
    differs = np.array([one != other for one, other in pairs], dtype=np.int64)
    percent = 100 * (1 - float(differs.mean()))
    codes = {value: code for code, value in enumerate({value for pair in pairs for value in pair})}
    if len(codes) == 1:
        return Alpha(units, percent, None, None, None)
    given = np.array([codes[value] for pair in pairs for value in pair])
    order = np.argsort(given, kind="stable")
    # twice per unit, in the order of the values; `starts` tells where each value begins
    by_value, starts = order // 2, np.searchsorted(given[order], np.arange(len(codes)))
    (whole,) = _alphas(np.ones((1, units), dtype=np.int64), by_value, starts, differs)
    samples = np.concatenate(
        [
            _alphas(weights, by_value, starts, differs)
            for weights in _drawn_weights(units, resamples)
        ]
    )
    samples = samples[~np.isnan(samples)]
    low, high = np.percentile(samples, (2.5, 97.5)) if samples.size else (math.nan, math.nan)
    return Alpha(units, percent, _rounded_value(whole), _rounded_value(low), _rounded_value(high))


def _drawn_weights(units: int, resamples: int) -> Iterator[Counts]:
    """Yield how often each unit is in each sample, part by part."""
    if units * resamples <= CELLS:
        yield _kept_weights(units, resamples).astype(np.int64)
    else:
        yield from _draw_weights(units, resamples)


@lru_cache(maxsize=32)
def _kept_weights(units: int, resamples: int) -> npt.NDArray[np.uint16]:
    """Draw as for every variable of so many units: the seed is fixed, and drawing is the work."""
    (weights,) = _draw_weights(units, resamples)
    return weights.astype(np.uint16)


def _draw_weights(units: int, resamples: int) -> Iterator[Counts]:
    source = np.random.default_rng(SEED)
    shares = np.full(units, 1 / units)
    most = max(1, CELLS // units)
    for begun in range(0, resamples, most):
        yield source.multinomial(units, shares, size=min(most, resamples - begun))


def _alphas(weights: Counts, by_value: Counts, starts: Counts, differs: Counts) -> Estimates:
    """Return alpha for every row of `weights`: how often each unit is in that sample."""
    units = weights.sum(axis=1)
    observed = weights @ differs / units
    totals = np.add.reduceat(weights[:, by_value], starts, axis=1)
    expected = 1 - (totals * (totals - 1)).sum(axis=1) / (2 * units * (2 * units - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Estimates = np.where(expected > 0, 1 - observed / expected, np.nan)
    return result


def _rounded_value(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)
