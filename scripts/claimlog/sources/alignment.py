"""Carrying spans of a text over to another copy of it, by alignment.

Runs of words that both texts have are seeds; chains of seeds near a span are the places where it
may stand now; Levenshtein alignment (rapidfuzz) fills what is between seeds. A place counts for the
words that it shares with the span and for those around it, the nearer ones more; and it must be
the span, and no other place of the coded text, that fits it best.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rapidfuzz.distance import LCSseq, Levenshtein

from claimlog.sources.anchor import CONTEXT
from claimlog.sources.copy_repairs import mended
from claimlog.sources.placement import Outcome, Placement, Span, overlap, settle_shared_places
from claimlog.sources.text import Text
from claimlog.sources.word_index import Seed, WordIndex, chains, indexed, matched_words

NEIGHBOURS = 16
"""Words on each side of a span in which seeds are looked for."""

GAP = 80
"""Words that may have come between two seeds: an advert, or the foot and head of pages."""

CANDIDATES = 6
SCALES = (4, 16, 48)
"""Words of context on each side that are compared; the nearest are in all of them."""

WIDE_SCALES = (48, 192, 768)
"""Those that decide between places that are alike up to there."""

CONTEXT_WEIGHT = 4
"""How much more the words around a place count than its own: what is edited is still there."""

MARGIN = 0.3
"""By how much of a score of 5 the best place must be better than the next."""

LEAST_CONTEXT = 0.3
"""Share of the context from which on a place is known by it."""

LEAST_SHARED, LEAST_ALIKE = 0.65, 0.75
"""Share of a passage's words, and likeness of its characters, from which on it is there."""

DOUBLE = 1.6
"""How many times as long as a passage a place is that may hold it twice."""

LEAST_WORDS = 4
"""Words from which on a passage is given a place without its context."""

SLACK = 2
"""Words, or an eighth of its own, by which a passage may have grown before it is looked into."""

BESIDE, OUTDONE = 80, 0.02
"""Words beside a place in which its like is looked for; by how much that must know more."""


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


