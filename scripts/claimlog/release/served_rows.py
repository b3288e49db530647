"""How the rows of a table are read from each form in which a release serves them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.export.content_hash import Row, parquet_rows, sqlite_rows
from claimlog.release.release_copy import ReleaseCopy
from claimlog.schema.table_schema import Table

SPARE_ROWS = 1000
"""Rows beyond those expected that are read of a table, so that each one too many is named."""

RowReader = Callable[[Table, int], Iterator[Row]]
"""Yields the rows of a table in the order of its key; refuses a file of more rows than so many."""


def database_path(copy: ReleaseCopy) -> Path:
    """Return the SQLite file.

    Raises
    ------
    ClaimlogError
        If there is none, or more than one.
    """
    databases = sorted(copy.folder.glob("*.db"))
    if len(databases) != 1:
        raise ClaimlogError(f"{len(databases)} SQLite files, expected one")
    return databases[0]


def parquet_path(copy: ReleaseCopy, table: Table) -> Path:
    """Return where the Parquet file of a table lies."""
    return copy.folder / "parquet" / f"{table.name}.parquet"


def row_readers(copy: ReleaseCopy) -> dict[str, RowReader]:
    """Return what reads the rows of a table, by the file or directory that serves them.

    SQLite is read only if its objects were found to be plain tables.
    """
    found: dict[str, RowReader] = {
        "parquet/": lambda table, most: parquet_rows(parquet_path(copy, table), table, most)
    }
    if copy.database_is_plain:
        database = database_path(copy)
        found[database.name] = lambda table, most: sqlite_rows(database, table, most)
    return found
