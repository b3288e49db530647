"""A compiled database as the pages read it: rows as dictionaries, codes with their labels."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import orjson

from claimlog.site.memo import memoize
from claimlog.sql_worker import parts_of

Row = dict[str, Any]
T = TypeVar("T")

TABLE_COLUMNS = """select t.name as "table", c.name as "column" from sqlite_master t
    join pragma_table_info(t.name) c where t.type in ('table', 'view')"""
LIST_BYTES, LIST_PARTS = 8_000_000, 100_000
"""Of all lists in the rows of a query; the longest row that a log may hold has 66,000 bytes."""

TRUTH_COLUMNS = """select "table", "column" from data_dictionary where type = 'boolean'"""
LIST_COLUMNS = """select distinct "column" as name from data_dictionary where type = 'array'"""


def release_database_name(name: str, version: str) -> str:
    """Return the name of a release's database; Datasette's links allow no dots in names.

    >>> release_database_name("allied-trust", "0.2.0")
    'allied-trust-0_2_0'
    """
    return f"{name}-{version.replace('.', '_')}"


def cut_column(column: str, most: int) -> str:
    """Return SQL for a column whose texts are cut after so many characters."""
    return (
        f'case when length("{column}") > {most} then substr("{column}", 1, {most}) || \'…\' '
        f'else "{column}" end as "{column}"'
    )


def json_list(values: Iterable[str]) -> str:
    """Return values as a parameter for ``in (select value from json_each(:values))``."""
    return json.dumps(sorted(values))


LABEL_CHARACTERS, DEFINITION_CHARACTERS = 200, 2_000
"""Of a code on pages, which repeat it; the page of its code list has all of it."""

CODES = f"""select codelist, code, {cut_column("label", LABEL_CHARACTERS)},
    {cut_column("definition", DEFINITION_CHARACTERS)} from codebook"""


class RowsTooLarge(Exception):
    """The rows of a page hold more than it can show."""

    title = "Too long"
    message = (
        "The rows of this page hold more than it can show; the table and the downloads have them "
        "all."
    )


class Codes(dict[str, dict[str, Row]]):
    """Labels and definitions of all codes, by code list and code."""

    def entry(self, codelist: str, code: str) -> Row:
        """Return a code with label and definition; an unlisted code is its own label."""
        unlisted = {"codelist": codelist, "code": code, "label": code, "definition": ""}
        return self.get(codelist, {}).get(code, unlisted)

    def label(self, codelist: str, code: str | None) -> str | None:
        """Return the label of a code; the code itself if it is unlisted or None."""
        row = self.get(codelist, {}).get(code or "")
        return row["label"] if row else code


@dataclass(frozen=True)
class Store:
    """One database of a Datasette: the latest build, or a release beside it."""

    datasette: Any
    name: str

    @classmethod
    def latest(cls, datasette: Any) -> Store:
        """Return the database of the latest build: releases have its name and a version."""
        names = [name for name in datasette.databases if not name.startswith("_")]
        return cls(datasette, min(names, key=len))

    @classmethod
    def of_release(cls, datasette: Any, version: str) -> Store | None:
        """Return the database of a release, if it is served."""
        name = release_database_name(cls.latest(datasette).name, version)
        return cls(datasette, name) if name in datasette.databases else None

    @cached_property
    def release(self) -> str | None:
        """Version of the release that this is, None for the latest build."""
        latest = Store.latest(self.datasette).name
        if self.name == latest:
            return None
        return self.name.removeprefix(f"{latest}-").replace("_", ".")

    @property
    def prefix(self) -> str:
        """What the paths of this store's pages begin with: nothing for the latest build."""
        return f"/releases/{self.release}" if self.release else ""

    @property
    def database(self) -> Any:
        """The database as Datasette has it."""
        return self.datasette.databases[self.name]

    async def memoize(self, name: str, compute: Callable[[Store], Awaitable[T]]) -> T:
        """Return what `compute` gives for this store, computed once if it cannot change.

        The value is shared by all callers, so none of them may change it.
        """
        return await memoize(self.database, name, lambda: compute(self))

    async def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """Run a query and return its rows; a column that holds JSON lists holds Python lists.

        Raises
        ------
        RowsTooLarge
            If the lists have more than `LIST_BYTES`, or `LIST_PARTS` values.
        """
        result = await self.database.execute(sql, parameters)
        lists = (await self.list_columns()).intersection(result.columns)
        rows = [dict(row) for row in result.rows]
        texts = [
            (row, name)
            for name in lists
            for row in rows
            if isinstance(row[name], str) and row[name].startswith("[")
        ]
        if (
            sum(len(row[name]) for row, name in texts) > LIST_BYTES
            or sum(parts_of(row[name]) for row, name in texts) > LIST_PARTS
        ):
            raise RowsTooLarge
        for row, name in texts:
            row[name] = orjson.loads(row[name])
        return rows

    async def list_columns(self) -> frozenset[str]:
        """Return the names of the columns that hold lists, by the schemas of all tables."""
        return await self.memoize("list columns", Store._list_columns)

    async def _list_columns(self) -> frozenset[str]:
        result = await self.database.execute(LIST_COLUMNS)
        return frozenset(row["name"] for row in result.rows)

    async def truth_columns(self, table: str) -> frozenset[str]:
        """Return the columns of a table that hold yes or no, which SQLite stores as 1 and 0."""
        columns = await self.memoize("truth columns", Store._truth_columns)
        return columns.get(table, frozenset())

    async def _truth_columns(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for row in (await self.database.execute(TRUTH_COLUMNS)).rows:
            found.setdefault(row["table"], set()).add(row["column"])
        return {table: frozenset(columns) for table, columns in found.items()}

    async def tables(self) -> Mapping[str, Set[str]]:
        """Return the columns of each table and view: a release may lack what the build has."""
        return await self.memoize("tables", Store._tables)

    async def _tables(self) -> Mapping[str, Set[str]]:
        result = await self.database.execute(TABLE_COLUMNS)
        tables: dict[str, set[str]] = {}
        for row in result.rows:
            tables.setdefault(row["table"], set()).add(row["column"])
        return tables

    async def row(self, sql: str, **parameters: Any) -> Row | None:
        """Run a query and return its first row."""
        rows = await self.rows(sql, **parameters)
        return rows[0] if rows else None

    async def count(self, sql: str, **parameters: Any) -> int:
        """Run a query for one number, named ``n``, and return it; 0 if there is no row."""
        row = await self.row(sql, **parameters)
        return int(row["n"]) if row else 0

    async def codes(self) -> Codes:
        """Return labels and definitions of all codes."""
        return await self.memoize("codes", Store._codes)

    async def _codes(self) -> Codes:
        lists = Codes()
        for row in await self.rows(CODES):
            lists.setdefault(row["codelist"], {})[row["code"]] = row
        return lists
