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

    def seeds(self, other: WordIndex, first: int, last: int) -> list[Seed]:
        """Return the runs between two words of `other` that stand here too, in order of `there`."""
        length = self.run_length
        keys, places = self.sorted_runs(length)
        wanted = other.keys(length, first, last)
        lows = np.searchsorted(keys, wanted, "left")
        highs = np.searchsorted(keys, wanted, "right")
        found: list[Seed] = []
        for at in np.nonzero((highs > lows) & (highs - lows <= MOST_PLACES))[0]:
            found += (Seed(int(place), first + int(at)) for place in places[lows[at] : highs[at]])
        return sorted(found)


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
    low = 0
    for at, seed in enumerate(seeds):
        while seeds[low].there < seed.there - gap:
            low += 1
        weight, previous = 0.0, None
        for other in range(low, at):
            ahead, forward = seed.there - seeds[other].there, seed.here - seeds[other].here
            if ahead > 0 and forward > 0:
                shift = abs(ahead - forward)
                gain = weights[other] - (SHIFT_COST + shift / SHIFTED_WORDS if shift else 0)
                if gain > weight:
                    weight, previous = gain, other
        weights.append(weight + 1)
        before.append(previous)
    last: int | None = max(range(len(seeds)), key=weights.__getitem__)
    chain: list[Seed] = []
    while last is not None:
        chain.append(seeds[last])
        last = before[last]
    return chain[::-1]


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
