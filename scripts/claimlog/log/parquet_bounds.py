"""Bounds of the values of columns and pages, held against those that a Parquet file states.

A program that filters reads the bounds first, and passes over a row group or a page that cannot
match: so false ones hide rows from it, of which Arrow shows nothing where all rows are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from claimlog.log.parquet_dictionaries import check_dictionary
from claimlog.log.parquet_lists import list_items
from claimlog.log.parquet_pages import DICTIONARY, Chunk, Page, RowGroup, pages
from claimlog.log.parquet_schema import is_list

MAX_OLD, MIN_OLD, NULLS, DISTINCT, MAX, MIN = range(1, 7)
"""Fields of Statistics in parquet.thrift: bounds stand there twice, those that are deprecated
first, and some readers believe these. None of our files has a number of distinct values."""

FORMS = {pa.int32(): "<i", pa.int64(): "<q", pa.float64(): "<d"}
"""How numbers are packed where they are stated."""

NEGATIVE_ZERO = -(1 << 63)
"""The bits of a number that is -0.0, as a whole number."""

Value = bool | int | float | str


class GroupBounds:
    """The bounds of all columns of a row group, of rows that are taken in a piece at a time."""

    def __init__(self, file: BinaryIO, group: RowGroup, names: Sequence[str]) -> None:
        """Prepare for rows of these columns, in the order of the file."""
        self.group = group
        self.names = names
        self._rows = 0
        self._columns = [ChunkBounds(file, chunk) for chunk in group.chunks]

    def add(self, rows: pa.RecordBatch) -> None:
        """Take in further rows.

        Raises
        ------
        ValueError
            As `ChunkBounds.add` and `leaf_columns` do, or if a zero is negative.
        """
        self._rows += rows.num_rows
        found = (column for name in self.names for column in leaf_columns(rows[name]))
        for bounds, column in zip(self._columns, found, strict=True):
            if has_negative_zero(column):
                raise ValueError(f"{bounds.chunk.path_in_schema} has a zero that is negative")
            bounds.add(column)

    def flaw(self) -> str | None:
        """Return what the file states otherwise than all rows have it, if anything."""
        if self._rows != self.group.num_rows:
            return "it states another number of rows in a row group than it has"
        return next(filter(None, (bounds.flaw() for bounds in self._columns)), None)


class ChunkBounds:
    """The bounds of a column in a row group, and of its pages, of which one at a time is held."""

    def __init__(self, file: BinaryIO, chunk: Chunk) -> None:
        self.chunk = chunk
        self.bounds = ColumnBounds()
        self._pages = _data_pages(file, chunk)
        self._page: Page | None = None
        self._of_page = ColumnBounds()
        self._are_pages_true = True

    def add(self, column: pa.Array) -> None:
        """Take in further values, with a null for each list that holds none.

        Raises
        ------
        ValueError
            If the header of a page cannot be read, pages have fewer values, or there is a flaw in
            the dictionary.
        """
        while len(column):
            if self._page is None or self._of_page.number >= self._page.values:
                self._end_page()
                self._page = next(self._pages, None)
                if self._page is None:
                    raise ValueError("pages have fewer values than their column")
            part = column.slice(0, self._page.values - self._of_page.number)
            column = column.slice(len(part))
            self._of_page.add(part)

    def _end_page(self) -> None:
        if self._page is not None and not self._of_page.fit(self._page.statistics):
            self._are_pages_true = False
        self.bounds.join(self._of_page)
        self._of_page = ColumnBounds()
        self._page = None

    def flaw(self, codes: pa.Array | None = None) -> str | None:
        """Return what the file states otherwise than all values of the column have it, if anything.

        Parameters
        ----------
        codes
            All that the column may hold, if its bounds may also be those of them.
        """
        self._end_page()
        name = self.chunk.path_in_schema
        is_true = self.bounds.fit(self.chunk.statistics)
        if codes is not None and not is_true:
            is_true = self.bounds.bounds_with(codes).fit(self.chunk.statistics)
        if is_true and self._are_pages_true and self.bounds.number == self.chunk.num_values:
            return None
        return f"{name} has other bounds than the file states"


def _data_pages(file: BinaryIO, chunk: Chunk) -> Iterator[Page]:
    """Yield the pages of data of a column, once its dictionary was looked at."""
    for page in pages(file, chunk):
        if page.kind == DICTIONARY:
            check_dictionary(file, chunk, page)
        else:
            yield page


class ColumnBounds:
    """The least and the greatest of values, how many there are, and how many are null."""

    def __init__(self) -> None:
        self.number = 0
        self.nulls = 0
        self._form: str | None = None
        self._least: Value | None = None
        self._most: Value | None = None

    def add(self, column: pa.Array) -> None:
        """Take in further values; of texts as codes, those that are in use."""
        self.number += len(column)
        self.nulls += column.null_count
        self._reach(column)

    def _reach(self, column: pa.Array) -> None:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary.take(pc.unique(column.indices.drop_null()))
        elif pa.types.is_temporal(column.type):
            column = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64())
        self._form = FORMS.get(column.type)
        found = pc.min_max(column).as_py()
        self._widen(found["min"], found["max"])

    def _widen(self, least: Value | None, most: Value | None) -> None:
        if least is None or most is None:
            return
        self._least = least if self._least is None else min(self._least, least)
        self._most = most if self._most is None else max(self._most, most)

    def join(self, other: ColumnBounds) -> None:
        """Take in the values that other bounds are of."""
        self.number += other.number
        self.nulls += other.nulls
        self._form = self._form or other._form
        self._widen(other._least, other._most)

    def bounds_with(self, values: pa.Array) -> ColumnBounds:
        """Return bounds of as many values and nulls, which reach as far as other values, too."""
        result = ColumnBounds()
        result.join(self)
        if self.number > self.nulls:
            result._reach(values)
        return result

    def fit(self, statistics: Mapping[int, Any]) -> bool:
        """Whether Statistics of a column or a page, as a file states them, are so."""
        return (
            DISTINCT not in statistics
            and statistics.get(NULLS) in (None, self.nulls)
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
        form = self._form
        assert form is not None, "a number of another type than ours"
        # zeros of both signs are equal, and stated as the one that reaches further
        return len(stated) == struct.calcsize(form) and struct.unpack(form, stated) == (value,)


def has_negative_zero(column: pa.Array) -> bool:
    """Whether a column of values holds a zero that is negative, which no line can say."""
    if not pa.types.is_float64(column.type):
        return False
    return bool(pc.any(pc.equal(column.view(pa.int64()), NEGATIVE_ZERO)).as_py())


def leaf_columns(column: pa.Array) -> Iterator[pa.Array]:
    """Yield the columns of values that a column consists of, as Parquet stores them.

    They come in the order of the file, and have a null for each list that is null or empty.

    Raises
    ------
    ValueError
        As `list_items` does.
    """
    return (values for values, _ in _leaf_columns(column))


def _leaf_columns(column: pa.Array) -> Iterator[tuple[pa.Array, pa.Array | None]]:
    """Yield them with the row of each value; None if it is the value's own number."""
    if is_list(column.type):
        rows = pc.list_parent_indices(column).cast(pa.uint64())
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        empty = pc.indices_nonzero(pc.equal(lengths, 0))
        for values, items in _leaf_columns(list_items(column)):
            yield _with_empty(values, rows if items is None else rows.take(items), empty)
    elif pa.types.is_struct(column.type):
        for part in column.flatten():
            yield from _leaf_columns(part)
    else:
        yield column, None


def _with_empty(values: pa.Array, rows: pa.Array, empty: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Put a null among values for each row without any."""
    if not len(empty):
        return values, rows
    all_rows = pa.concat_arrays([rows, empty])
    order = pc.array_sort_indices(all_rows)  # which leaves values of one row in their order
    is_value = pc.less(order, len(values))
    places = pc.if_else(is_value, order, pa.scalar(None, order.type))
    return values.take(places), all_rows.take(order)
