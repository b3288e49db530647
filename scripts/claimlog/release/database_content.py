"""Check what a SQLite file holds beside its rows: header, indexes, planner statistics.

A search is answered by the index and not by the table, so an index with other words hides rows. It
is built again from the table, in memory, and compared.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import product, zip_longest
from pathlib import Path

from claimlog.export.content_hash import VALUE_BYTES
from claimlog.export.sqlite import SEARCH_BYTES, SearchStatements, search_statements, sql_identifier
from claimlog.release.database_indexes import index_flaws
from claimlog.release.search_segments import AVERAGES, SearchSegments
from claimlog.schema.table_schema import Table

SEARCH_FORMAT = 4
"""FTS5's number for how an index is stored, as all versions of SQLite write it from 2015 on."""

SEARCH_SETTINGS = {"version": range(SEARCH_FORMAT, SEARCH_FORMAT + 1), "hashsize": range(1 << 40)}
"""Settings that an FTS5 index may have, with their values; others change how it ranks or stores
words."""

HEADER_LENGTH = 100
JOURNAL_BYTES = slice(18, 20)
"""Bytes of a SQLite file that say how it is written and read: 1, or 2 with a log of changes."""

HEADER_BYTES = {
    "bytes kept free at the end of each page, or other fractions": (20, b"\0\x40\x20\x20"),
    "another format of its schema": (44, b"\0\0\0\4"),
    "a size of the cache that its readers would take": (48, bytes(4)),
    "another encoding, or none, which some readers take for their own": (56, b"\0\0\0\1"),
    "bytes where SQLite keeps room for later": (72, bytes(20)),
}
"""Bytes of the header as our writer leaves them, by what others would mean."""

CHANGES, SCHEMA_CHANGES, LAST_CHANGE, WRITER = 24, 40, 92, 96
"""Places in the header of four bytes each: how often the file was written, its schema altered, at
which count of writings the next number is right, and the number of the SQLite that wrote it."""

MOST_CHANGES = 100
"""Times that a file is written: ours twice, its rows and then its statistics."""

SPARE_SCHEMA_CHANGES = 10
"""Changes of the schema beyond one for each object: ours makes fewer, as some come with others."""

WRITERS = range(3_037_000, 4_000_000)
"""Numbers of versions of SQLite that write our tables: 3.37.0 and later know STRICT."""

FREE_PAGES_FROM, FREE_PAGES_SHARE = SEARCH_BYTES // 4, 3
"""Bytes from which a file may have free pages, and of how many pages one may be free: where the
words of a search index are more than are held in memory, writing it leaves some."""

STORED_PRAGMAS = {"user_version": 0, "application_id": 0, "auto_vacuum": 0}
"""Pragmas that are stored in the file, with the values that our writer leaves."""

SCHEMAS = ("main", "release")
"""Where indexes lie that are compared: one that is made of the table, and that of the file."""

RECORD_QUERIES = (
    # record 10 begins with a counter of settings that were made
    "SELECT id, CASE id WHEN 10 THEN substr(block, 5) ELSE block END "
    f'FROM {{schema}}."{{name}}_data" WHERE id <> {AVERAGES} ORDER BY id',
    'SELECT segid, term, pgno FROM {schema}."{name}_idx" ORDER BY segid, term',
)
SUM_QUERIES = (
    'SELECT id, sz FROM {schema}."{name}_docsize" ORDER BY id',
    # sums of no row are zeros or, where none was added, nothing
    f"SELECT rtrim(hex(block), '0') FROM {{schema}}.\"{{name}}_data\" WHERE id = {AVERAGES}",
)
"""Queries for everything that FTS5 stores of an index: its words, in records that each version may
cut otherwise, and how many each row has."""

VOCABULARY_QUERIES = (
    # a long word is cut anywhere, so that it need not be text
    'SELECT CAST(term AS BLOB), doc, col, "offset" FROM temp.{schema}_instance',
    # a word is looked up, which the list of all is not
    "SELECT found.doc, found.cnt "
    "FROM temp.main_row AS word LEFT JOIN temp.{schema}_row AS found USING (term)",
)
"""Queries for what SQLite reads of the words of an index."""

