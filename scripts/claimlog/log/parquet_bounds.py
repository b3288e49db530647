"""Bounds of the values of a column in a row group, held against those that a footer states.

A program that filters reads the bounds first, and passes over a row group that cannot match: so
false ones hide rows from it, of which Arrow shows nothing where all rows are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from claimlog.log.parquet_pages import RowGroup

MAX_OLD, MIN_OLD, NULLS, MAX, MIN = 1, 2, 3, 5, 6
"""Fields of Statistics in parquet.thrift: bounds stand there twice, those that are deprecated
first, and some readers believe these."""

FORMS = {int: "<q", float: "<d"}
"""How numbers are packed where they are stated."""

Value = bool | int | float | str


class GroupBounds:
    """The bounds of all columns of a row group, of rows that are taken in a piece at a time."""

    def __init__(self, group: RowGroup, names: Sequence[str]) -> None:
        """Prepare for rows of these columns, in the order of the file."""
        self.group = group
        self.names = names
        self._rows = 0
        self._columns = [ColumnBounds() for _ in group.chunks]

    def add(self, rows: pa.RecordBatch) -> None:
        """Take in further rows."""
        self._rows += rows.num_rows
        found = (column for name in self.names for column in value_columns(rows[name]))
        for bounds, column in zip(self._columns, found, strict=True):
            bounds.add(column)

    def flaw(self) -> str | None:
        """Return what the footer states otherwise than all rows have it, if anything."""
        if self._rows != self.group.num_rows:
            return "it states another number of rows in a row group than it has"
        for chunk, bounds in zip(self.group.chunks, self._columns, strict=True):
            if not bounds.fit(chunk.statistics, chunk.num_values):
                return f"it states other bounds of {chunk.path_in_schema} than its values have"
        return None


class ColumnBounds:
    """The least and the greatest value of a column, and how many there are but nulls."""

    def __init__(self) -> None:
        self.values = 0
        self._least: Value | None = None
        self._most: Value | None = None

    def add(self, column: pa.Array) -> None:
        """Take in further values; of texts as codes, those that are in use."""
        self.values += len(column) - column.null_count
        if pa.types.is_dictionary(column.type):
            column = column.dictionary.take(pc.unique(column.indices.drop_null()))
        found = pc.min_max(column).as_py()
        if found["min"] is None:
            return
        self._least = found["min"] if self._least is None else min(self._least, found["min"])
        self._most = found["max"] if self._most is None else max(self._most, found["max"])

    def fit(self, statistics: Mapping[int, Any], number: int) -> bool:
        """Whether what a footer states is so, of a column with so many values and nulls."""
        nulls = statistics.get(NULLS)
        return (
            nulls in (None, number - self.values)
            and all(self._is(statistics.get(at), self._most) for at in (MAX_OLD, MAX))
            and all(self._is(statistics.get(at), self._least) for at in (MIN_OLD, MIN))
        )

    def _is(self, stated: bytes | None, value: Value | None) -> bool:
        if stated is None or value is None:
            return stated is None
        if isinstance(value, str):
            return stated == value.encode("utf-8")
        if isinstance(value, bool):
            return stated == bytes([value])  # of other bytes readers disagree
        form = FORMS[type(value)]
        # zeros of both signs are equal, and stated as the one that reaches further
        return len(stated) == struct.calcsize(form) and struct.unpack(form, stated) == (value,)


def value_columns(column: pa.Array) -> Iterator[pa.Array]:
    """Yield the columns of values that a column consists of, in the order of Parquet."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        yield from value_columns(column.flatten())
    elif pa.types.is_struct(column.type):
        for part in column.flatten():
            yield from value_columns(part)
    else:
        yield column
