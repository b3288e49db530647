"""Actors, incidents and rows of registers in new rows, given by identifier or by exact name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from claimlog.edit.identifier_numbers import numbered_identifiers_of
from claimlog.errors import ClaimlogError, suggest
from claimlog.log.event_log import Log
from claimlog.schema.registers import label_column
from claimlog.schema.table_schema import Field, Table


def name_column(table: Table) -> str | None:
    """Return the column that names the rows of a stream, if they can be given by name.

    A source cannot: many articles have one title.
    """
    return None if table.name == "sources" else label_column(table)


class EntityNames:
    """The live entities of a log that have names; those of a stream are read when one is named.

    Those that come with the rows in question count like those of the log.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.streams: dict[str, _Stream] = {}

    def expect(self, stream: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take what rows that are about to be added assert for entities that are there."""
        table = self.log.definition.streams[stream]
        if name_column(table):
            named = ((row.get(table.id), row) for row in rows)
            coming = {name: row for name, row in named if name and isinstance(name, str)}
            self.streams[stream] = _Stream(
                self.log, table, {**self._stream(table).coming, **coming}
            )

    def resolve(self, table: Table, item: Field, value: Any) -> Any:
        """Return a value of a column with the identifiers of the entities that it names.

        Raises
        ------
        ClaimlogError
            If a name is that of several entities, or of none and like that of one.
        """
        for key in table.foreign_keys:
            if key.column == item.name:
                return self._identifier(key.table, item.name, value)
        if item.item is not None and item.item.references:
            target = item.item.references
            return [self._identifier(target, item.name, part) for part in value or ()]
        keys = {inner.name: inner.references for inner in item.fields if inner.references}
        if not keys:
            return value
        return [
            {
                **part,
                **{
                    key: self._identifier(target, f"{item.name}: {key}", part[key])
                    for key, target in keys.items()
                },
            }
            for part in value or ()
        ]

    def _stream(self, table: Table) -> _Stream:
        return self.streams.setdefault(table.name, _Stream(self.log, table, {}))

    def _identifier(self, target: str, column: str, value: Any) -> Any:
        table = self.log.definition.streams.get(target)
        if not value or table is None or not name_column(table):
            return value
        return self._stream(table).identifier(column, value)


class _Stream:
    """The live entities of one stream, and those that come with the rows in question."""

    def __init__(self, log: Log, table: Table, coming: Mapping[str, Mapping[str, Any]]) -> None:
        self.log = log
        self.table = table
        self.coming = coming

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(self.log.ids(self.table.name))

    @cached_property
    def by_name(self) -> Mapping[str, list[str]]:
        """The identifiers of the entities that have a name."""
        column = name_column(self.table) or self.table.id
        rows = dict(self._live(column))
        rows |= {name: row[column] for name, row in self.coming.items() if row.get(column)}
        return _inverted((identifier, (name,)) for identifier, name in rows.items())

    @cached_property
    def by_alias(self) -> Mapping[str, list[str]]:
        """The identifiers of the entities that people also call so."""
        if "aliases" not in self.table.by_name:
            return {}
        rows = dict(self._live("aliases"))
        rows |= {name: row.get("aliases") for name, row in self.coming.items()}
        named = ((name, said) for name, said in rows.items() if isinstance(said, list))
        return _inverted(named)

    def identifier(self, column: str, value: str) -> str:
        """Return the identifier of the entity that a column names."""
        if value in self.ids or value in self.coming:
            return value
        named, entity = self.by_name.get(value, []), self.table.entity
        if len(named) == 1:
            return named[0]
        said = f'"{column}" names "{value[:80]}"'
        if named:
            raise ClaimlogError(
                f"{said}, as {', '.join(sorted(named))} are called; give one of these identifiers"
            )
        if meant := self.by_alias.get(value):
            owners = " and of ".join(f"{name} ({self._name(name)})" for name in meant)
            raise ClaimlogError(f"{said}, which is an alias of {owners}; give {' or '.join(meant)}")
        # numbers are all alike; what is like none is left to the rule about references
        words = () if numbered_identifiers_of(self.table) else (*self.ids, *self.coming)
        if near := suggest(value, (*words, *self.by_name)):
            raise ClaimlogError(f"{said}, which is no {entity}{near}")
        if not value.isascii() or " " in value:
            raise ClaimlogError(
                f"{said}, which is no {entity}; give the identifier or the exact name of one, or "
                f"add it first: claimlog add {entity}"
            )
        return value

    def _live(self, column: str) -> Iterable[tuple[str, Any]]:
        return self.log.live(self.table.name).select(self.table.id, column).iter_rows()

    def _name(self, identifier: str) -> str:
        return next(name for name, owners in self.by_name.items() if identifier in owners)


def _inverted(named: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for identifier, names in named:
        for name in names:
            if isinstance(name, str):
                found.setdefault(name, []).append(identifier)
    return found
