"""Comparing a place in one text with a place in another: its words, and the words around it."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import LCSseq

from claimlog.sources.anchor import CONTEXT
from claimlog.sources.placement_outcome import Span
from claimlog.sources.word_index import WordIndex

SCALES = (4, 16, 48)
"""Words of context on each side that are compared; the nearest are in all of them."""

LEAST_SHARED, LEAST_ALIKE = 0.65, 0.75
"""Share of a passage's words, and likeness of its characters, from which on it is there."""

DOUBLE = 1.6
"""How many times as long as a passage a place is that may hold it twice."""

SLACK = 2
"""Words, or an eighth of its own, by which a passage may have grown before it is looked into; one
that has fewer than eight only by one."""

EDITED = 6
"""Of so many words of a passage one may have been edited, and one in any case, where it is still
told from passages that are only like it."""

AROUND = 8
"""Words on each side of a passage that who repeats it may have repeated too."""

LEAST_COMMON = 11
"""Words that two places have in common, with those around them, if one repeats the other. In
articles made of the same phrases, places that are only alike have 10, those of a sentence that was
repeated, with a word of it changed, 10 to 20."""

BESIDE, OUTDONE = 80, 0.02
"""Words beside a place in which its like is looked for; by how much that must know more."""


def is_edit(common: int, count: int) -> bool:
    """Whether words that have so many of `count` words in common are the same, but for an edit."""
    return count - common <= max(1, count // EDITED)


def is_repetition(own: Sequence[int], place: Span, other: Sequence[int], again: Span) -> bool:
    """Whether a run of words stands again in a place of this or another text, edited or not."""
    count = place[1] - place[0]
    common = int(LCSseq.similarity(own[slice(*place)], other[slice(*again)]))
    if not is_edit(common, count):
        return False
    wide = AROUND + AROUND // 4
    common += LCSseq.similarity(
        own[max(0, place[0] - AROUND) : place[0]], other[max(0, again[0] - wide) : again[0]]
    )
    common += LCSseq.similarity(
        own[place[1] : place[1] + AROUND], other[again[1] : again[1] + wide]
    )
    return common >= LEAST_COMMON


class TextPair:
    """Two texts, one way: places of the first are compared with places of the second."""

    def __init__(self, here: WordIndex, there: WordIndex) -> None:
        self.here = here
        self.there = there

    def shared(self, first: int, last: int, begin: int, stop: int) -> float:
        """Return the share of some words that a place has, 1 if it has them all."""
        own, other = self.here.ids[first:last], self.there.ids[begin:stop]
        if self.words_agree(first, last, begin, stop):
            return 1.0
        return min(0.99, LCSseq.similarity(own, other) / len(own))

    def context(self, first: int, last: int, begin: int, stop: int, scales: Sequence[int]) -> float:
        """Return the share of the words around that two places have in common, up to 1."""
        before, after = self.side_shares(first, last, begin, stop, scales)
        # at an end of a text there may be a word or two, which say little
        weights = [
            min(1, words / scales[0]) for words in (first, len(self.here) - last) for _ in scales
        ]
        total = sum(weights)
        shares = zip(before + after, weights, strict=True)
        return sum(share * weight for share, weight in shares) / total if total else 1.0

    def side_shares(
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
    def letters(index: WordIndex, first: int, last: int) -> str:
        """Return some words of a text without what is between them."""
        return "".join(word for _, _, word in index.tokens[max(0, first) : max(0, last)])

    def words_agree(self, first: int, last: int, begin: int, stop: int) -> bool:
        """Whether two places have the same words, however these are cut."""
        return self.letters(self.here, first, last) == self.letters(self.there, begin, stop)

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
        cannot be told which, because so few words are beyond it that they may be there by chance.
        """
        own, count = self.here.ids[first:last], last - first
        if stop - begin <= count + max(1, min(SLACK, count // 4), count // 8):
            return begin, stop
        for size in (count, count - 1, count + 1):  # words may be joined or divided
            for end in ((begin, begin + size), (stop - size, stop)):
                if size and self.words_agree(first, last, *end):
                    return end
        whole = LCSseq.similarity(own, self.there.ids[begin:stop])
        ends = ((begin, begin + count), (stop - count, stop))
        shares = [LCSseq.similarity(own, self.there.ids[slice(*end)]) for end in ends]
        if whole == max(shares):
            return ends[shares.index(whole)]
        return None if is_edit(max(shares), whole) else (begin, stop)

    def is_outdone(self, first: int, last: int, begin: int, stop: int) -> bool:
        """Whether words near a place, like them but edited, have more context on one side.

        So it is where a quote of the passage stands beside it: what came before the passage stands
        before the one, and what came after it after the other.
        """
        own, count = self.here.ids[first:last], last - first
        mine = self.side_shares(first, last, begin, stop, SCALES)
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
            other = self.side_shares(first, last, at, at + count, SCALES)
            if any(
                sum(theirs) > sum(ours) + OUTDONE * len(ours)
                for theirs, ours in zip(other, mine, strict=True)
            ):
                return True
        return False

    @staticmethod
    def _at_start(first: int, begin: int) -> bool:
        return first == begin == 0
