"""The objects of a release's SQLite file: the tables of its definition, and nothing that computes.

A view, a trigger, a generated column or an index on an expression runs when a reader asks for a
row, and can answer without end. So before a row is read, everything in ``sqlite_schema`` must be a
table of the definition with its very columns, an index on plain columns, a full-text index as we
write it, or a view that we would write again to the letter.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from claimlog.errors import Finding
from claimlog.export.logical import VALUE_BYTES
from claimlog.export.sqlite import fts, quoted
from claimlog.release.layout import AGAIN
from claimlog.schema import Table

RULE = "release-database"
STATISTICS = {"sqlite_stat1": "CREATE TABLE sqlite_stat1(tbl,idx,stat)"}
PLAIN_INDEX = re.compile(r'CREATE INDEX "\w+" ON "\w+" \("\w+"(?:, "\w+")*\)')
SHADOWS = ("data", "idx", "docsize", "config")
"""Tables in which FTS5 keeps an index of external content."""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that only reads, and no value longer than `VALUE_BYTES`."""
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
            connection.execute(f"PRAGMA {pragma}")
        yield connection


def check_objects(
    path: Path, tables: Mapping[str, Table], views: Collection[str], deep: bool
) -> Iterator[Finding]:
    """Yield what in a SQLite file is not as the definition gives it.

    Parameters
    ----------
    views
        The statements of the views that the definition gives.
    deep
        Whether to check too that the indexes hold the rows of their tables; by an index alone a
        reader could be shown fewer rows than there are.
    """
    try:
        with opened(path) as database:
            listed = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")
            found = [tuple(map(str, row)) for row in listed.fetchmany(10_000)]
            flaws = [
                (name, flaw)
                for kind, name, owner, sql in found
                if (flaw := _flaw(kind, name, owner, sql, tables, views))
            ]
            if not flaws:
                flaws = [*_column_flaws(database, tables, {name for _, name, _, _ in found})]
            if not flaws and deep:
                [(said,)] = database.execute("PRAGMA integrity_check(1)").fetchall()
                flaws = [] if said == "ok" else [("the file", f"is not sound: {said[:200]}")]
    except (sqlite3.Error, ValueError, OverflowError) as error:
        flaws = [("the file", f"cannot be read as SQLite ({str(error).splitlines()[0]})")]
    for name, flaw in flaws[:20]:
        yield Finding(RULE, path.name, f"{name[:80]!r} {flaw}", remedy=AGAIN)


def _flaw(
    kind: str,
    name: str,
    owner: str,
    sql: str,
    tables: Mapping[str, Table],
    views: Collection[str],
) -> str | None:
    """Say how an object is none that a release holds, or return None."""
    searches = {f"{t.name}_fts": index.create for t in tables.values() for index in fts(t)}
    if kind == "table":
        base, _, part = name.rpartition("_")
        if name in tables and sql.startswith(f"CREATE TABLE {quoted(name)} ("):
            return None
        if (base in searches and part in SHADOWS and sql.startswith("CREATE TABLE '")) or (
            {**searches, **STATISTICS}.get(name) == sql
        ):
            return None
        return "is a table that the definition does not give"
    if kind == "index":
        if owner in tables and (sql == "None" or PLAIN_INDEX.fullmatch(sql)):
            return None
        shadow = owner.rpartition("_")
        if sql == "None" and shadow[0] in searches and shadow[2] in SHADOWS:
            return None
        return "is an index that the definition does not give"
    if kind == "view" and sql in views:
        return None
    return f"is a {kind} that the definition does not give"


def _column_flaws(
    database: sqlite3.Connection, tables: Mapping[str, Table], present: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield the tables whose columns are not those of their schema, or are computed."""
    for table in tables.values():
        if table.name not in present:
            yield table.name, "is missing"
            continue
        columns = database.execute(f"PRAGMA table_xinfo({quoted(table.name)})").fetchall()
        # in any order: a bridge has those of its key first
        if sorted((c[1], c[-1]) for c in columns) != sorted((name, 0) for name in table.names):
            yield table.name, "has other columns than its schema"
