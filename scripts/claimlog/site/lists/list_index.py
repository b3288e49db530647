"""The values of all filters of an immutable list in memory, as numbers.

SQLite would read every row for each facet that it counts; numbers of 100,000 rows are counted by
twenty filters in a few milliseconds. What is here is what `ListDefinition` declares, no more.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from claimlog.site.datasette_internals import escape_sqlite
from claimlog.site.lists.filters import (
    ANY,
    MONTHS,
    NONE,
    CodeFilter,
    ListDefinition,
    PeriodFilter,
    month_of_day,
    month_range,
)
from claimlog.site.protection import reader_limits
from claimlog.site.protection.own_queries import time_limit

Mask = npt.NDArray[np.bool_]
"""Which rows are selected, in the order of the index."""

Numbers = npt.NDArray[np.integer[Any]]
ROWS = 5_000
"""Rows that are read at once."""

OPEN = np.iinfo(np.int32).max
"""The last month of a date that is open or unknown; the first is its negative."""


@dataclass(frozen=True)
class CodeValues:
    """The values of a filter by codes.

    Attributes
    ----------
    values
        The distinct values.
    codes
        The place of a value in `values`, -1 for null: one for each row of the list, or for each
        of `rows`.
    rows
        The row of each of `codes`, where a row may have several values.
    """

    values: Sequence[str]
    codes: Numbers
    rows: Numbers | None
    size: int

    def mask(self, chosen: Collection[str]) -> Mask:
        """Return which rows have one of some values; `ANY` and `NONE` stand for what they say."""
        places = [at for at, value in enumerate(self.values) if value in chosen]
        # one lookup for all values; the last place is that of null
        wanted = np.zeros(len(self.values) + 1, dtype=np.bool_)
        wanted[places] = True
        mask = self._rows_of(wanted[self.codes])
        if ANY in chosen:
            mask = mask | self.present()
        if NONE in chosen:
            mask = mask | ~self.present()
        return mask

    def present(self) -> Mask:
        """Return which rows have a value."""
        if self.rows is None:
            return np.asarray(self.codes >= 0)
        return self._rows_of(np.ones(len(self.codes), dtype=np.bool_))

    def _rows_of(self, entries: Mask) -> Mask:
        if self.rows is None:
            return entries
        mask = np.zeros(self.size, dtype=np.bool_)
        mask[self.rows[entries]] = True
        return mask

    def counts(self, mask: Mask, places: Numbers) -> dict[str, int]:
        """Return how many of the selected rows have each value, without those that none has.

        Parameters
        ----------
        places
            The places of the rows in `mask`.
        """
        codes = self.codes.take(places) if self.rows is None else self.codes[mask[self.rows]]
        numbers = np.bincount(codes + np.intp(1), minlength=len(self.values) + 1)[1:]
        found = np.flatnonzero(numbers)
        return {self.values[at]: int(numbers[at]) for at in found.tolist()}


@dataclass(frozen=True)
class PeriodValues:
    """The dates of a filter by period: their first and last months, counted from year 0."""

    first: Numbers
    last: Numbers
    interval: Mask | None
    dated: Mask

    def mask(self, chosen: Collection[str]) -> Mask:
        """Return which rows count for one of some periods."""
        mask: Mask = np.zeros(len(self.first), dtype=np.bool_)
        for period in chosen:
            months = month_range(period)
            if months is not None:
                mask |= self._within(*months)
        if ANY in chosen:
            mask |= self.dated
        if NONE in chosen:
            mask |= ~self.dated
        return mask

    def _within(self, first: int, last: int) -> Mask:
        lies = (self.first >= first) & (self.last <= last)
        if self.interval is not None:
            touches = self.interval & (self.first <= last) & (self.last >= first)
            return np.asarray(lies | touches)
        if last - first == MONTHS - 1:
            return np.asarray((self.first >= first) & (self.first <= last))
        return np.asarray(lies)

    def counts(self, mask: Mask) -> tuple[dict[int, int], dict[int, int]]:
        """Return how many of the selected rows count for each year, and for each month."""
        return self._counts(mask, MONTHS), self._counts(mask, 1)

    def _counts(self, mask: Mask, months: int) -> dict[int, int]:
        known = self.first[self.first > -OPEN], self.last[self.last < OPEN]
        ends = [values for values in known if len(values)]
        if not ends or self.interval is None:
            return {}
        least = min(int(values.min()) for values in ends) // months
        most = max(int(values.max()) for values in ends) // months
        first, last = self.first // months, self.last // months
        counted = np.flatnonzero(mask & self.dated & (self.interval | (first == last)))
        begins = np.bincount(first[counted].clip(least, most) - least, minlength=most - least + 1)
        ended = np.bincount(last[counted].clip(least, most) - least, minlength=most - least + 1)
        under_way = np.cumsum(begins - np.concatenate(([0], ended[:-1])))
        return {least + at: int(under_way[at]) for at in np.flatnonzero(under_way).tolist()}


Values = CodeValues | PeriodValues


@dataclass(frozen=True)
class ListIndex:
    """The rows of a list in its own order, the values of its filters, and its other orders.

    Attributes
    ----------
    rowids
        The row numbers of the table.
    orders
        By the name of a sort, the places of the rows in that order.
    """

    rowids: Numbers
    values: Mapping[str, Values]
    orders: Mapping[str, Numbers]

    def places(self, rowids: Numbers) -> Numbers:
        """Return the places of rows by their row numbers, which must be of the table."""
        sorter = np.argsort(self.rowids, kind="stable")
        places: Numbers = sorter[np.searchsorted(self.rowids, rowids, sorter=sorter)]
        return places

    def with_rowids(self, rowids: Numbers) -> Mask:
        """Return which rows have one of some row numbers."""
        mask: Mask = np.isin(self.rowids, rowids)
        return mask

    def select(self, chosen: Mapping[str, Collection[str]], found: Mask | None) -> SelectedRows:
        """Return the rows that fit what is chosen of every filter, and a search.

        Parameters
        ----------
        chosen
            Values by filter.
        found
            Which rows a search finds; None without one.
        """
        masks = {name: self.values[name].mask(values) for name, values in chosen.items()}
        everything = np.ones(len(self.rowids), dtype=np.bool_) if found is None else found
        return SelectedRows(self, everything, masks)


class SelectedRows:
    """The rows of a list that are selected, and the counts of its facets."""

    def __init__(self, index: ListIndex, found: Mask, masks: Mapping[str, Mask]) -> None:
        self._index = index
        self._found = found
        self._masks = masks
        self._mask = self._all_but(None)
        self._places = np.flatnonzero(self._mask)

    @property
    def total(self) -> int:
        """How many rows are selected."""
        return len(self._places)

    def rowids(self, sort: str, first: int, size: int | None = None) -> list[int]:
        """Return row numbers of a part of the selected rows in an order, or of all from one on."""
        end = None if size is None else first + size
        places: Numbers = self._places
        if sort in self._index.orders:
            order = self._index.orders[sort]
            places = order[self._mask[order]]
        rowids: list[int] = self._index.rowids[places[first:end]].tolist()
        return rowids

    def code_counts(self, name: str) -> tuple[dict[str, int], int, int]:
        """Return the counts of a filter's codes, and of rows with any and with none.

        They are made with what is chosen of the other filters: how many rows there would be if
        nothing but this value were chosen of this one.
        """
        values = self._index.values[name]
        assert isinstance(values, CodeValues)
        mask, places = self._mask, self._places
        if name in self._masks:
            mask = self._all_but(name)
            places = np.flatnonzero(mask)
        present = int(np.count_nonzero(values.present() & mask))
        return values.counts(mask, places), present, len(places) - present

    def period_counts(self, name: str) -> tuple[dict[int, int], dict[int, int], int, int]:
        """Return the counts of years and months, and of rows with and without a date, likewise."""
        values = self._index.values[name]
        assert isinstance(values, PeriodValues)
        mask = self._all_but(name) if name in self._masks else self._mask
        years, months = values.counts(mask)
        dated = int(np.count_nonzero(mask & values.dated))
        return years, months, dated, int(np.count_nonzero(mask)) - dated

    def _all_but(self, left_out: str | None) -> Mask:
        mask = self._found
        for name, own in self._masks.items():
            if name != left_out:
                mask = mask & own
        return mask


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
        for value in {*cells}.difference(self._places):
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
    rowids = array("q")
    codes = [_Codes() for _ in coded]
    dates = [_Dates() for _ in dated]
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
    numbers = _numbers(rowids)
    values: dict[str, Values] = {
        item.name: column.values(None, len(numbers))
        for item, column in zip(coded, codes, strict=True)
    }
    values |= {item.name: date.values(item) for item, date in zip(dated, dates, strict=True)}
    return numbers, values


def _read_pairs(connection: sqlite3.Connection, index: ListIndex, sql: str) -> CodeValues:
    rowids, codes = array("q"), _Codes()
    for own, cells in _columns(connection, sql):
        rowids.extend(own)
        codes.extend(cells)
    numbers = _numbers(rowids)
    rows = index.places(numbers).astype(np.int32)
    return codes.values(rows, len(index.rowids))
