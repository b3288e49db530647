"""Reading the rows of a table from each form in which a release serves them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.export.content_hash import Row, parquet_rows, sqlite_rows
from claimlog.release.release_copy import ReleaseCopy
from claimlog.schema.table_schema import Table

SPARE_ROWS = 1000
"""Rows that are read beyond the expected number, so that extra ones can be named."""

RowReader = Callable[[Table, int], Iterator[Row]]
"""Yields the rows of a table in the order of its key; refuses a file of more than so many rows."""


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
    """Return the path of the Parquet file of a table."""
    return copy.folder / "parquet" / f"{table.name}.parquet"


def row_readers(copy: ReleaseCopy) -> dict[str, RowReader]:
    """Return the readers of a release's rows, by the file or directory that they read.

    SQLite is read only if a check showed that it holds plain tables.
    """
    by_place: dict[str, RowReader] = {
        "parquet/": lambda table, most: parquet_rows(parquet_path(copy, table), table, most)
    }
    if copy.database_is_plain:
        database = database_path(copy)
        null_text = copy.has_null_text
        by_place[database.name] = lambda table, most: sqlite_rows(database, table, most, null_text)
    return by_place
