"""Actors in new rows, given by identifier or by exact name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from claimlog.errors import ClaimlogError, suggest
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Field, Table

REGISTER = "actors"


class ActorNames:
    """The live actors of a log, by identifier and by name; read when a row first names one."""

    def __init__(self, log: Log) -> None:
        self.log = log

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(self.log.ids(REGISTER))

    @cached_property
    def by_name(self) -> Mapping[str, list[str]]:
        rows = self.log.live(REGISTER).select("actor_id", "name").iter_rows()
        named: dict[str, list[str]] = {}
        for identifier, name in rows:
            named.setdefault(name, []).append(identifier)
        return named

    def resolve(self, table: Table, item: Field, value: Any) -> Any:
        """Return a value of a column with the identifiers of the actors that it names.

        Raises
        ------
        ClaimlogError
            If a name is that of several actors, or of none and like that of one.
        """
        if any(key.column == item.name and key.table == REGISTER for key in table.foreign_keys):
            return self._identifier(item.name, value)
        if item.item is not None and item.item.references == REGISTER:
            return [self._identifier(item.name, part) for part in value or ()]
        keys = [inner.name for inner in item.fields if inner.references == REGISTER]
        if not keys:
            return value
        return [
            {**part, **{key: self._identifier(f"{item.name}: {key}", part[key]) for key in keys}}
            for part in value or ()
        ]

    def _identifier(self, column: str, value: Any) -> Any:
        if not value or value in self.ids:
            return value
        named = self.by_name.get(value, [])
        if len(named) == 1:
            return named[0]
        if named:
            raise ClaimlogError(
                f'"{column}" names "{value}", as {", ".join(named)} are called; give one of these'
            )
        # what is like none is left to the rule about references: it may come with this file
        if near := suggest(value, (*self.ids, *self.by_name)):
            raise ClaimlogError(f'"{column}" names "{value[:80]}", which is no actor{near}')
        if not value.isascii() or " " in value:
            raise ClaimlogError(
                f'"{column}" names "{value[:80]}", which is no actor; add it first: claimlog add '
                "actor"
            )
        return value
