"""The values of all filters of an immutable list in memory, and the rows that they select.

SQLite would read every row for each facet that it counts; numbers of 100,000 rows are counted by
twenty filters in a few milliseconds. What is here is what `ListDefinition` declares, no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from claimlog.site.lists.filter_values import (
    CodeValues,
    Mask,
    Numbers,
    NumberValues,
    PeriodValues,
    Values,
)
from claimlog.site.lists.filters import ANY, NONE


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

    def period_counts(
        self, name: str, opened: Collection[int] | None = None
    ) -> tuple[dict[int, int], dict[int, int], int, int]:
        """Return the counts of years and months, and of rows with and without a date, likewise.

        Parameters
        ----------
        opened
            Years whose months are counted; by default all.
        """
        values = self._index.values[name]
        assert isinstance(values, PeriodValues)
        mask = self._all_but(name) if name in self._masks else self._mask
        years, months = values.counts(mask, opened)
        dated = int(np.count_nonzero(mask & values.dated))
        return years, months, dated, int(np.count_nonzero(mask)) - dated

    def number_counts(
        self, name: str, ranges: Collection[str]
    ) -> tuple[dict[str, int], tuple[float, float] | None]:
        """Return the counts of any, none and some ranges, and the lowest and highest number.

        They are made with what is chosen of the other filters too.
        """
        values = self._index.values[name]
        assert isinstance(values, NumberValues)
        mask = self._all_but(name) if name in self._masks else self._mask
        counts = {
            code: int(np.count_nonzero(mask & values.mask((code,))))
            for code in (ANY, NONE, *ranges)
        }
        return counts, values.extent(mask)

    def _all_but(self, left_out: str | None) -> Mask:
        mask = self._found
        for name, own in self._masks.items():
            if name != left_out:
                mask = mask & own
        return mask
