"""Logical content of a table: its rows and their hash, whatever library and format hold it.

A table's rows, in the order of its key, are written as canonical JSON objects (RFC 8785), dates and
times as text; the Merkle tree of RFC 9162 over these lines gives one hash for the table. Parquet
and SQLite files of the same table have the same lines. Rows are read in pieces.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow.parquet as pq
from pyarrow import ArrowException

from claimlog.errors import ClaimlogError, is_out_of_memory
from claimlog.export.sqlite import sql_identifier, sqlite_values
from claimlog.log.canonical import encode, list_parts
from claimlog.log.merkle import CompactRange
from claimlog.schema.table_schema import Table

VALUE_BYTES = 16 << 20
"""Longest value that is read from SQLite: a row of the log has at most 65,535 bytes."""

SLICE_ROWS = 8_192
"""Rows that are Python objects at a time; a row of claims takes some 5 kB."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Content:
    """Number of rows of a table and its logical hash: root of the tree over its lines, hex."""

    rows: int
    root: str

    @classmethod
    def of_rows(cls, rows: Iterable[Row]) -> Content:
        """Return the content of rows that come in the order of the table's key."""
        tree = CompactRange()
        leaves = map(line_hash, map(encode, rows))
        while piece := [*islice(leaves, SLICE_ROWS)]:
            tree.extend(piece)
        return cls(tree.size, tree.root().hex())


def line_hash(line: bytes) -> bytes:
    """Return the hash of a row's canonical line, which is a leaf of the table's tree."""
    return sha256(b"\x00" + line).digest()


def parquet_content(path: Path, table: Table) -> Content:
    """Return the content of a Parquet file.

    Raises
    ------
    ClaimlogError
        If the file cannot be read as that table.
    """
    return Content.of_rows(parquet_rows(path, table))


def sqlite_content(path: Path, table: Table, null_text: bool = False) -> Content:
    """Return the content of a table of a SQLite file; `sqlite_rows` says what the parameters are.

    Raises
    ------
    ClaimlogError
        If the file cannot be read as that table.
    """
    return Content.of_rows(sqlite_rows(path, table, null_text=null_text))


def frame_rows(frame: pl.DataFrame, table: Table) -> Iterator[Row]:
    """Yield the rows of a conformed frame, with values as JSON has them.

    Raises
    ------
    ClaimlogError
        If a list holds what is no number, which JSON would show as null.
    """
    lists = _list_columns(table)
    _refuse_infinite_parts(frame, table)
    for piece in frame.iter_slices(SLICE_ROWS):
        for row in sqlite_values(piece, table).iter_rows(named=True):
            yield _parse_lists(row, lists)


def parquet_rows(path: Path, table: Table, most: int | None = None) -> Iterator[Row]:
    """Yield the rows of a Parquet file as `frame_rows` does, in the order of the file.

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
        # by its handle: a library may not know the encoding of the name
        with path.open("rb") as handle, pq.ParquetFile(handle) as file:
            _refuse_more(path, table, file.metadata.num_rows, most)
            for number in range(file.num_row_groups):
                frame = pl.from_arrow(file.read_row_group(number))
                assert isinstance(frame, pl.DataFrame)
                yield from frame_rows(frame.select(table.names), table)
    except (
        *(OSError, ValueError, ArrowException),
        *(pl.exceptions.PolarsError, pl.exceptions.PanicException),
    ) as error:
        if is_out_of_memory(error):
            raise
        reason = str(error).splitlines()[0]
        raise ClaimlogError(f"{path.name}: cannot be read as {table.name} ({reason})") from error


def sqlite_rows(
    path: Path, table: Table, most: int | None = None, null_text: bool = False
) -> Iterator[Row]:
    """Yield the rows of a table of a SQLite file as `frame_rows` does, in the order of its key.

    Parameters
    ----------
    most
        Rows that may be read; a table that holds more is refused.
    null_text
        Whether a list that is null is JSON's null there, as in releases up to 0.3.0.

    Raises
    ------
    ClaimlogError
        If the file cannot be read as that table, or holds more rows.
    """
    lists = _list_columns(table)
    key = ", ".join(map(sql_identifier, table.primary_key))
    names = ", ".join(map(sql_identifier, table.names))
    name = sql_identifier(table.name)
    query = f"SELECT {names} FROM {name} ORDER BY {key}"
    try:
        # the standard library reads each value as it is stored; the driver that writes would
        # guess one type a column
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as file:
            file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_BYTES)
            if most is not None:
                counting = f"SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {most + 1})"
                _refuse_more(path, table, file.execute(counting).fetchone()[0], most)
            for row in file.execute(query):
                texts = dict(zip(table.names, row, strict=True))
                values = _parse_lists(dict(texts), lists)
                for item in lists:
                    _refuse_other_text(item, texts[item], values[item], null_text)
                yield values
    except (sqlite3.Error, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise ClaimlogError(f"{path.name}: cannot be read as {table.name} ({reason})") from error


def _refuse_more(path: Path, table: Table, rows: int, most: int | None) -> None:
    if most is not None and rows > most:
        raise ClaimlogError(
            f"{path.name}: has more rows of {table.name} than the {most:,} that are read"
        )


def _refuse_other_text(name: str, text: object, value: object, null_text: bool) -> None:
    """Refuse a list whose JSON is not written as the one form that its value has from our writer.

    Of a key that is there twice SQLite takes the first and other readers the last.
    """
    written = None if value is None and not null_text else orjson.dumps(value).decode()
    if text != written:
        raise ValueError(f"{name} is not in the JSON that releases write: {str(text)[:80]!r}")


def _refuse_infinite_parts(frame: pl.DataFrame, table: Table) -> None:
    for item in table.fields:
        for part, value in list_parts(item):
            if part.type == "number":
                column = frame.select(pl.col(item.name).list.eval(~value.is_finite()).list.any())
                if column.to_series().any():
                    raise ClaimlogError(
                        f"{table.name}: a number in {item.name} is not a finite one, which JSON "
                        "cannot say"
                    )


def _list_columns(table: Table) -> list[str]:
    """Return the columns that hold lists, which are JSON text in SQLite and in plain frames."""
    return [item.name for item in table.fields if item.type == "array"]


def _parse_lists(row: Row, lists: list[str]) -> Row:
    for name in lists:
        if row[name] is not None:
            row[name] = orjson.loads(row[name])
    return row
