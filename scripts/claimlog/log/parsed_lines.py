"""Parsing all lines of a stream's file at once, and telling those that must be read exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.json as pj

from claimlog.log.arrow_types import arrow_schema
from claimlog.log.canonical import render
from claimlog.schema.table_schema import Table

BLOCK = 1 << 20
"""Bytes that a thread parses at a time."""


def parse_lines(data: bytes, table: Table, rows: int) -> tuple[pl.DataFrame | None, Sequence[int]]:
    """Return the rows of whole lines of UTF-8, and the indexes of those that are in doubt.

    A line is in doubt unless its row, written again, gives its bytes. There is no frame, and every
    line in doubt, where some cannot be parsed.
    """
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    block = max(BLOCK, 1 + int(np.diff(ends, prepend=-1).max()))
    try:
        parsed = pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(use_threads=len(data) > block, block_size=block),
            parse_options=pj.ParseOptions(
                explicit_schema=arrow_schema(table), unexpected_field_behavior="error"
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None, range(rows)
    if parsed.num_rows != rows:
        return None, range(rows)
    frame = _frame(parsed.select(table.names))
    # without copying them
    offsets = np.concatenate(([0], ends + 1)).astype(np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    written = pa.Array.from_buffers(pa.large_string(), rows, buffers)
    # a series of its own would import pyarrow.compute, a frame does not
    lines = _frame(pa.table([written], names=["line"]))["line"]
    differ = (render(frame, table) != lines).fill_null(True)
    return frame, differ.arg_true().to_list()


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
