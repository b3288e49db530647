"""Tables as CSV for spreadsheet programs, without texts that these would run as formulas.

Excel, LibreOffice and others compute a cell of a CSV file that begins with ``=``, ``+``, ``-`` or
``@``, and some look past a tab or line end before it. Such a text gets an apostrophe before it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from claimlog.escaping import FORMULA
from claimlog.export.table_types import SHOWN_TIME_FORMAT, list_json

ROWS = 128
"""Rows that are read at once; the longest row that a log may hold has 66,000 bytes."""

PIECE_BYTES = 1_000_000
"""Bytes of rows from which on they are written."""


def csv_pieces(path: Path, null_text: bool = False) -> Generator[str, None, None]:
    """Yield the table in a Parquet file as CSV: its header, then rows in pieces of bounded size.

    Parameters
    ----------
    null_text
        Whether a list that is null is JSON's null, as in releases up to 0.3.0.

    Raises
    ------
    ValueError, OSError, pyarrow.ArrowException
        If the file cannot be read.
    """
    with path.open("rb") as handle, pq.ParquetFile(handle) as file:
        yield csv_of(_frame(file.schema_arrow.empty_table()), header=True)
        batches: list[pa.RecordBatch] = []
        size = 0
        for rows in file.iter_batches(ROWS):
            for part in _parts(rows):
                batches.append(part)
                size += _text_bytes(part)
                if size >= PIECE_BYTES:
                    yield csv_of(_joined(batches), null_text=null_text)
                    batches, size = [], 0
        if batches:
            yield csv_of(_joined(batches), null_text=null_text)


def _joined(batches: list[pa.RecordBatch]) -> pl.DataFrame:
    return _frame(pa.Table.from_batches(batches).unify_dictionaries())


def _parts(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield rows in parts that have no more text than a piece, or are one row."""
    if rows.num_rows < 2 or _text_bytes(rows) <= PIECE_BYTES:
        yield rows
    else:
        half = rows.num_rows // 2
        yield from _parts(rows.slice(0, half))
        yield from _parts(rows.slice(half))


def _text_bytes(rows: pa.RecordBatch) -> int:
    return sum(map(_array_bytes, rows.columns))


def _array_bytes(array: pa.Array) -> int:
    """Return the bytes of values as text has them: a code in every row, and not once for all."""
    if pa.types.is_dictionary(array.type):
        lengths = pc.binary_length(array.dictionary).take(array.indices)
        return int(pc.sum(lengths).as_py() or 0)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        return int(array.nbytes) + _array_bytes(array.flatten())
    return int(array.nbytes)


def _frame(rows: Any) -> pl.DataFrame:
    try:
        frame = pl.from_arrow(rows)
    except pl.exceptions.PanicException as error:  # no Exception, so that others would not catch it
        raise ValueError(f"Polars cannot take these rows: {error}") from error
    assert isinstance(frame, pl.DataFrame)
    return frame


def csv_of(frame: pl.DataFrame, header: bool = False, null_text: bool = False) -> str:
    """Return rows as CSV in which no cell begins like a formula.

    >>> csv_of(pl.DataFrame({"a": ["=1+1", "1-1", None], "b": [-1, 2, 3]}))
    "'=1+1,-1\\n1-1,2\\n,3\\n"
    """
    columns = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if isinstance(kind, pl.List):
            column = list_json(column, null_text)
        elif isinstance(kind, pl.Datetime):
            column = column.dt.to_string(SHOWN_TIME_FORMAT)
        elif isinstance(kind, pl.Enum | pl.Categorical):
            column = column.cast(pl.String)
        elif kind.is_float():
            # as Python writes it: the library's own form is another one in other versions
            column = column.map_elements(repr, return_dtype=pl.String)
        if kind == pl.String:
            formula = column.str.contains(f"^{FORMULA.pattern}")
            column = pl.when(formula).then(pl.lit("'") + column).otherwise(column)
        columns.append(column.alias(name))
    return frame.select(columns).write_csv(include_header=header)
