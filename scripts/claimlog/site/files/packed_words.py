"""The words of a full-text index with their places as short texts, from which a script searches.

A script makes stems of what is typed only: those of the texts are SQLite's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from operator import itemgetter

from claimlog.site.files.index_script import script_order
from claimlog.site.files.packed_numbers import packed_numbers
from claimlog.site.search.word_places import Place


def packed_places(places: Iterable[Place], columns: int) -> Iterator[tuple[str, str]]:
    """Yield each word with its rows and places as packed numbers, in the order of scripts.

    Of each row: twice the step from the row before, and one more if there are several places; then
    their number; then the steps between the places, each counted through all columns in turn, so
    that the next word of the same column is `columns` further.
    """
    words = []
    for word, of_word in groupby(places, itemgetter(0)):
        numbers: list[int] = []
        before = 0
        for row, of_row in groupby(of_word, itemgetter(1)):
            at = sorted(place * columns + column for _, _, column, place in of_row)
            numbers.append(2 * (row - before) + (len(at) > 1))
            numbers += [len(at)] if len(at) > 1 else []
            numbers += [at[0], *(to - start for start, to in pairwise(at))]
            before = row
        words.append((word, packed_numbers(numbers)))
    words.sort(key=lambda item: script_order(item[0]))
    yield from words
