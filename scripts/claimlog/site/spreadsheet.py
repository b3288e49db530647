"""Tables as CSV for spreadsheet programs, without texts that these would run as formulas.

Excel, LibreOffice and others compute a cell of a CSV file that begins with ``=``, ``+``, ``-`` or
``@``, and some look past a tab or line end before it. Such a text gets an apostrophe before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from claimlog.escaping import FORMULA
from claimlog.site.datasette_internals import AsgiStream
from claimlog.site.protection import reader_limits
from claimlog.site.protection.reader_request import CURRENT

ROWS = 128
"""Rows that are read at once; the longest row that a log may hold has 66,000 bytes."""

PIECE_BYTES = 1_000_000
"""Bytes of rows from which on they are written."""

THREADS = ThreadPoolExecutor(reader_limits.STREAMS, thread_name_prefix="claimlog-csv")
"""One for each slot, so that no other answer waits for a thread that writes a table."""


def safe_csv(path: Path) -> AsgiStream:
    """Return an answer that sends the table of a Parquet file as CSV, lists as JSON."""

    async def send(writer: Any) -> None:
        pieces = csv_pieces(path)
        try:
            while (piece := await _next_piece(pieces)) is not None:
                await writer.write(piece)
        finally:
            with suppress(ValueError):  # a thread still reads from it, and closes it
                pieces.close()

    name = f"{path.stem}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return AsgiStream(send, headers=headers, content_type="text/csv; charset=utf-8")


async def _next_piece(pieces: Generator[str, None, None]) -> str | None:
    """Return the next piece; a reader who leaves has the slot until the thread is done."""
    thread = asyncio.get_running_loop().run_in_executor(THREADS, next, pieces, None)
    if request := CURRENT.get():
        request.hold(thread)
    return await asyncio.shield(thread)


def csv_pieces(path: Path) -> Generator[str, None, None]:
    """Yield the header of a table and its rows, in pieces that take a thread some time."""
    with pq.ParquetFile(path) as file:
        yield csv_of(_frame(file.schema_arrow.empty_table()), header=True)
        batches: list[pa.RecordBatch] = []
        size = 0
        for rows in file.iter_batches(ROWS):
            batches.append(rows)
            size += rows.nbytes
            if size >= PIECE_BYTES:
                yield csv_of(_frame(pa.Table.from_batches(batches).unify_dictionaries()))
                batches, size = [], 0
        if batches:
            yield csv_of(_frame(pa.Table.from_batches(batches).unify_dictionaries()))


def _frame(rows: Any) -> pl.DataFrame:
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    return frame


def csv_of(frame: pl.DataFrame, header: bool = False) -> str:
    """Return rows as CSV in which no cell begins like a formula.

    >>> csv_of(pl.DataFrame({"a": ["=1+1", "1-1", None], "b": [-1, 2, 3]}))
    "'=1+1,-1\\n1-1,2\\n,3\\n"
    """
    columns = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if isinstance(kind, pl.List):
            json = pl.struct(x=column).struct.json_encode()  # a list in it: {"x":…}
            column = json.str.slice(5).str.strip_suffix("}")
        elif isinstance(kind, pl.Datetime):
            column = column.dt.to_string("%Y-%m-%dT%H:%M:%SZ")
        elif isinstance(kind, pl.Enum | pl.Categorical):
            column = column.cast(pl.String)
        if kind == pl.String:
            formula = column.str.contains(f"^{FORMULA.pattern}")
            column = pl.when(formula).then(pl.lit("'") + column).otherwise(column)
        columns.append(column.alias(name))
    return frame.select(columns).write_csv(include_header=header)
