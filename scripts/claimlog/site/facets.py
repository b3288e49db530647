"""Facets of immutable tables, counted in memory: SQLite would read every row for each of them.

Equalities are looked up in memory as well; of any other filter SQLite finds the rows, once.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

import numpy as np
import numpy.typing as npt
from datasette.database import Results
from datasette.facets import ColumnFacet
from datasette.utils import escape_sqlite

from claimlog.site.kept import kept
from claimlog.site.searches import rowids
from claimlog.site.store import Row, Store

HARMLESS = {
    *("_sort", "_sort_desc", "_next", "_size", "_shape", "_extra", "_labels", "_ttl", "_json"),
    *("_facet_size", "_facet_kept", "_col", "_nocol", "_nocount", "_json_infinity"),
}
"""Parts of a query that choose no rows."""

Rows = npt.NDArray[np.bool_]
"""Which rows of a table are chosen, in its order."""


@dataclass(frozen=True)
class Column:
    """The values of a column as numbers, in the order of the rows; nothing is -1."""

    values: list[Any]
    codes: npt.NDArray[np.intc]

    def chosen(self, value: str) -> Rows:
        """Return which rows have a value, given as text."""
        known = [at for at, one in enumerate(self.values) if str(one) == value]
        # numbers are quicker told apart one by one, and hardly ever two look the same as text
        found: Rows = np.zeros(len(self.codes), dtype=np.bool_)
        for at in known:
            found |= self.codes == at
        return found

    def counts(self, chosen: npt.NDArray[np.intp] | None, most: int) -> list[Row]:
        """Return the commonest values, at most so many, with their numbers.

        `chosen` says in which rows, by position; None stands for all.
        """
        codes = self.codes if chosen is None else self.codes.take(chosen)
        numbers = np.bincount(codes + 1, minlength=len(self.values) + 1)[1:].tolist()
        found = ((-number, value) for value, number in zip(self.values, numbers, strict=True))
        commonest = nsmallest(most, (pair for pair in found if pair[0]))
        return [{"value": value, "count": -less} for less, value in commonest]


@dataclass(frozen=True)
class KeptTable:
    """Columns of a table, and the numbers of its rows if they have some."""

    numbers: npt.NDArray[np.int64] | None
    columns: dict[str, Column]


class KeptFacet(ColumnFacet):  # type: ignore[misc]  # Datasette ships no types
    """A column's values with their numbers."""

    type = "kept"
    ds: Any

    async def facet_results(self) -> tuple[list[Row], list[str]]:
        """Return what Datasette's own facet would."""
        names = [item["config"]["simple"] for item in self.get_configs()]
        if names:
            kept_table = await table_of(self.ds, self.database, self.table)
            counted = await self._counted(kept_table, names)
            if counted is not None:
                self.ds = _Counted(self.ds, counted)
        results, late = await super().facet_results()
        for result in results:
            result["type"] = ColumnFacet.type
        return results, late

    async def _counted(self, kept_table: KeptTable, names: list[str]) -> list[list[Row]] | None:
        """Return the counts of some columns; None if only SQL can say."""
        columns = kept_table.columns
        chosen = None
        for key, value in self.get_querystring_pairs():
            name = key.removesuffix("__exact")
            if key in HARMLESS:
                continue
            if name not in columns:
                chosen = await self._found(kept_table)
                if chosen is None:
                    return None
                break
            rows = columns[name].chosen(value)
            chosen = rows if chosen is None else chosen & rows
        most = self.get_facet_size() + 1  # one more says that there are more
        positions = None if chosen is None else np.flatnonzero(chosen)
        return [columns[name].counts(positions, most) for name in names]

    async def _found(self, kept_table: KeptTable) -> Rows | None:
        """Return which rows the page's own query finds; None for a table without numbered rows."""
        _, source, rest = self.sql.partition(f" from {escape_sqlite(self.table)} ")
        if kept_table.numbers is None or not source:
            return None
        sql = rowids(rest) or f"select rowid{source}{rest}"
        # one text: making a row of each number would take longer than finding it
        found = await self.ds.execute(
            self.database, f"select coalesce(group_concat(rowid), '') from ({sql})", self.params
        )
        numbers = np.fromstring(found.single_value(), dtype=np.int64, sep=",")
        chosen: Rows = np.isin(kept_table.numbers, numbers)
        return chosen


class _Counted:
    """A Datasette that answers the questions of a facet with what was counted, one by one."""

    def __init__(self, datasette: Any, counted: list[list[Row]]) -> None:
        self._datasette = datasette
        self._counted = iter(counted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._datasette, name)

    async def execute(self, *_: Any, **__: Any) -> Results:
        return Results(next(self._counted), False, ())


async def table_of(datasette: Any, database: str, table: str) -> KeptTable:
    """Return the columns of an immutable table that metadata declare as facets."""
    names = [
        item["kept"]
        for item in datasette.table_metadata(database, table).get("facets", ())
        if isinstance(item, dict) and "kept" in item
    ]

    async def read(store: Store) -> KeptTable:
        opened = store.datasette.databases[database]
        # no query of a reader's: it may take as long as it takes
        found: KeptTable = await opened.execute_fn(lambda db: _read(db, table, names))
        return found

    return await kept(Store(datasette, database), f"facets of {table}", read)


def _read(opened: Any, table: str, names: list[str]) -> KeptTable:
    """Read columns row by row: only the numbers of their values are held."""
    (text,) = opened.execute("select sql from sqlite_master where name = ?", (table,)).fetchone()
    numbered = "WITHOUT ROWID" not in text.rpartition(")")[2].upper()
    listed = ["rowid" if numbered else "null", *map(escape_sqlite, names)]
    numbers = array("q")
    places: list[dict[Any, int]] = [{None: -1} for _ in names]
    codes = [array("i") for _ in names]
    for number, *cells in opened.execute(f"select {', '.join(listed)} from {escape_sqlite(table)}"):
        if numbered:
            numbers.append(number)
        for cell, known, column in zip(cells, places, codes, strict=True):
            column.append(known.setdefault(cell, len(known) - 1))
    columns = {
        name: Column([*known][1:], np.frombuffer(column, dtype=np.intc))
        for name, known, column in zip(names, places, codes, strict=True)
    }
    return KeptTable(np.frombuffer(numbers, dtype=np.int64) if numbered else None, columns)


def declared(metadata: dict[str, Any], database: str) -> list[str]:
    """Declare the facets of a database's tables as kept ones; return the tables that have some."""
    tables = metadata.get("databases", {}).get(database, {}).get("tables", {})
    found = []
    for name, table in tables.items():
        facets = table.get("facets", [])
        table["facets"] = [{"kept": item} if isinstance(item, str) else item for item in facets]
        if facets:
            found.append(name)
    return found
