"""Where the words of a text may stand in another one: chains of seeds, filled by alignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from claimlog.sources.anchor import CONTEXT
from claimlog.sources.placement_outcome import Span, overlap
from claimlog.sources.text_pair import DOUBLE, LEAST_SHARED, SCALES, TextPair, is_repetition
from claimlog.sources.word_index import Seed, chains, matched_words

NEIGHBOURS = 16
"""Words on each side of a span in which seeds are looked for."""

GAP = 80
"""Words that may have come between two seeds: an advert, or the foot and head of pages."""

FILLED_PAIRS = 1 << 22
"""Pairs of words between two seeds up to which they are aligned: two thousand words in which no two
that follow each other are the same have nothing in common but single ones."""

CANDIDATES = 6

WIDE_SCALES = (48, 192, 768)
"""Those that decide between places that are alike up to there."""

CONTEXT_WEIGHT = 4
"""How much more the words around a place count than its own: what is edited is still there."""

RIVAL_SHARED, WIDE_MARGIN = 0.5, 0.05
"""Share of the words from which on a place elsewhere may be the passage, edited; and by how much
less of the wide context it may have."""

SIDE_TOLERANCES = {16: 0.3, 48: 0.05, 192: 0.05}
"""Words on one side by which a place is told from its repetition, and by how much less of them it
may have than that."""

SIDE_SHARE, SIDE_LEAD = 0.8, 0.3
"""Share of 48 words on one side from which on a place is known by them, and how much more of them
than its repetition it must have if it has less."""

MARGIN = 0.3
"""By how much of a score of 5 the best place must be better than the next."""


@dataclass(frozen=True)
class Candidate:
    """A place in the other text: its words from `first` to before `last`, and how it fits."""

    first: int
    last: int
    shared: float
    context: float

    @property
    def score(self) -> float:
        return self.shared + CONTEXT_WEIGHT * self.context

    @property
    def place(self) -> Span:
        return self.first, self.last


class Alignment(TextPair):
    """Two texts, one way: what stands in the first is looked for in the second."""

    @cached_property
    def reverse(self) -> Alignment:
        return Alignment(self.there, self.here)

    def candidates(self, first: int, last: int) -> list[Candidate]:
        """Return the places where some words may stand now, the best first."""
        around = max(0, first - NEIGHBOURS), min(len(self.here), last + NEIGHBOURS)
        seeds = self.there.seeds(self.here, *around, GAP)
        found: dict[Span, Candidate] = {}
        for chain in chains(seeds, GAP, CANDIDATES):
            place = self._place(chain, first, last)
            if place is not None and place not in found:
                shared = self.shared(first, last, *place)
                context = self.context(first, last, *place, SCALES)
                found[place] = Candidate(*place, shared, context)
        return sorted(found.values(), key=lambda one: (-one.score, one.first))

    def _place(self, chain: Sequence[Seed], first: int, last: int) -> Span | None:
        """Return the words of the other text that a chain gives for some words here."""
        pairs = self._filled(matched_words(self.there, chain, first, last), first, last)
        inside = [pair for pair in pairs if first <= pair.here < last]
        before = [pair for pair in pairs if pair.here < first]
        after = [pair for pair in pairs if pair.here >= last]
        if not inside and not (before and after):
            return None
        if inside:
            start, end = inside[0], inside[-1]
            begin = self._border(before[-1:], start, first, at_start=True)
            stop = self._border(after[:1], end, last, at_start=False)
        else:
            begin, stop = before[-1].there + 1, after[0].there
        return (begin, stop) if begin < stop else None

    def _border(self, outside: Sequence[Seed], inner: Seed, border: int, *, at_start: bool) -> int:
        """Return where a place begins or ends: unmatched words go to the side they are like."""
        if at_start:
            beyond = outside[0] if outside else Seed(max(-1, inner.there - 9), border - 1)
            own, others = (beyond.here + 1, border), (border, inner.here)
            between = range(beyond.there + 1, inner.there + 1)
        else:
            beyond = outside[0] if outside else Seed(min(len(self.there), inner.there + 9), border)
            own, others = (inner.here + 1, border), (border, beyond.here)
            between = range(inner.there + 1, beyond.there + 1)
        left, right = self.letters(self.here, *own), self.letters(self.here, *others)
        if not (right if at_start else left):
            return between[-1] if at_start else between[0]

        words = len(range(*others)) if at_start else len(range(*own))

        def likeness(split: int) -> float:
            first = self.letters(self.there, between[0], split)
            second = self.letters(self.there, split, between[-1])
            letters = Levenshtein.normalized_similarity(left, first) * len(left)
            letters += Levenshtein.normalized_similarity(right, second) * len(right)
            count = between[-1] - split if at_start else split - between[0]
            return letters - abs(count - words) / 2

        return max(between, key=likeness)

    def _filled(self, pairs: list[Seed], first: int, last: int) -> list[Seed]:
        """Add pairs between those of the seeds, and beyond them up to the ends of some words."""
        if not pairs:
            return []
        filled: list[Seed] = []
        lead = max(0, pairs[0].here - max(0, first - CONTEXT))
        begin = Seed(max(0, pairs[0].there - lead), pairs[0].here - lead)
        filled += self._between(begin, pairs[0])
        for one, other in pairwise(pairs):
            filled.append(one)
            filled += self._between(Seed(one.there + 1, one.here + 1), other)
        filled.append(end := pairs[-1])
        tail = max(0, min(len(self.here), last + CONTEXT) - end.here - 1)
        stop = Seed(min(len(self.there), end.there + 1 + tail), end.here + 1 + tail)
        return filled + self._between(Seed(end.there + 1, end.here + 1), stop)

    def _between(self, begin: Seed, end: Seed) -> list[Seed]:
        own = self.here.ids[begin.here : end.here]
        other = self.there.ids[begin.there : end.there]
        if not own or not other or len(own) * len(other) > FILLED_PAIRS:
            return []
        return [
            Seed(begin.there + block.b + at, begin.here + block.a + at)
            for block in Levenshtein.editops(own, other).as_matching_blocks()
            for at in range(block.size)
        ]

    def best(self, first: int, last: int) -> tuple[Candidate | None, bool]:
        """Return the best place of some words, and whether it is better than every other."""
        found = self.candidates(first, last)
        if not found:
            return None, True
        near = [one for one in found if one.score > found[0].score - MARGIN]

        def wide(one: Candidate) -> float:
            return one.shared + CONTEXT_WEIGHT * self.context(first, last, *one.place, WIDE_SCALES)

        top = max(near, key=wide) if near[1:] else near[0]
        if any(_holds(top, one) for one in found if one is not top):
            return top, False
        others = [one for one in found if not overlap(one.place, top.place)]
        if any(self._is_contested(first, last, top, one) for one in others):
            return top, False
        if rivals := [one for one in others if one in near]:
            return top, wide(top) - max(map(wide, rivals)) > MARGIN / 4
        return top, not self._is_outdone_widely(first, last, top, others)

    def _is_contested(self, first: int, last: int, top: Candidate, other: Candidate) -> bool:
        """Whether a repetition of a place has more of the words before it, or of those after it.

        A pull quote in front of the next paragraph has all that came after the passage, and the
        passage, edited, what came before it: then the sum of both sides says nothing.
        """
        own = first, last
        if not is_repetition(self.here.ids, own, self.there.ids, other.place):
            return False
        origin = next(iter(self.reverse.candidates(*other.place)), None)
        ids = self.here.ids
        if (
            origin is not None
            and not overlap(origin.place, own)
            and is_repetition(ids, own, ids, origin.place)
        ):
            return False  # the text that was coded has it twice as well
        tolerances = SIDE_TOLERANCES.values()
        sides = zip(
            (first, len(self.here) - last),
            self.side_shares(first, last, *top.place, [*SIDE_TOLERANCES]),
            self.side_shares(first, last, *other.place, [*SIDE_TOLERANCES]),
            strict=True,
        )
        return any(
            words > CONTEXT
            and (
                any(b > a + most for a, b, most in zip(mine, theirs, tolerances, strict=True))
                or mine[1] < min(SIDE_SHARE, theirs[1] + SIDE_LEAD)
            )
            for words, mine, theirs in sides
        )

    def _is_outdone_widely(
        self, first: int, last: int, top: Candidate, others: Sequence[Candidate]
    ) -> bool:
        """Whether a place that is worse near by, where a text was edited, lies as well in it.

        A quote of a whole sentence beats the sentence of the body of which a word was changed. The
        same words between other words are no such sentence.
        """
        own = self.context(first, last, *top.place, WIDE_SCALES) - WIDE_MARGIN
        return any(
            one.shared >= RIVAL_SHARED
            and (one.shared < 1 or any(self.sides_agree(first, last, *one.place)))
            and self.context(first, last, *one.place, WIDE_SCALES) >= own
            for one in others
        )


def _holds(long: Candidate, short: Candidate) -> bool:
    """Whether a place is so long only because a part of it, which fits too, was put in."""
    return (
        long.first <= short.first
        and short.last <= long.last
        and short.shared >= LEAST_SHARED
        and long.last - long.first >= DOUBLE * (short.last - short.first)
    )