class Alignment:
    """Two texts, one way: what stands in the first is looked for in the second."""

    def __init__(self, here: WordIndex, there: WordIndex) -> None:
        self.here = here
        self.there = there

    @cached_property
    def reverse(self) -> Alignment:
        return Alignment(self.there, self.here)

    def candidates(self, first: int, last: int) -> list[Candidate]:
        """Return the places where some words may stand now, the best first."""
        around = max(0, first - NEIGHBOURS), min(len(self.here), last + NEIGHBOURS)
        seeds = self.there.seeds(self.here, *around)
        found: dict[Span, Candidate] = {}
        for chain in chains(seeds, GAP, CANDIDATES):
            place = self._place(chain, first, last)
            if place is not None and place not in found:
                shared = self._shared(first, last, *place)
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
        left, right = self._letters(self.here, *own), self._letters(self.here, *others)
        if not (right if at_start else left):
            return between[-1] if at_start else between[0]

        words = len(range(*others)) if at_start else len(range(*own))

        def likeness(split: int) -> float:
            first = self._letters(self.there, between[0], split)
            second = self._letters(self.there, split, between[-1])
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
        if not own or not other:
            return []
        return [
            Seed(begin.there + block.b + at, begin.here + block.a + at)
            for block in Levenshtein.editops(own, other).as_matching_blocks()
            for at in range(block.size)
        ]

    def _shared(self, first: int, last: int, begin: int, stop: int) -> float:
        own, other = self.here.ids[first:last], self.there.ids[begin:stop]
        if self.words_agree(first, last, begin, stop):
            return 1.0
        return min(0.99, LCSseq.similarity(own, other) / len(own))

    def context(self, first: int, last: int, begin: int, stop: int, scales: Sequence[int]) -> float:
        """Return the share of the words around that two places have in common, up to 1."""
        before, after = self._side_shares(first, last, begin, stop, scales)
        # at an end of a text there may be a word or two, which say little
        weights = [
            min(1, words / scales[0]) for words in (first, len(self.here) - last) for _ in scales
        ]
        total = sum(weights)
        shares = zip(before + after, weights, strict=True)
        return sum(share * weight for share, weight in shares) / total if total else 1.0

    def _side_shares(
        self, first: int, last: int, begin: int, stop: int, scales: Sequence[int]
    ) -> tuple[list[float], list[float]]:
        """Return the shares of the words before, and after, two places; 0 where there are none."""
        own, other = self.here.ids, self.there.ids
        shares: tuple[list[float], list[float]] = ([], [])
        for scale in scales:
            wide = scale + scale // 4
            before, after = own[max(0, first - scale) : first], own[last : last + scale]
            common = LCSseq.similarity(before, other[max(0, begin - wide) : begin])
            shares[0].append(common / max(1, len(before)))
            common = LCSseq.similarity(after, other[stop : stop + wide])
            shares[1].append(common / max(1, len(after)))
        return shares

    @staticmethod
    def _letters(index: WordIndex, first: int, last: int) -> str:
        return "".join(word for _, _, word in index.tokens[max(0, first) : max(0, last)])

    def words_agree(self, first: int, last: int, begin: int, stop: int) -> bool:
        """Whether two places have the same words, however these are cut."""
        return self._letters(self.here, first, last) == self._letters(self.there, begin, stop)

    def sides_agree(self, first: int, last: int, begin: int, stop: int) -> tuple[bool, bool]:
        """Whether the three words before, and those after, two places are the same."""
        before = self.here.ids[max(0, first - CONTEXT) : first]
        after = self.here.ids[last : last + CONTEXT]
        return (
            before == self.there.ids[max(0, begin - len(before)) : begin]
            or self._at_start(first, begin),
            after == self.there.ids[stop : stop + len(after)],
        )

    def stands_twice(self, first: int, last: int, begin: int, stop: int) -> bool:
        """Whether a place is so long that it holds some words at both of its ends."""
        own, count = self.here.ids[first:last], last - first
        if stop - begin < DOUBLE * count:
            return False
        ends = (
            self.there.ids[begin : begin + count],
            self.there.ids[stop - count : stop],
        )
        return all(LCSseq.similarity(own, end) >= LEAST_SHARED * count for end in ends)

    def trimmed(self, first: int, last: int, begin: int, stop: int) -> Span | None:
        """Return a place, or the end of it that holds all that it shares with some words.

        A place is longer than they if something was put in, beside them or among them. None if it
        cannot be told which, because one word is beyond it.
        """
        own, count = self.here.ids[first:last], last - first
        if stop - begin <= count + max(SLACK, count // 8):
            return begin, stop
        for size in (count, count - 1, count + 1):  # words may be joined or divided
            for end in ((begin, begin + size), (stop - size, stop)):
                if size and self.words_agree(first, last, *end):
                    return end
        whole = LCSseq.similarity(own, self.there.ids[begin:stop])
        ends = ((begin, begin + count), (stop - count, stop))
        shares = [LCSseq.similarity(own, self.there.ids[slice(*end)]) for end in ends]
        lost = whole - max(shares)
        if lost == 1:
            return None
        return (begin, stop) if lost else ends[shares.index(max(shares))]

    def is_outdone(self, first: int, last: int, begin: int, stop: int) -> bool:
        """Whether words near a place, like them but edited, have more context on one side.

        So it is where a quote of the passage stands beside it: what came before the passage stands
        before the one, and what came after it after the other.
        """
        own, count = self.here.ids[first:last], last - first
        mine = self._side_shares(first, last, begin, stop, SCALES)
        for starts in (
            range(max(0, begin - count - BESIDE), begin - count + 1),
            range(stop, min(len(self.there), stop + BESIDE) - count + 1),
        ):
            shares = [LCSseq.similarity(own, self.there.ids[at : at + count]) for at in starts]
            if not shares or max(shares) < LEAST_SHARED * count:
                continue
            at = starts[shares.index(max(shares))]
            if self.words_agree(first, last, at, at + count):
                continue  # two alike, of which the context has said which
            other = self._side_shares(first, last, at, at + count, SCALES)
            if any(
                sum(theirs) > sum(ours) + OUTDONE * len(ours)
                for theirs, ours in zip(other, mine, strict=True)
            ):
                return True
        return False

    @staticmethod
    def _at_start(first: int, begin: int) -> bool:
        return first == begin == 0

    def best(self, first: int, last: int) -> tuple[Candidate | None, bool]:
        """Return the best place of some words, and whether it is better than every other."""
        found = self.candidates(first, last)
        if not found:
            return None, True
        top = found[0]
        rivals = [
            one
            for one in found[1:]
            if not overlap(one.place, top.place) and one.score > top.score - MARGIN
        ]
        if not rivals:
            return top, True

        def wide(one: Candidate) -> float:
            return one.shared + CONTEXT_WEIGHT * self.context(first, last, *one.place, WIDE_SCALES)

        ranked = sorted([top, *rivals], key=wide, reverse=True)
        return ranked[0], wide(ranked[0]) - wide(ranked[1]) > MARGIN / 4


def carry_spans(source: Text, copy: Text, spans: Sequence[Span]) -> list[Placement]:
    """Return where each span of a text stands in another copy of it.

    Parameters
    ----------
    spans
        Code points of `source`; each begins and ends with a word.
    """
    alignment = Alignment(*indexed(source, mended(copy)))
    starts = [token[0] for token in source.tokens]
    placements = []
    for start, end in spans:
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        placements.append(_carry(alignment, first, last))
    return settle_shared_places(placements, spans)


def _carry(alignment: Alignment, first: int, last: int) -> Placement:
    top, is_best = alignment.best(first, last)
    if top is None:
        return Placement(Outcome.ORPHANED, reason="nothing like its passage stands there")
    if not is_best or alignment.stands_twice(first, last, *top.place):
        return Placement(Outcome.AMBIGUOUS, reason="several places fit it as well")
    place = alignment.trimmed(first, last, *top.place)
    if place is None:
        return Placement(Outcome.AMBIGUOUS, reason="other words stand inside of it, or beside it")
    if place != top.place:
        shared = alignment._shared(first, last, *place)
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
        alignment._letters(alignment.here, first, last),
        alignment._letters(alignment.there, *top.place),
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
