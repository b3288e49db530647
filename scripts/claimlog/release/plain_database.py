"""Check that a SQLite file computes nothing when it is read, without knowing its definition.

`claimlog.release.database_objects` compares a file with its definition to the letter. This is for
one that is to be served and of which only the checksum is known: whoever made the file may have
made the index that names it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.export.sqlite import sql_identifier
from claimlog.release.database_content import header_flaw
from claimlog.release.database_objects import open_database, schema_objects
from claimlog.release.walk_release import GET_AGAIN

NAME = r'"(?:[^"]|"")+"'
COLUMN = f"{NAME}(?: AS {NAME})?"
VIEW = re.compile(f"CREATE VIEW {NAME} AS SELECT {COLUMN}(?:, {COLUMN})* FROM ({NAME})")
"""A table under its columns' former names, see `claimlog.export.compatibility_views`."""

VIRTUAL = re.compile(r"CREATE VIRTUAL TABLE \S+ USING (\w+)\s*\(", re.I)
GENERATED_KINDS = (2, 3)
EXPRESSION = -2
"""What SQLite says of a column of an index that is computed."""


def require_plain_database(path: Path, display_path: str, remedy: str = GET_AGAIN) -> None:
    """Refuse a SQLite file that computes something when it is read.

    Raises
    ------
    ClaimlogError
        With the object at fault.
    """
    try:
        flaw = header_flaw(path)
        if flaw is None:
            with open_database(path) as database:
                flaw = next(_flaws(database), None)
    except (sqlite3.Error, ValueError, OverflowError) as error:
        flaw = f"cannot be read as SQLite ({str(error).splitlines()[0][:200]})"
    if flaw:
        raise ClaimlogError(f"{display_path}: {flaw}; {remedy}")


def _flaws(database: sqlite3.Connection) -> Iterator[str]:
    found = schema_objects(database)
    tables = {sql_identifier(name) for kind, name, *_ in found if kind == "table"}
    for kind, name, _, sql in found:
        label = repr(name[:80])
        if kind == "view":
            view = VIEW.fullmatch(sql)
            if view is None or view[1] not in tables:
                yield f"the view {label} computes what it shows"
        elif kind not in ("table", "index"):
            yield f"{label} is a {kind}, which no release has"
        elif module := VIRTUAL.match(sql):
            if module[1].lower() != "fts5":
                yield f"the table {label} is made by {module[1][:80]}, which no release has"
        elif kind == "table" and _has_value(database, "table_xinfo", name, 6, GENERATED_KINDS):
            yield f"the table {label} has columns that are computed"
        elif kind == "index" and (
            _has_value(database, "index_xinfo", name, 1, (EXPRESSION,)) or "WHERE" in sql.upper()
        ):
            yield f"the index {label} computes what it holds"


def _has_value(
    database: sqlite3.Connection, pragma: str, name: str, column: int, values: tuple[int, ...]
) -> bool:
    """Return whether a pragma about a table or index gives one of some values in a column."""
    rows = database.execute(f"PRAGMA {pragma}({sql_identifier(name)})")
    return any(row[column] in values for row in rows)
