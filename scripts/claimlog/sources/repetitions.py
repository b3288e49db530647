"""Passages that a text has again elsewhere, to the letter or edited.

A hash says that words are the same and never how like they are. But once a passage is found by its
hash, the copy itself has its words: whether it has them twice, in a teaser and edited in the body,
can be seen without the coded text.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property

from rapidfuzz.distance import LCSseq

from claimlog.sources.placement import Span, overlap
from claimlog.sources.span_candidates import Alignment
from claimlog.sources.text import Text
from claimlog.sources.text_pair import is_edit
from claimlog.sources.word_index import WordIndex

AROUND = 8
"""Words on each side of a passage that who repeats it may have repeated too."""

LEAST_COMMON = 11
"""Words that two places have in common, with those around them, if one repeats the other. In
articles made of the same phrases, places that are only alike have 10, those of a sentence that was
repeated, with a word of it changed, 10 to 20."""


class Repetitions:
    """What a text has several times; it is only indexed when it is asked."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._known: dict[Span, list[Span]] = {}

    @cached_property
    def _alignment(self) -> Alignment:
        index = WordIndex(self._text, {})
        return Alignment(index, index)

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _, _ in self._text.tokens]

    def of(self, span: Span) -> list[Span]:
        """Return the places elsewhere whose words are those of a span, or nearly so.

        Parameters
        ----------
        span
            Code points of the text; it begins and ends with a word.
        """
        if span not in self._known:
            first, last = (bisect_left(self._starts, offset) for offset in span)
            tokens = self._text.tokens
            self._known[span] = [
                (tokens[one.first][0], tokens[one.last - 1][1])
                for one in self._alignment.candidates(first, last)
                if not overlap(one.place, (first, last)) and self._is_like((first, last), one.place)
            ]
        return self._known[span]

    def _is_like(self, own: Span, other: Span) -> bool:
        """Whether two runs of words are one passage and its repetition."""
        ids = self._alignment.here.ids
        count = own[1] - own[0]
        common = int(LCSseq.similarity(ids[slice(*own)], ids[slice(*other)]))
        if not is_edit(common, count):
            return False
        slack = AROUND // 4
        before = LCSseq.similarity(
            ids[max(0, own[0] - AROUND) : own[0]],
            ids[max(0, other[0] - AROUND - slack) : other[0]],
        )
        after = LCSseq.similarity(
            ids[own[1] : own[1] + AROUND], ids[other[1] : other[1] + AROUND + slack]
        )
        return common + before + after >= LEAST_COMMON
