"""Logical content: what a table says, whatever library and file format hold it.

A table's rows, in the order of its key, are written as canonical JSON objects (RFC 8785), dates and
times as text; the Merkle tree of RFC 9162 over these lines gives one hash for the table. Parquet
and SQLite files of the same table have the same lines.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow.parquet as pq
from pyarrow import ArrowException

from claimlog.errors import ClaimlogError
from claimlog.export.sqlite import plain, quoted
from claimlog.log.canonical import encode
from claimlog.log.merkle import CompactRange
from claimlog.schema.table_schema import Table

VALUE_BYTES = 16 << 20
"""Longest value that is read from SQLite: a row of the log has at most 65,535 bytes."""


@dataclass(frozen=True)
class Content:
    """The lines of one table, by key in the order of the table."""

    table: Table
    lines: dict[str, bytes]

    @property
    def root(self) -> str:
        """The table's logical hash: root of the tree over its lines, hex."""
        tree = CompactRange()
        tree.extend([sha256(b"\x00" + line).digest() for line in self.lines.values()])
        return tree.root().hex()


def of_frame(frame: pl.DataFrame, table: Table) -> Content:
    """Return the content of a conformed frame or of a Parquet file's frame."""
    return _content(plain(frame, table).iter_rows(named=True), table)


def of_parquet(path: Path, table: Table, most: int | None = None) -> Content:
    """Return the content of a Parquet file.

    Parameters
    ----------
    most
        Rows that may be read; a file that states more is refused before any is.

    Raises
    ------
    ClaimlogError
        If the file cannot be read as that table, or states more rows.
    """
    try:
        with path.open("rb") as file:  # by its handle: a library may not know the name's encoding
            _refuse_more(path, table, pq.read_metadata(file).num_rows, most)
            file.seek(0)
            return of_frame(pl.read_parquet(file).select(table.names), table)
    except MemoryError:
        raise
    except (OSError, ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException) as e:
        reason = str(e).splitlines()[0]
        raise ClaimlogError(f"{path.name}: cannot be read as {table.name} ({reason})") from e


def of_sqlite(path: Path, table: Table, most: int | None = None) -> Content:
    """Return the content of a table of a SQLite file.

    Parameters
    ----------
    most
        Rows that may be read; a table that holds more is refused.

    Raises
    ------
    ClaimlogError
        If the file cannot be read as that table, or holds more rows.
    """
    key = ", ".join(map(quoted, table.primary_key))
    names = ", ".join(map(quoted, table.names))
    name = quoted(table.name)
    query = f"SELECT {names} FROM {name} ORDER BY {key}"
    try:
        # the standard library reads each value as it is stored; the driver that writes would
        # guess one type a column
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as file:
            file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
            if most is not None:
                counting = f"SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {most + 1})"
                _refuse_more(path, table, file.execute(counting).fetchone()[0], most)
            rows = file.execute(query).fetchall()
            return _content((dict(zip(table.names, row, strict=True)) for row in rows), table)
    except (sqlite3.Error, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise ClaimlogError(f"{path.name}: cannot be read as {table.name} ({reason})") from error


def _refuse_more(path: Path, table: Table, rows: int, most: int | None) -> None:
    if most is not None and rows > most:
        raise ClaimlogError(
            f"{path.name}: has more rows of {table.name} than the {most:,} that are read"
        )


def _content(rows: Iterator[dict[str, Any]], table: Table) -> Content:
    lists = [item.name for item in table.fields if item.type == "array"]
    lines: dict[str, bytes] = {}
    for row in rows:
        for name in lists:
            if row[name] is not None:
                row[name] = orjson.loads(row[name])
        key = " ".join(str(row[name]) for name in table.primary_key)
        while key in lines:
            key += " (again)"  # a file that was tampered with can hold a key twice
        lines[key] = encode(row)
    return Content(table, lines)
