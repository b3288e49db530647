"""The values of a filter for all rows of a list, as numbers: quick to compare and to count."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from claimlog.site.lists.filters import ANY, MONTHS, NONE, month_range
from claimlog.site.lists.number_ranges import range_bounds

Mask = npt.NDArray[np.bool_]
"""Which rows are selected, in the order of the index."""

Numbers = npt.NDArray[np.integer[Any]]
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
        either = frozenset(chosen)
        places = [at for at, value in enumerate(self.values) if value in either]
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

    def counts(
        self, mask: Mask, opened: Collection[int] | None = None
    ) -> tuple[dict[int, int], dict[int, int]]:
        """Return how many of the selected rows count for each year, and for each month.

        Parameters
        ----------
        opened
            Years whose months are counted; by default all.
        """
        return self._counts(mask, MONTHS), self._counts(mask, 1, opened)

    def _counts(
        self, mask: Mask, months: int, opened: Collection[int] | None = None
    ) -> dict[int, int]:
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
        found = np.flatnonzero(under_way)
        if opened is not None:  # one long interval touches a hundred thousand months
            found = found[np.isin((found + least) // MONTHS, [*opened])]
        return {least + at: int(under_way[at]) for at in found.tolist()}


@dataclass(frozen=True)
class NumberValues:
    """The numbers of a filter by ranges, one for each row; NaN for null."""

    numbers: npt.NDArray[np.float64]

    def mask(self, chosen: Collection[str]) -> Mask:
        """Return which rows have a number in one of some ranges."""
        mask: Mask = np.zeros(len(self.numbers), dtype=np.bool_)
        for code in chosen:
            if code == ANY:
                mask |= self.present()
            elif code == NONE:
                mask |= ~self.present()
            else:
                first, last = range_bounds(code)
                mask |= (self.numbers >= first) & (self.numbers <= last)
        return mask

    def present(self) -> Mask:
        """Return which rows have a number."""
        return np.asarray(~np.isnan(self.numbers))

    def extent(self, mask: Mask) -> tuple[float, float] | None:
        """Return the lowest and the highest number of the selected rows, if any has one."""
        numbers = self.numbers[mask & self.present()]
        return (float(numbers.min()), float(numbers.max())) if len(numbers) else None


Values = CodeValues | PeriodValues | NumberValues
