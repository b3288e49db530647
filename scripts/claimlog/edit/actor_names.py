"""Actors in new rows, given by identifier or by exact name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from claimlog.errors import ClaimlogError, suggest
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Field, Table

REGISTER = "actors"


class ActorNames:
    """The live actors of a log, by identifier and by name; read when a row first names one.

    Those that come with the rows in question count like those of the log.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.coming: dict[str, Mapping[str, Any]] = {}

    def expect(self, stream: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the actors among rows that are about to be added for actors that are there."""
        if stream == REGISTER:
            named = ((row.get("actor_id"), row) for row in rows)
            self.coming |= {name: row for name, row in named if name and isinstance(name, str)}

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(self.log.ids(REGISTER))

    @cached_property
    def by_name(self) -> Mapping[str, list[str]]:
        """The identifiers of the actors that have a name."""
        rows = dict(self.log.live(REGISTER).select("actor_id", "name").iter_rows())
        rows |= {name: row["name"] for name, row in self.coming.items() if row.get("name")}
        return _inverted((identifier, (name,)) for identifier, name in rows.items())

    @cached_property
    def by_alias(self) -> Mapping[str, list[str]]:
        """The identifiers of the actors that people also call so."""
        if "aliases" not in self.log.definition.streams[REGISTER].by_name:
            return {}
        rows = dict(self.log.live(REGISTER).select("actor_id", "aliases").iter_rows())
        rows |= {name: row.get("aliases") for name, row in self.coming.items()}
        named = ((name, said) for name, said in rows.items() if isinstance(said, list))
        return _inverted(named)

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
        if not value or value in self.ids or value in self.coming:
            return value
        named = self.by_name.get(value, [])
        if len(named) == 1:
            return named[0]
        said = f'"{column}" names "{value[:80]}"'
        if named:
            raise ClaimlogError(
                f"{said}, as {', '.join(named)} are called; give one of these identifiers"
            )
        if meant := self.by_alias.get(value):
            actors = " and of ".join(f"{name} ({self._name(name)})" for name in meant)
            raise ClaimlogError(f"{said}, which is an alias of {actors}; give {' or '.join(meant)}")
        # what is like none is left to the rule about references
        if near := suggest(value, (*self.ids, *self.coming, *self.by_name)):
            raise ClaimlogError(f"{said}, which is no actor{near}")
        if not value.isascii() or " " in value:
            raise ClaimlogError(
                f"{said}, which is no actor; give the identifier or the exact name of one, or add "
                "it first: claimlog add actor"
            )
        return value

    def _name(self, identifier: str) -> str:
        return next(name for name, actors in self.by_name.items() if identifier in actors)


def _inverted(named: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for identifier, names in named:
        for name in names:
            if isinstance(name, str):
                found.setdefault(name, []).append(identifier)
    return found
