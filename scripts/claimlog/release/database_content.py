"""What a SQLite file holds beside its rows: header, search indexes, statistics of the planner.

A search is answered by the index and not by the table, so an index with other words hides rows. It
is made anew from the table, in a copy in memory, and compared.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

from claimlog.export.content_hash import VALUE_BYTES
from claimlog.export.sqlite import FullText, fts, quoted
from claimlog.schema.table_schema import Table

SEARCH_SETTINGS = ("version", "hashsize")
"""What FTS5 may be set to; by others a search would rank or keep words otherwise."""

WAL = slice(18, 20)
"""Bytes of a SQLite file that say how it is written and read: 1, or 2 with a log of changes."""

SETTINGS = {"user_version": 0, "application_id": 0, "encoding": "UTF-8", "auto_vacuum": 0}
"""Pragmas that are stored in the file, with the values that our writer leaves."""

STATISTIC = re.compile(r"[0-9]{1,15}( [0-9]{1,15})*")
"""A line of the planner's statistics: rows, then rows for each value of the first columns."""

ANEW = "search_made_anew"
"""Name of the search index that is made to compare; no table is named so in a release."""

ROWS_FACTOR = 100
"""By how much the planner's number of rows may be wrong: for large tables SQLite estimates it."""


def content_flaws(path: Path, tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    """Yield what a file with the right objects states or indexes otherwise than its tables give."""
    data = path.read_bytes()
    if data[WAL] != b"\1\1":
        yield "the file", "says that a log of changes lies beside it, which no release has"
        return
    with closing(sqlite3.connect(":memory:")) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
        database.execute("PRAGMA trusted_schema = OFF")
        database.deserialize(data)
        del data
        for name, expected in SETTINGS.items():
            [(value,)] = database.execute(f"PRAGMA {name}").fetchall()
            if value != expected:
                yield "the file", f"has the {name} {str(value)[:40]}, a release has {expected}"
        yield from _statistics_flaws(database)
        for table in tables.values():
            for index in fts(table):
                yield from _search_flaws(database, f"{table.name}_fts", index)


def _search_flaws(
    database: sqlite3.Connection, name: str, index: FullText
) -> Iterator[tuple[str, str]]:
    """Yield how a full-text index does not hold the words of its table.

    FTS5's own check adds up checksums of words, which a forger can keep; it also looks at the
    pages by which words are found. Both commands write, so this is done in a copy.
    """
    settings = database.execute(f"SELECT k FROM {quoted(f'{name}_config')}").fetchmany(10)
    if other := [key for (key,) in settings if key not in SEARCH_SETTINGS]:
        yield name, f"has the setting {str(other[0])[:80]!r}, which no release has"
        return
    own, new = quoted(name), quoted(ANEW)
    try:
        database.execute(f"INSERT INTO {own}({own}, rank) VALUES ('integrity-check', 1)")
        database.execute(index.create.replace(own, new, 1))
        database.execute(index.rebuild.replace(own, new))
        if not _is_same_search(database, name):
            yield name, "does not hold the words of its table"
        database.execute(f"DROP TABLE {new}")
    except sqlite3.DatabaseError as error:
        yield name, f"does not hold the words of its table ({str(error)[:80]})"


def _is_same_search(database: sqlite3.Connection, name: str) -> bool:
    """Whether an index has the pages, or else the words, of the one that was made anew."""
    pages = "SELECT id, block FROM {} ORDER BY id"
    if _is_same(database, *(pages.format(quoted(f"{it}_data")) for it in (name, ANEW))):
        return True
    # another version of SQLite may write other pages of the same words
    for number, it in enumerate((name, ANEW)):
        vocabulary = f"fts5vocab(main, {quoted(it)}, instance)"
        database.execute(f"CREATE VIRTUAL TABLE temp.words_{number} USING {vocabulary}")
    words = (f'SELECT term, doc, col, "offset" FROM temp.words_{number}' for number in (0, 1))
    same = _is_same(database, *words)
    for number in (0, 1):
        database.execute(f"DROP TABLE temp.words_{number}")
    return same


def _is_same(database: sqlite3.Connection, first: str, second: str) -> bool:
    """Whether two queries give the same rows in the same order; none is held."""
    pairs = zip_longest(database.execute(first), database.execute(second))
    return all(one == other for one, other in pairs)


def _statistics_flaws(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield the planner's statistics that are far from the tables; by them queries take longer."""
    listed = database.execute("SELECT name FROM sqlite_schema WHERE name = 'sqlite_stat1'")
    if listed.fetchone() is None:
        return
    owners = dict(
        database.execute("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index'").fetchall()
    )
    for table, index, line in database.execute("SELECT tbl, idx, stat FROM sqlite_stat1"):
        shown = f"{str(table)[:40]!r}, {str(index)[:40]!r}"
        if (index is not None and owners.get(index) != table and index != table) or (
            not isinstance(line, str) or not STATISTIC.fullmatch(line)
        ):
            yield "sqlite_stat1", f"has no line that SQLite writes of {shown}"
            continue
        [(rows,)] = database.execute(f"SELECT count(*) FROM {quoted(table)}").fetchall()
        stated, *each = map(int, line.split())
        if not rows / ROWS_FACTOR <= stated <= max(rows, 1) * ROWS_FACTOR or max(
            each, default=0
        ) > max(stated, 1):
            yield "sqlite_stat1", f"is far from the {rows} rows of {shown}"
