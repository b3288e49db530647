"""The words of a full-text index of SQLite with their places.

The words are SQLite's own: stems without accents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

Place = tuple[str, int, int, int]
"""A word, the number of its row, the number of its column, and its place in that."""

PLACES = 'select term, doc, col, "offset" from temp.word_places order by 1, 2, 3, 4'


def read_places(
    connection: sqlite3.Connection,
    schema: str,
    table: str,
    columns: Sequence[str],
    rows: Mapping[int, int] | None = None,
) -> Iterator[Place]:
    """Yield every occurrence of every word in a full-text index, by word and row.

    Parameters
    ----------
    rows
        The number that stands for a row in what is yielded, in the same order; without it, its own.
    """
    numbers = {name: number for number, name in enumerate(columns)}
    connection.execute(
        f"create virtual table temp.word_places using fts5vocab({schema}, \"{table}\", 'instance')"
    )
    own, connection.text_factory = connection.text_factory, _text
    try:
        for word, row, column, place in connection.execute(PLACES):
            yield word, row if rows is None else rows[row], numbers[column], place
    finally:
        connection.text_factory = own
        connection.execute("drop table temp.word_places")


def _text(data: bytes) -> str:
    """Return a word; the stem of one in another script may end within a character."""
    return data.decode("utf-8", "replace")