STATISTIC = re.compile(r"[0-9]{1,15}( [0-9]{1,15})*")
"""A line of the planner's statistics: rows, then rows for each value of the first columns."""

ROWS_FACTOR = 100
"""By how much the planner's number of rows may be wrong: for large tables SQLite estimates it."""


def content_flaws(path: Path, tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    """Yield where header, indexes or statistics of a file do not fit its tables."""
    if flaw := header_flaw(path):
        yield "the file", flaw
        return
    with closing(sqlite3.connect("file::memory:", uri=True)) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute(
            "ATTACH ? AS release", (f"{path.absolute().as_uri()}?mode=ro&immutable=1",)
        )
        for name, expected in STORED_PRAGMAS.items():
            [(value,)] = database.execute(f"PRAGMA release.{name}").fetchall()
            if value != expected:
                yield "the file", f"has the {name} {str(value)[:40]}, a release has {expected}"
        for flaw in (_counts_flaw(database, path), _pages_flaw(database, path)):
            if flaw:
                yield "the file", flaw
        yield from _statistics_flaws(database)
        for table in tables.values():
            yield from index_flaws(database, table)
            for index in search_statements(table):
                if flaw := _search_flaw(database, path, table, index):
                    yield f"{table.name}_fts", flaw


def header_flaw(path: Path) -> str | None:
    """Return what the first bytes of a SQLite file say that no release does; else None."""
    header = _header(path)
    if header[JOURNAL_BYTES] != b"\1\1":
        return "says that a log of changes lies beside it, which no release has"
    for meaning, (start, expected) in HEADER_BYTES.items():
        if header[start : start + len(expected)] != expected:
            return f"has in its header {meaning}, which no release has"
    return None


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER_LENGTH)


def _counts_flaw(database: sqlite3.Connection, path: Path) -> str | None:
    """Return the flaw of a header in which the counts of a writer are anything else; else None.

    Readers do not look at them, so that they could hold anything.
    """
    header = _header(path)
    changes, schema_changes, last_change, writer = (
        int.from_bytes(header[place : place + 4])
        for place in (CHANGES, SCHEMA_CHANGES, LAST_CHANGE, WRITER)
    )
    [(objects,)] = database.execute("SELECT count(*) FROM release.sqlite_schema").fetchall()
    if (
        changes <= MOST_CHANGES
        and schema_changes <= objects + SPARE_SCHEMA_CHANGES
        and last_change == changes
        and writer in WRITERS
    ):
        return None
    return "has in its header counts of changes or a version that SQLite does not leave there"


