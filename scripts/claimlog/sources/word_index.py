"""Words of two texts as numbers, and where runs of them stand: the seeds of an alignment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claimlog.sources.text import Text

Numbers = npt.NDArray[np.int64]

SHORT_TEXT = 5_000
"""Words up to which a text is short: runs of two are rare enough in it to be seeds."""

MOST_PLACES = 48
"""Places of a run from which on it tells nothing."""

PAIRS, PAIRS_PER_WORD = 20_000, 1_000
"""Pairs of seeds that are near each other and compared, for the words that are looked for. Words of
articles have some hundred for each; a text of few different words, in another order, would have as
many as the square of its length."""

WIDE = 64
"""Seeds before one from which on they are compared as arrays, which cost more to begin with."""

SHIFT_COST, SHIFTED_WORDS = 2.0, 8
"""Seeds that a chain must gain to go on after words have come or gone: so many, and one more for
each eight of those words."""


class Seed(NamedTuple):
    """A run of words that stands at `here` in one text and at `there` in the other."""

    there: int
    here: int


class WordIndex:
    """The words of a text as numbers, shared with another text, and its runs in order."""

    def __init__(self, text: Text, numbers: dict[str, int]) -> None:
        self.text = text
        self.tokens = text.tokens
        self.ids = [numbers.setdefault(word, len(numbers)) for _, _, word in self.tokens]
        self.array: Numbers = np.array(self.ids, dtype=np.int64)
        self.runs: dict[int, tuple[Numbers, Numbers]] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def run_length(self) -> int:
        """Words of a run that is rare in this text."""
        return 2 if len(self) <= SHORT_TEXT else 3

    def keys(self, length: int, first: int = 0, last: int | None = None) -> Numbers:
        """Return a number for each run of words; equal runs have equal ones."""
        words = self.array[first:last]
        count = max(0, len(words) - length + 1)
        keys = np.zeros(count, dtype=np.int64)
        for offset in range(length):
            keys = keys * np.int64(2_097_152) + words[offset : offset + count]
        return keys

    def sorted_runs(self, length: int) -> tuple[Numbers, Numbers]:
        """Return the keys of all runs in order, and where each begins."""
        if length not in self.runs:
            keys = self.keys(length)
            order = np.argsort(keys, kind="stable")
            self.runs[length] = keys[order], order
        return self.runs[length]

    def seeds(self, other: WordIndex, first: int, last: int, gap: int) -> list[Seed]:
        """Return the runs between two words of `other` that stand here too, in order of `there`.

        Where they are too many to compare each with those near it, the rarest are returned.

        Parameters
        ----------
        gap
            Words up to which two runs are near each other here.
        """
        length = self.run_length
        keys, places = self.sorted_runs(length)
        wanted = other.keys(length, first, last)
        lows = np.searchsorted(keys, wanted, "left")
        counts = np.searchsorted(keys, wanted, "right") - lows
        most = MOST_PLACES
        while True:
            runs = np.nonzero((counts > 0) & (counts <= most))[0]
            here = np.repeat(runs, counts[runs])
            before = np.cumsum(counts[runs]) - counts[runs]
            offsets = np.arange(len(here)) - np.repeat(before, counts[runs])
            there = places[lows[here] + offsets]
            nearest = np.sort(there)
            pairs = (np.arange(len(there)) - np.searchsorted(nearest, nearest - gap)).sum()
            if most == 1 or pairs <= PAIRS + PAIRS_PER_WORD * (last - first):
                break
            most //= 2
        found = zip(there.tolist(), (here + first).tolist(), strict=True)
        return [Seed(*pair) for pair in sorted(found)]


def word_indexes(first: Text, second: Text) -> tuple[WordIndex, WordIndex]:
    """Return two texts with the same numbers for the same words."""
    numbers: dict[str, int] = {}
    return WordIndex(first, numbers), WordIndex(second, numbers)


def chains(seeds: Sequence[Seed], gap: int, most: int) -> list[list[Seed]]:
    """Return the best chains of seeds that go forward in both texts, the heaviest first.

    Parameters
    ----------
    gap
        Words that may stand between two seeds of a chain in the other text.
    most
        Chains to return; each seed is in one at most.
    """
    left = list(seeds)
    found: list[list[Seed]] = []
    while left and len(found) < most:
        found.append(chain := _heaviest(left, gap))
        members = set(chain)
        left = [seed for seed in left if seed not in members]
    return found


def _heaviest(seeds: Sequence[Seed], gap: int) -> list[Seed]:
    weights: list[float] = []
    before: list[int | None] = []
    places, values = np.array(seeds, dtype=np.int64), np.zeros(len(seeds))
    low = 0
    for at, seed in enumerate(seeds):
        while seeds[low].there < seed.there - gap:
            low += 1
        if at - low > WIDE:
            weight, previous = _best_of_many(places, values, low, at)
        else:
            weight, previous = _best_of_few(seeds, weights, low, at)
        weights.append(weight + 1)
        values[at] = weight + 1
        before.append(previous)
    last: int | None = max(range(len(seeds)), key=weights.__getitem__)
    chain: list[Seed] = []
    while last is not None:
        chain.append(seeds[last])
        last = before[last]
    return chain[::-1]


def _best_of_few(
    seeds: Sequence[Seed], weights: Sequence[float], low: int, at: int
) -> tuple[float, int | None]:
    """Return the weight of the best chain that a seed may go on, and its end among earlier seeds.

    Parameters
    ----------
    weights
        Of the chains that end with each seed.
    low
        The first seed that is near enough.
    """
    seed = seeds[at]
    weight, previous = 0.0, None
    for other in range(low, at):
        ahead, forward = seed.there - seeds[other].there, seed.here - seeds[other].here
        if ahead > 0 and forward > 0:
            shift = abs(ahead - forward)
            gain = weights[other] - (SHIFT_COST + shift / SHIFTED_WORDS if shift else 0)
            if gain > weight:
                weight, previous = gain, other
    return weight, previous


def _best_of_many(
    places: Numbers, values: npt.NDArray[np.float64], low: int, at: int
) -> tuple[float, int | None]:
    """Return what `_best_of_few` does, from arrays of seeds and weights."""
    ahead, forward = (places[at] - places[low:at]).T
    shift = np.abs(ahead - forward)
    gains = values[low:at] - np.where(shift, SHIFT_COST + shift / SHIFTED_WORDS, 0)
    gains[(ahead <= 0) | (forward <= 0)] = 0
    best = int(gains.argmax())  # the first of several, as one by one
    return (float(gains[best]), low + best) if gains[best] > 0 else (0.0, None)


def matched_words(there: WordIndex, chain: Sequence[Seed], first: int, last: int) -> list[Seed]:
    """Return the pairs of equal words that the runs of a chain give, in order.

    A word in two runs, between which words have come, is the one of the run that has more of the
    words from `first` to before `last`.
    """
    length = there.run_length
    pairs: list[Seed] = []
    inside_before = 0
    for seed in chain:
        inside = sum(first <= seed.here + offset < last for offset in range(length))
        if inside > inside_before:
            while pairs and pairs[-1].here >= seed.here and pairs[-1].there < seed.there:
                pairs.pop()
        inside_before = inside
        for offset in range(length):
            pair = Seed(seed.there + offset, seed.here + offset)
            if not pairs or (pair.there > pairs[-1].there and pair.here > pairs[-1].here):
                pairs.append(pair)
    return pairs
