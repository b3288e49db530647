"""Facets of immutable tables, counted in memory: SQLite would read every row for each of them.

Where a reader filters by equality, the rows are found in memory as well. For any other filter
SQLite finds them, once for all facets of the page.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

import numpy as np
import numpy.typing as npt

from claimlog.site.datasette_internals import (
    ColumnFacet,
    Results,
    escape_sqlite,
    rowids_query,
    table_metadata,
)
from claimlog.site.memo import memoize
from claimlog.site.protection import reader_limits
from claimlog.site.protection.reader_request import PRESENTATION
from claimlog.site.protection.server_queries import time_limit
from claimlog.site.store import Row

TYPE = "in_memory"
UNFILTERING = PRESENTATION | {"_sort", "_sort_desc", "_facet_size", f"_facet_{TYPE}"}
"""Parameters of a query that select no rows."""

Mask = npt.NDArray[np.bool_]
"""Which rows of a table are selected, in its order."""


@dataclass(frozen=True)
class Column:
    """A column as numbers: `codes` has the place of each row's value in `values`, -1 for null."""

    values: list[Any]
    codes: npt.NDArray[np.intc]

    def equals(self, text: str) -> Mask:
        """Return which rows have a value that is written so."""
        mask: Mask = np.zeros(len(self.codes), dtype=np.bool_)
        # one comparison for each value that is written so: there is hardly ever more than one
        for code, value in enumerate(self.values):
            if str(value) == text:
                mask |= self.codes == code
        return mask

    def counts(self, positions: npt.NDArray[np.intp] | None, most: int) -> list[Row]:
        """Return the `most` commonest values with their numbers, in some rows or in all."""
        codes = self.codes if positions is None else self.codes.take(positions)
        numbers = np.bincount(codes + 1, minlength=len(self.values) + 1)[1:].tolist()
        pairs = ((-number, value) for value, number in zip(self.values, numbers, strict=True))
        commonest = nsmallest(most, (pair for pair in pairs if pair[0]))
        return [{"value": value, "count": -less} for less, value in commonest]


@dataclass(frozen=True)
class FacetTable:
    """The facet columns of a table, and the rowids of its rows if it has rowids.

    Both are missing where reading them took too long or too much memory; SQLite counts then.
    """

    rowids: npt.NDArray[np.int64] | None
    columns: dict[str, Column]


class InMemoryFacet(ColumnFacet):  # type: ignore[misc]  # Datasette ships no types
    """A column's values with their numbers, counted in memory where that is possible."""

    type = TYPE
    ds: Any

    async def facet_results(self) -> tuple[list[Row], list[str]]:
        """Return what Datasette's own facet would."""
        names = [item["config"]["simple"] for item in self.get_configs()]
        if names:
            table = await facet_table(self.ds, self.database, self.table)
            counts = await self._counts(table, names)
            if counts is not None:
                self.ds = _CountedDatasette(self.ds, counts)
        results, timed_out = await super().facet_results()
        for result in results:
            result["type"] = ColumnFacet.type
        return results, timed_out

    async def _counts(self, table: FacetTable, names: list[str]) -> list[list[Row]] | None:
        """Return the counts of some columns; None if only SQL can say."""
        columns = table.columns
        if not columns.keys() >= {*names}:
            return None
        mask = None
        for key, value in self.get_querystring_pairs():
            name = key.removesuffix("__exact")
            if key in UNFILTERING:
                continue
            if name not in columns:
                mask = await self._selected(table)
                if mask is None:
                    return None
                break
            equal = columns[name].equals(value)
            mask = equal if mask is None else mask & equal
        most = self.get_facet_size() + 1  # one more says that there are more
        positions = None if mask is None else np.flatnonzero(mask)
        return [columns[name].counts(positions, most) for name in names]

    async def _selected(self, table: FacetTable) -> Mask | None:
        """Return which rows the page's own query selects; None for a table without rowids."""
        sql = rowids_query(self.sql, self.table)
        if table.rowids is None or sql is None:
            return None
        # one text: making a row of each number would take longer than finding it
        result = await self.ds.execute(
            self.database, f"select coalesce(group_concat(rowid), '') from ({sql})", self.params
        )
        numbers = np.fromstring(result.single_value(), dtype=np.int64, sep=",")
        mask: Mask = np.isin(table.rowids, numbers)
        return mask


class _CountedDatasette:
    """A Datasette that answers the queries of a facet, one after the other, with given counts."""

    def __init__(self, datasette: Any, counts: list[list[Row]]) -> None:
        self._datasette = datasette
        self._counts = iter(counts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._datasette, name)

    async def execute(self, *_: Any, **__: Any) -> Results:
        return Results(next(self._counts), False, ())


async def facet_table(datasette: Any, database: str, table: str) -> FacetTable:
    """Return the columns of an immutable table that metadata declare as facets."""
    names = [
        item[TYPE]
        for item in table_metadata(datasette, database, table).get("facets", ())
        if isinstance(item, dict) and TYPE in item
    ]
    opened = datasette.databases[database]

    async def read() -> FacetTable:
        def read_in_time(connection: Any) -> FacetTable:
            try:
                with time_limit(connection, reader_limits.FACET_SECONDS):
                    return _read(connection, table, names)
            except sqlite3.Error:
                return FacetTable(None, {})

        facets: FacetTable = await opened.execute_fn(read_in_time)
        return facets

    return await memoize(opened, f"facets of {table}", read)


def _read(connection: Any, table: str, names: list[str]) -> FacetTable:
    """Read columns row by row, so that only the codes of their values are in memory."""
    (text,) = connection.execute(
        "select sql from sqlite_master where name = ?", (table,)
    ).fetchone()
    has_rowids = "WITHOUT ROWID" not in text.rpartition(")")[2].upper()
    selected = ["rowid" if has_rowids else "null", *map(escape_sqlite, names)]
    rowids = array("q")
    codings: list[dict[Any, int]] = [{None: -1} for _ in names]
    columns = [array("i") for _ in names]
    left = reader_limits.OWN_BYTES
    for rowid, *cells in connection.execute(
        f"select {', '.join(selected)} from {escape_sqlite(table)}"
    ):
        if has_rowids:
            rowids.append(rowid)
        for cell, codes_by_value, column in zip(cells, codings, columns, strict=True):
            code = codes_by_value.get(cell)
            if code is None:
                code = codes_by_value[cell] = len(codes_by_value) - 1
                left -= len(cell) if isinstance(cell, str | bytes) else 8
            column.append(code)
        if left < 0:
            raise sqlite3.OperationalError("the facets take too much memory")
    by_name = {
        name: Column([*codes_by_value][1:], np.frombuffer(column, dtype=np.intc))
        for name, codes_by_value, column in zip(names, codings, columns, strict=True)
    }
    return FacetTable(np.frombuffer(rowids, dtype=np.int64) if has_rowids else None, by_name)


def declare_facets(metadata: dict[str, Any], databases: Iterable[str]) -> None:
    """Have the facets that the metadata of some databases name counted in memory."""
    for database in databases:
        tables = metadata.get("databases", {}).get(database, {}).get("tables", {})
        for table in tables.values():
            table["facets"] = [
                {TYPE: item} if isinstance(item, str) else item for item in table.get("facets", [])
            ]