def _pages_flaw(database: sqlite3.Connection, path: Path) -> str | None:
    """Return the flaw of a file with free pages or bytes behind its last; else None.

    Both hold what no reader is shown.
    """
    free, pages, size = (
        int(database.execute(f"PRAGMA release.{name}").fetchone()[0])
        for name in ("freelist_count", "page_count", "page_size")
    )
    if behind := path.stat().st_size - pages * size:
        return f"has {behind:,} bytes behind its last page, which nobody is shown"
    is_large = pages * size >= FREE_PAGES_FROM
    if free > (pages // FREE_PAGES_SHARE if is_large else 0):
        return f"has {free:,} free pages of {pages:,}, which hold what nobody is shown"
    return None


def _search_flaw(
    database: sqlite3.Connection, path: Path, table: Table, index: SearchStatements
) -> str | None:
    """Return the flaw of a full-text index that does not hold the words of its table; else None."""
    name = f"{table.name}_fts"
    own = sql_identifier(name)
    config = database.execute(f'SELECT k, v FROM release."{name}_config"')
    settings = config.fetchmany(10)
    for key, value in settings:
        if type(value) is not int or value not in SEARCH_SETTINGS.get(key, ()):
            return f"has the setting {str(key)[:80]!r} with a value that no release has"
    if "version" not in dict(settings):
        return "lacks the setting 'version', without which no search is answered"
    columns = ", ".join(map(sql_identifier, table.spec["search"]))
    # an index beside no table, so that only the index is in memory
    database.execute(index.create.replace(f"content={sql_identifier(table.name)}", "content=''", 1))
    database.execute(index.set_memory)
    database.execute(
        f"INSERT INTO {own}(rowid, {columns}) "
        f"SELECT rowid, {columns} FROM release.{sql_identifier(table.name)}"
    )
    database.commit()
    is_same = all(_is_same(database, query, name) for query in (*RECORD_QUERIES, *SUM_QUERIES))
    holds_words = is_same or _holds_words(database, path, name)
    database.execute(f"DROP TABLE {own}")
    if not holds_words:
        return "does not hold the words of its table"
    try:
        database.execute(f"SELECT rowid FROM release.{own}('a') LIMIT 1").fetchone()
    except sqlite3.DatabaseError as error:
        return f"cannot be searched ({str(error).splitlines()[0][:200]})"
    return None


def _holds_words(database: sqlite3.Connection, path: Path, name: str) -> bool:
    """Whether an index holds its words in other pages, as another version of SQLite writes them.

    FTS5's own check adds up checksums of words, which a forger can keep. So all that leads to words
    is read here, of which SQLite reads little where it lists them. And whether it reads the same
    records is not taken for granted: it lists each place of each word, and looks up each word, too.

    Parameters
    ----------
    database
        Has an index of this name, of the same rows, in each of the `SCHEMAS`.
    """
    own = sql_identifier(name)
    database.execute(f"INSERT INTO {own}({own}) VALUES ('optimize')")
    database.commit()  # FTS5 holds back what it writes until then
    for schema, kind in product(SCHEMAS, ("instance", "row")):
        database.execute(f"DROP TABLE IF EXISTS temp.{schema}_{kind}")
        vocabulary = f"fts5vocab({schema}, {own}, {kind})"
        database.execute(f"CREATE VIRTUAL TABLE temp.{schema}_{kind} USING {vocabulary}")
    try:
        return (
            _passes_own_check(path, own)
            and _is_equal(*(SearchSegments(database, it, name).postings() for it in SCHEMAS))
            and all(_is_same(database, it, name) for it in (*SUM_QUERIES, *VOCABULARY_QUERIES))
        )
    except (sqlite3.DatabaseError, ValueError):
        return False


def _passes_own_check(path: Path, name: str) -> bool:
    """Whether FTS5 finds an index sound, by a command that writes: it is given a copy in memory."""
    with closing(sqlite3.connect(":memory:")) as copy:
        copy.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
        copy.execute("PRAGMA trusted_schema = OFF")
        copy.deserialize(path.read_bytes())
        try:
            copy.execute(f"INSERT INTO {name}({name}, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError:
            return False
    return True


def _is_same(database: sqlite3.Connection, query: str, name: str) -> bool:
    """Whether a query about an index gives the same rows in the same order in both `SCHEMAS`."""
    return _is_equal(*(database.execute(query.format(schema=it, name=name)) for it in SCHEMAS))


def _is_equal(some: Iterable[object], others: Iterable[object]) -> bool:
    """Whether two series are equal; both are read one item at a time."""
    return all(one == other for one, other in zip_longest(some, others))


def _statistics_flaws(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield planner statistics that are far from the tables, which would make queries slow."""
    cursor = database.execute("SELECT name FROM release.sqlite_schema WHERE name = 'sqlite_stat1'")
    if cursor.fetchone() is None:
        return
    owners = dict(
        database.execute(
            "SELECT name, tbl_name FROM release.sqlite_schema WHERE type = 'index'"
        ).fetchall()
    )
    for table, index, line in database.execute("SELECT tbl, idx, stat FROM release.sqlite_stat1"):
        label = f"{str(table)[:40]!r}, {str(index)[:40]!r}"
        if (index is not None and owners.get(index) != table and index != table) or (
            not isinstance(line, str) or not STATISTIC.fullmatch(line)
        ):
            yield "sqlite_stat1", f"has no line that SQLite writes of {label}"
            continue
        [(rows,)] = database.execute(
            f"SELECT count(*) FROM release.{sql_identifier(table)}"
        ).fetchall()
        stated, *each = map(int, line.split())
        if not rows / ROWS_FACTOR <= stated <= max(rows, 1) * ROWS_FACTOR or max(
            each, default=0
        ) > max(stated, 1):
            yield "sqlite_stat1", f"is far from the {rows} rows of {label}"
