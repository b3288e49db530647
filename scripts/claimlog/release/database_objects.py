"""Check that a SQLite file holds the tables of its definition, and nothing that computes.

A view, a trigger, a generated column or an index on an expression runs when a reader asks for a
row, and can answer without end. So before a row is read, everything in ``sqlite_schema`` must be a
table, an index, a full-text index or a view that we would write again to the letter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice, product
from pathlib import Path

from claimlog.errors import Finding
from claimlog.export.content_hash import VALUE_BYTES
from claimlog.export.sqlite import (
    create_statement,
    index_statements,
    search_statements,
    sql_identifier,
)
from claimlog.release.database_content import content_flaws
from claimlog.release.tool_wheel import has_truth_checks
from claimlog.release.walk_release import GET_AGAIN
from claimlog.schema.table_schema import Table

RULE = "release-database"
MAX_LISTED = 20
MAX_OBJECTS = 10_000
"""Most objects of a file; one of a release has some hundreds, and a definition gives no more."""

FORMS: Sequence[tuple[bool, bool]] = [*product((True, False), (True, False))]
"""Ways in which this code and the code of earlier releases made a table of the same schema, as
arguments of `create_statement`."""

STATISTICS = {"sqlite_stat1": "CREATE TABLE sqlite_stat1(tbl,idx,stat)"}
SHADOW_TABLES = {
    "data": "(id INTEGER PRIMARY KEY, block BLOB)",
    "idx": "(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID",
    "docsize": "(id INTEGER PRIMARY KEY, sz BLOB)",
    "config": "(k PRIMARY KEY, v) WITHOUT ROWID",
}
"""Tables in which FTS5 stores an index of external content, and their columns."""


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a SQLite file for reading only, with no value longer than `VALUE_BYTES`."""
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
            connection.execute(f"PRAGMA {pragma}")
        yield connection


def schema_objects(database: sqlite3.Connection) -> list[tuple[str, str, str, str]]:
    """Return type, name, table and statement of every object of a file.

    Raises
    ------
    ValueError
        If there are too many: none may be left that nobody looked at.
    """
    listed = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")
    found = listed.fetchmany(MAX_OBJECTS + 1)
    if len(found) > MAX_OBJECTS:
        raise ValueError(f"holds more than {MAX_OBJECTS:,} tables, indexes and views")
    return [(str(kind), str(name), str(owner), str(sql)) for kind, name, owner, sql in found]


def check_objects(
    path: Path, tables: Mapping[str, Table], views: Collection[str], tool_version: str | None
) -> Iterator[Finding]:
    """Yield the objects of a SQLite file that are not as the definition gives them.

    Parameters
    ----------
    views
        The statements of the views that the definition gives.
    tool_version
        The version of claimlog that the release names; None in releases up to 0.2.0.
    """

    def flaws() -> Iterator[tuple[str, str]]:
        with open_database(path) as database:
            found = schema_objects(database)
            yield from _page_flaws(database)
        yield from _object_flaws(found, tables, views, forms_of(tool_version))

    yield from _findings(path, flaws())


def check_content(path: Path, tables: Mapping[str, Table]) -> Iterator[Finding]:
    """Yield where indexes, header or statistics of a file do not fit its tables.

    A false index alone would show a reader fewer rows than there are.
    """

    def flaws() -> Iterator[tuple[str, str]]:
        with open_database(path) as database:
            [(encoding,)] = database.execute("PRAGMA encoding").fetchall()
            [(said,)] = database.execute("PRAGMA integrity_check(1)").fetchall()
        if encoding != "UTF-8":
            yield "the file", f"has the encoding {encoding}, a release has UTF-8"
        elif said != "ok":
            yield "the file", f"is not sound: {said[:200]}"
        else:
            yield from content_flaws(path, tables)

    yield from _findings(path, flaws())


def _page_flaws(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield objects whose first page is not stated as SQLite does, 0 for what has none.

    Datasette finds a search index by that 0.
    """
    used: set[int] = set()
    listed = "SELECT name, sql LIKE 'CREATE VIRTUAL %' OR type NOT IN ('table', 'index'), rootpage"
    for name, has_none, page in database.execute(f"{listed} FROM sqlite_schema"):
        if type(page) is not int or (page != 0 if has_none else page < 1 or page in used):
            yield str(name), f"begins on the page {str(page)[:40]!r}, where none of its kind does"
        elif page:
            used.add(page)


def _findings(path: Path, flaws: Iterator[tuple[str, str]]) -> Iterator[Finding]:
    """Yield the first flaws as findings; a file that SQLite cannot read is one."""
    try:
        for name, flaw in islice(flaws, MAX_LISTED):
            yield Finding(RULE, path.name, f"{name[:80]!r} {flaw}", remedy=GET_AGAIN)
    except (sqlite3.Error, ValueError, OverflowError) as error:
        message = f"'the file' cannot be read as SQLite ({str(error).splitlines()[0]})"
        yield Finding(RULE, path.name, message, remedy=GET_AGAIN)


def forms_of(tool_version: str | None) -> Sequence[tuple[bool, bool]]:
    """Return the `FORMS` in which a version of claimlog made tables.

    A release that names none may be one that a later version made again.
    """
    return FORMS if tool_version is None else [(True, has_truth_checks(tool_version))]


def _object_flaws(
    found: Sequence[tuple[str, ...]],
    tables: Mapping[str, Table],
    views: Collection[str],
    forms: Sequence[tuple[bool, bool]],
) -> Iterator[tuple[str, str]]:
    """Yield objects that the definition does not give, and those of it that are missing."""
    own = {
        name: {create_statement(table, *form) for form in forms} for name, table in tables.items()
    }
    own |= {
        f"{t.name}_fts": {index.create} for t in tables.values() for index in search_statements(t)
    }
    searches = [name for name in own if name not in tables]
    shadows = {
        f"{name}_{part}": {f"CREATE TABLE '{name}_{part}'{columns}"}
        for name in searches
        for part, columns in SHADOW_TABLES.items()
    }
    given = {**shadows, **{name: {sql} for name, sql in STATISTICS.items()}, **own}
    indexing = {sql for table in tables.values() for sql in index_statements(table)}
    missing = {*own, *indexing, *views}
    for kind, name, owner, sql in found:
        if not _is_listed_as_written(kind, name, owner, sql):
            yield name, f"is listed as {kind[:20]!r} of {owner[:80]!r}, as SQLite lists none"
        if kind == "table":
            missing.discard(name)
            if name in tables and sql not in given[name]:
                yield name, "has other columns than its schema, or the like columns otherwise"
            elif sql not in given.get(name, ()):
                yield name, "is a table that the definition does not give"
            continue
        missing.discard(sql)
        of_key = kind == "index" and sql == "None" and owner in given
        if not of_key and sql not in {"index": indexing, "view": views}.get(kind, ()):
            article = "an" if kind == "index" else "a"
            yield name, f"is {article} {kind} that the definition does not give"
    yield from ((name, "is missing") for name in sorted(missing))


def _is_listed_as_written(kind: str, name: str, owner: str, sql: str) -> bool:
    """Say whether an object has the same name and table in SQLite's list as in its statement.

    SQLite takes letters of another case for the same, and readers of the list may not.
    """
    if kind == "index" and sql == "None":  # it comes with a key
        return name.startswith(f"sqlite_autoindex_{owner}_")
    if kind == "index":
        return sql.startswith(f"CREATE INDEX {sql_identifier(name)} ON {sql_identifier(owner)} (")
    if kind == "view" and not sql.startswith(f"CREATE VIEW {sql_identifier(name)} AS "):
        return False
    return owner == name
