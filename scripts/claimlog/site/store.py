"""Reading a compiled database for the pages: rows as dictionaries, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import orjson

Row = dict[str, Any]


ARRAYS = """select distinct "column" as name from data_dictionary where type = 'array'"""
_ARRAYS: WeakKeyDictionary[Any, frozenset[str]] = WeakKeyDictionary()


def frozen_name(name: str, version: str) -> str:
    """Return the name of a release's database; Datasette's links do not bear dots in names.

    >>> frozen_name("allied-trust", "0.2.0")
    'allied-trust-0_2_0'
    """
    return f"{name}-{version.replace('.', '_')}"


@dataclass(frozen=True)
class Store:
    """One database of a Datasette: the latest build, or a frozen release."""

    datasette: Any
    name: str

    @classmethod
    def latest(cls, datasette: Any) -> Store:
        """Return the database that is no frozen release."""
        names = [name for name in datasette.databases if not name.startswith("_")]
        return cls(datasette, min(names, key=len))

    @classmethod
    def of_release(cls, datasette: Any, version: str) -> Store | None:
        """Return the frozen database of a release, if it is served."""
        name = frozen_name(cls.latest(datasette).name, version)
        return cls(datasette, name) if name in datasette.databases else None

    @cached_property
    def frozen(self) -> str | None:
        """Version of the release that this is, None for the latest build."""
        latest = Store.latest(self.datasette).name
        if self.name == latest:
            return None
        return self.name.removeprefix(f"{latest}-").replace("_", ".")

    async def rows(self, sql: str, **given: Any) -> list[Row]:
        """Run a query and return its rows; what SQLite stores as JSON of a list is a list."""
        database = self.datasette.databases[self.name]
        found = await database.execute(sql, given)
        lists = (await self._arrays()).intersection(found.columns)
        rows = [dict(row) for row in found.rows]
        for name in lists:
            for row in rows:
                if isinstance(row[name], str) and row[name].startswith("["):
                    row[name] = orjson.loads(row[name])
        return rows

    async def _arrays(self) -> frozenset[str]:
        """Return the names of the columns that hold lists, by the schemas of all tables."""
        database = self.datasette.databases[self.name]
        if database not in _ARRAYS or database.is_mutable:
            found = await database.execute(ARRAYS)
            _ARRAYS[database] = frozenset(row["name"] for row in found.rows)
        return _ARRAYS[database]

    async def row(self, sql: str, **given: Any) -> Row | None:
        """Run a query and return its first row."""
        found = await self.rows(sql, **given)
        return found[0] if found else None

    async def codes(self) -> Mapping[str, Mapping[str, Row]]:
        """Return labels and definitions of all codes, by code list and code."""
        lists: dict[str, dict[str, Row]] = {}
        for row in await self.rows("select codelist, code, label, definition from codebook"):
            lists.setdefault(row["codelist"], {})[row["code"]] = row
        return lists
