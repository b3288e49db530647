"""Passages that a text has again elsewhere, to the letter or edited.

A hash says that words are the same and never how like they are. But once a passage is found by its
hash, the copy itself has its words: whether it has them twice, in a teaser and edited in the body,
can be seen without the coded text.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property

from claimlog.sources.placement_outcome import Span, overlap
from claimlog.sources.search_budget import SearchBudget, repetition_cost
from claimlog.sources.span_candidates import Alignment
from claimlog.sources.text import Text
from claimlog.sources.text_pair import is_repetition
from claimlog.sources.word_index import WordIndex


class Repetitions:
    """What a text has several times; it is only indexed when it is asked.

    Parameters
    ----------
    budget
        What looking for them may cost; without one there is no bound.
    """

    def __init__(self, text: Text, budget: SearchBudget | None = None) -> None:
        self._text = text
        self._budget = budget
        self._known: dict[Span, list[Span]] = {}

    @cached_property
    def _alignment(self) -> Alignment:
        index = WordIndex(self._text, {})
        return Alignment(index, index)

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _, _ in self._text.tokens]

    def of(self, span: Span) -> list[Span] | None:
        """Return the places elsewhere whose words are those of a span, or nearly so.

        None if the budget does not suffice to look for them.

        Parameters
        ----------
        span
            Code points of the text; it begins and ends with a word.
        """
        if span not in self._known:
            first, last = (bisect_left(self._starts, offset) for offset in span)
            if self._budget and not self._budget.take(repetition_cost(last - first)):
                return None
            tokens = self._text.tokens
            ids = self._alignment.there.ids
            self._known[span] = [
                (tokens[one.first][0], tokens[one.last - 1][1])
                for one in self._alignment.candidates(first, last)
                if not overlap(one.place, (first, last))
                and is_repetition(ids, (first, last), ids, one.place)
            ]
        return self._known[span]
