"""A number with what it counts, in words."""

from __future__ import annotations

from collections.abc import Sequence


def number_and_noun(number: int, noun: str, nouns: str | None = None) -> str:
    """Return a number and its noun: ``1 row``, ``1,200 rows``.

    Parameters
    ----------
    nouns
        The plural, where it is not the noun with an s.

    >>> number_and_noun(1, "batch", "batches"), number_and_noun(1200, "row")
    ('1 batch', '1,200 rows')
    """
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"


def names_in_words(names: Sequence[str], most: int) -> str:
    """Return names joined by commas; of more than `most`, the first and how many others.

    >>> names_in_words(["a", "b", "c"], 2), names_in_words(["a", "b", "c", "d"], 2)
    ('a, b, c', 'a, b and 2 others')
    """
    if len(names) <= most + 1:  # one other name takes no more room than its number
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} others"
