"""Spelling correction: the nearest word among those of names, texts and statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from claimlog.site.search.entries import SearchEntry
from claimlog.site.search.query import name_key, words_of
from claimlog.site.store import Store

STATEMENT_SAMPLE = 20_000
"""Claims whose statements give words to the vocabulary, spread evenly over all of them."""

SHORTEST_WORD, LONGEST_WORD = 3, 30
"""Letters of the shortest and the longest word in the vocabulary. A word as short as the shortest
is never corrected: too many words are one edit away."""

FIRST_LETTER_KEPT = 5
"""Letters of the longest word whose first letter a correction never changes."""

ONE_EDIT = 7
"""Letters of the longest word that is corrected by one edit only; longer ones may take two."""

CANDIDATES = 200
"""Words of similar letters of which the edit distance is computed."""

NAME_WEIGHT = 1_000_000
"""Frequency that a word counts for each name it is in; in a text or statement it counts 1.
Names are what people misspell."""

STATEMENTS = """with recursive picked(id) as (
  select min(rowid) from claims
  union all select id + :step from picked where id + :step <= (select max(rowid) from claims)
)
select statement from picked join claims on claims.rowid = picked.id"""


@dataclass(frozen=True)
class Vocabulary:
    """Words with their frequencies, and the letters of each as bits, to find similar ones."""

    words: Mapping[str, int]
    _texts: tuple[str, ...]
    _letters: np.ndarray[tuple[int], np.dtype[np.uint64]]
    _lengths: np.ndarray[tuple[int], np.dtype[np.int64]]

    @classmethod
    def of(cls, words: Mapping[str, int]) -> Vocabulary:
        """Return a vocabulary from the frequency of each word."""
        texts = tuple(sorted(word for word in words if SHORTEST_WORD <= len(word) <= LONGEST_WORD))
        return cls(
            words,
            texts,
            np.array([_letter_bits(word) for word in texts], np.uint64),
            np.array([len(word) for word in texts], np.int64),
        )

    def nearest(self, word: str) -> str | None:
        """Return the word nearest to a misspelt one, of equally near ones the most frequent.

        >>> vocabulary = Vocabulary.of({"harbour": 2, "harmony": 1, "pact": 5})
        >>> [vocabulary.nearest(word) for word in ("habrour", "harmnoy", "pakt", "fact", "pact5")]
        ['harbour', 'harmony', 'pact', None, None]
        """
        if not SHORTEST_WORD < len(word) <= LONGEST_WORD or any(map(str.isdigit, word)):
            return None
        most = 1 if len(word) <= ONE_EDIT else 2
        other = np.bitwise_count(self._letters ^ np.uint64(_letter_bits(word)))
        # each edit changes at most two of the letters that occur, and the length by one
        near = (np.abs(self._lengths - len(word)) <= most) & (other <= 2 * most)
        places = np.flatnonzero(near)
        places = places[np.argsort(other[places], kind="stable")][:CANDIDATES]
        ranked = [
            (edits, -self.words[text], text)
            for text in (self._texts[at] for at in places)
            if (len(word) > FIRST_LETTER_KEPT or text[0] == word[0])
            and 0 < (edits := edit_distance(word, text)) <= most
        ]
        return min(ranked)[2] if ranked else None


def _letter_bits(word: str) -> int:
    """Return which letters occur in a word, as bits; rare ones share a bit."""
    bits = 0
    for char in word:
        bits |= 1 << (ord(char) % 64)
    return bits


def edit_distance(one: str, other: str) -> int:
    """Return the number of edits between two words (optimal string alignment distance).

    An edit inserts, deletes or replaces a letter, or swaps two neighbours.

    >>> edit_distance("harbuor", "harbour"), edit_distance("harrbour", "harbour")
    (1, 1)
    """
    before: list[int] = []
    row: list[int] = [*range(len(other) + 1)]
    for at, char in enumerate(one, 1):
        last, before, row = before, row, [at]
        for to, letter in enumerate(other, 1):
            least = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (char != letter))
            if at > 1 and to > 1 and char == other[to - 2] and one[at - 2] == letter:
                least = min(least, last[to - 2] + 1)
            row.append(least)
    return row[-1]


async def read_vocabulary(store: Store, entries: Iterable[SearchEntry]) -> Vocabulary:
    """Return the words of all entries, their names without spaces, and words of statements."""
    words: Counter[str] = Counter()
    for one in entries:
        for word in {word for name in one.names for word in (name_key(name), *words_of(name))}:
            words[word] += NAME_WEIGHT
        words.update(set(words_of(one.text)))
    number = await store.count("select count(*) as n from claims")
    for row in await store.rows(STATEMENTS, step=max(1, -(-number // STATEMENT_SAMPLE))):
        words.update(set(words_of(row["statement"])))
    return Vocabulary.of(words)
