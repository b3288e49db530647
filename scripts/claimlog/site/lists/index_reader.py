"""Reading a list's index from its database, some thousand rows at a time."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Collection, Iterator, Sequence
from math import nan
from typing import Any

import numpy as np

from claimlog.site.datasette_internals import escape_sqlite
from claimlog.site.lists.filter_values import (
    OPEN,
    CodeValues,
    Numbers,
    NumberValues,
    PeriodValues,
    Values,
)
from claimlog.site.lists.filters import (
    CodeFilter,
    ListDefinition,
    NumberFilter,
    PeriodFilter,
    month_of_day,
)
from claimlog.site.lists.list_index import ListIndex
from claimlog.site.protection import reader_limits
from claimlog.site.protection.server_queries import time_limit

ROWS = 5_000
"""Rows that are read at once."""

IF_NUMBER = "case when typeof({column}) in ('integer', 'real') then {column} end"
"""A number of a row; a database of a stranger may hold anything in its place."""


def read_list_index(
    connection: sqlite3.Connection, definition: ListDefinition, columns: Collection[str]
) -> ListIndex:
    """Read the values that a list's filters declare.

    Parameters
    ----------
    columns
        The columns that the table has: an order that needs another is left out.

    Raises
    ------
    sqlite3.Error
        If that takes too long or too much memory.
    """
    with time_limit(connection, reader_limits.FACET_SECONDS):
        rowids, values = _read_columns(connection, definition)
        index = ListIndex(rowids, values, {})
        values |= {
            item.name: _read_pairs(connection, index, item.pairs)
            for item in definition.filters
            if isinstance(item, CodeFilter) and item.pairs
        }
        orders = {
            sort.name: index.places(_rowids(connection, definition.table, sort.order))
            for sort in definition.sorts[1:]
            if sort.needs.issubset(columns)
        }
    return ListIndex(rowids, values, orders)


def _rowids(connection: sqlite3.Connection, table: str, order: str) -> Numbers:
    rowids = array("q")
    sql = f"select rowid from {escape_sqlite(table)} order by {order}"
    for (own,) in _columns(connection, sql):
        rowids.extend(own)
    return _numbers(rowids)


def _numbers(rowids: array[int]) -> Numbers:
    return np.array(rowids, dtype=np.int64)


class _Codes:
    """Values as they are read: each distinct one is kept once."""

    def __init__(self) -> None:
        self._places: dict[Any, int] = {None: -1}
        self._codes = array("i")
        self._left = reader_limits.OWN_BYTES

    def extend(self, cells: Sequence[Any]) -> None:
        """Add the next values."""
        for value in dict.fromkeys(cells):  # in their order, which no hash seed changes
            if value in self._places:
                continue
            self._left -= len(value) if isinstance(value, str | bytes) else 8
            if self._left < 0:
                raise sqlite3.OperationalError("the values of a filter take too much memory")
            self._places[value] = len(self._places) - 1
        self._codes.extend(map(self._places.__getitem__, cells))

    def values(self, rows: Numbers | None, size: int) -> CodeValues:
        """Return all of them, as small as they can be."""
        values = [str(value) for value in self._places][1:]
        codes = np.array(self._codes, dtype=np.min_scalar_type(-len(values) - 1))
        return CodeValues(values, codes, rows, size)


class _Dates:
    """First and last days as they are read, and whether each date is an interval."""

    def __init__(self) -> None:
        self._months: dict[Any, int | None] = {}
        self._first, self._last, self._flags = array("i"), array("i"), array("b")

    def extend(self, first: Sequence[Any], last: Sequence[Any], interval: Sequence[Any]) -> None:
        """Add the next dates."""
        months = self._months
        for day in {*first, *last}.difference(months):
            months[day] = month_of_day(day)
        starts, ends = [months[day] for day in first], [months[day] for day in last]
        self._first.extend(-OPEN if month is None else month for month in starts)
        self._last.extend(OPEN if month is None else month for month in ends)
        self._flags.extend(
            bool(flag) + 2 * (start is not None or end is not None)
            for start, end, flag in zip(starts, ends, interval, strict=True)
        )

    def values(self, item: PeriodFilter) -> PeriodValues:
        """Return all of them."""
        first, last = (np.array(months, dtype=np.int32) for months in (self._first, self._last))
        flags = np.array(self._flags, dtype=np.int8)
        interval = np.asarray(flags & 1, dtype=np.bool_) if item.is_counted else None
        return PeriodValues(first, last, interval, np.asarray(flags & 2, dtype=np.bool_))


def _columns(connection: sqlite3.Connection, sql: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the columns of a query's rows, some rows at a time."""
    cursor = connection.cursor()
    cursor.row_factory = None
    cursor.execute(sql)
    while rows := cursor.fetchmany(ROWS):
        yield [*zip(*rows, strict=True)]


def _read_columns(
    connection: sqlite3.Connection, definition: ListDefinition
) -> tuple[Numbers, dict[str, Values]]:
    """Read all filters of one value a row in one pass."""
    coded = [item for item in definition.filters if isinstance(item, CodeFilter) and item.column]
    dated = [item for item in definition.filters if isinstance(item, PeriodFilter)]
    selected = ["rowid", *(item.column for item in coded)]
    for period in dated:
        selected += [period.first, period.last, period.interval or "0"]
    counted = [item for item in definition.filters if isinstance(item, NumberFilter)]
    selected += [IF_NUMBER.format(column=item.column) for item in counted]
    rowids = array("q")
    codes = [_Codes() for _ in coded]
    dates = [_Dates() for _ in dated]
    amounts = [array("d") for _ in counted]
    for own, *columns in _columns(
        connection,
        f"select {', '.join(selected)} from {escape_sqlite(definition.table)} "
        f"order by {definition.sorts[0].order}",
    ):
        rowids.extend(own)
        for read, cells in zip(codes, columns, strict=False):
            read.extend(cells)
        for at, date in enumerate(dates):
            date.extend(*columns[len(codes) + 3 * at : len(codes) + 3 * at + 3])
        for amount, cells in zip(amounts, columns[len(codes) + 3 * len(dates) :], strict=True):
            amount.extend(nan if cell is None else cell for cell in cells)
    numbers = _numbers(rowids)
    values: dict[str, Values] = {
        item.name: column.values(None, len(numbers))
        for item, column in zip(coded, codes, strict=True)
    }
    values |= {item.name: date.values(item) for item, date in zip(dated, dates, strict=True)}
    values |= {
        item.name: NumberValues(np.array(amount, dtype=np.float64))
        for item, amount in zip(counted, amounts, strict=True)
    }
    return numbers, values


def _read_pairs(connection: sqlite3.Connection, index: ListIndex, sql: str) -> CodeValues:
    rowids, codes = array("q"), _Codes()
    for own, cells in _columns(connection, sql):
        rowids.extend(own)
        codes.extend(cells)
    numbers = _numbers(rowids)
    rows = index.places(numbers).astype(np.int32)
    return codes.values(rows, len(index.rowids))
