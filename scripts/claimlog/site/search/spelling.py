"""What a misspelt word may mean: the nearest word that the database knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from claimlog.site.search.entries import SearchEntry
from claimlog.site.search.query import name_key, words_of
from claimlog.site.store import Store

MOST_STATEMENTS = 20_000
"""Claims whose words are known, spread evenly over all of them."""

LETTERS = 3, 30
"""Of a word that is corrected: another word is too near a shorter one."""

SURE_START, ONE_SLIP = 5, 7
"""Letters up to which the first of them is taken to be right, and up to which one slip is forgiven;
in longer words two are."""

CANDIDATES = 200
"""Words that are compared letter by letter."""

NAME_WEIGHT = 1_000_000
"""Of a word of a name beside one of a text: names are what is misspelt."""

STATEMENTS = """with recursive picked(id) as (
  select min(rowid) from claims
  union all select id + :step from picked where id + :step <= (select max(rowid) from claims)
)
select statement from picked join claims on claims.rowid = picked.id"""


@dataclass(frozen=True)
class Vocabulary:
    """Words with how common they are, and the letters of each as bits."""

    words: Mapping[str, int]
    _texts: tuple[str, ...]
    _letters: np.ndarray[tuple[int], np.dtype[np.uint64]]
    _lengths: np.ndarray[tuple[int], np.dtype[np.int64]]

    @classmethod
    def of(cls, words: Mapping[str, int]) -> Vocabulary:
        """Return a vocabulary of words and their weights."""
        texts = tuple(sorted(word for word in words if LETTERS[0] <= len(word) <= LETTERS[1]))
        return cls(
            words,
            texts,
            np.array([_letter_bits(word) for word in texts], np.uint64),
            np.array([len(word) for word in texts], np.int64),
        )

    def nearest(self, word: str) -> str | None:
        """Return the word nearest to a misspelt one, the commonest of equally near ones.

        >>> vocabulary = Vocabulary.of({"harbour": 2, "harmony": 1, "pact": 5})
        >>> [vocabulary.nearest(word) for word in ("habrour", "harmnoy", "pakt", "fact", "pact5")]
        ['harbour', 'harmony', 'pact', None, None]
        """
        if not LETTERS[0] < len(word) <= LETTERS[1] or any(map(str.isdigit, word)):
            return None
        most = 1 if len(word) <= ONE_SLIP else 2
        other = np.bitwise_count(self._letters ^ np.uint64(_letter_bits(word)))
        # each slip changes at most two of the letters that occur, and the length by one
        near = (np.abs(self._lengths - len(word)) <= most) & (other <= 2 * most)
        places = np.flatnonzero(near)
        places = places[np.argsort(other[places], kind="stable")][:CANDIDATES]
        ranked = [
            (slips, -self.words[text], text)
            for text in (self._texts[at] for at in places)
            if (len(word) > SURE_START or text[0] == word[0])
            and 0 < (slips := edit_distance(word, text)) <= most
        ]
        return min(ranked)[2] if ranked else None


def _letter_bits(word: str) -> int:
    """Return which letters occur in a word, as bits; rare ones share a bit."""
    bits = 0
    for char in word:
        bits |= 1 << (ord(char) % 64)
    return bits


def edit_distance(one: str, other: str) -> int:
    """Return how many slips lead from a word to another (optimal string alignment).

    A slip is a letter too many, too few or another one, or two neighbours that changed places.

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
    """Return the words of all entries and of the statements of claims, and names without spaces."""
    words: Counter[str] = Counter()
    for one in entries:
        for word in {word for name in one.names for word in (name_key(name), *words_of(name))}:
            words[word] += NAME_WEIGHT
        words.update(set(words_of(one.text)))
    number = await store.count("select count(*) as n from claims")
    for row in await store.rows(STATEMENTS, step=max(1, -(-number // MOST_STATEMENTS))):
        words.update(set(words_of(row["statement"])))
    return Vocabulary.of(words)
