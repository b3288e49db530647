"""Actors, incidents and rows of registers in new rows, given by identifier or by exact name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from claimlog.edit.identifier_numbers import numbered_identifiers_of
from claimlog.errors import ClaimlogError, Suggestions
from claimlog.log.event_log import Log
from claimlog.schema.registers import label_column
from claimlog.schema.table_schema import Field, Table

OWNERS = 8
"""Entities of one name that a message lists."""


def name_column(table: Table) -> str | None:
    """Return the column that names the rows of a stream, if they can be given by name.

    A source cannot: many articles have one title.
    """
    return None if table.name == "sources" else label_column(table)


class EntityNames:
    """The live entities of a log that have names; those of a stream are read when one is named.

    Those that come with the rows in question count like those of the log.
    """

    def __init__(self, log: Log, suggestions: Suggestions) -> None:
        self.log = log
        self.suggestions = suggestions
        self.streams: dict[str, _Stream] = {}

    def expect(self, stream: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take what rows that are about to be added assert for entities that are there."""
        table = self.log.definition.streams[stream]
        if name_column(table):
            named = ((row.get(table.id), row) for row in rows)
            coming = {name: row for name, row in named if name and isinstance(name, str)}
            before = self._stream(table).coming
            self.streams[stream] = _Stream(self.log, table, {**before, **coming}, self.suggestions)

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
        return self.streams.setdefault(table.name, _Stream(self.log, table, {}, self.suggestions))

    def _identifier(self, target: str, column: str, value: Any) -> Any:
        table = self.log.definition.streams.get(target)
        if not value or table is None or not name_column(table):
            return value
        return self._stream(table).identifier(column, value)


class _Stream:
    """The live entities of one stream, and those that come with the rows in question."""

    def __init__(
        self,
        log: Log,
        table: Table,
        coming: Mapping[str, Mapping[str, Any]],
        suggestions: Suggestions,
    ) -> None:
        self.log = log
        self.table = table
        self.coming = coming
        self.suggestions = suggestions

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(self.log.ids(self.table.name))

    @cached_property
    def names(self) -> Mapping[str, Any]:
        """What the entities are called, by their identifiers; of a row that comes, any value."""
        column = name_column(self.table) or self.table.id
        rows = dict(self._live(column))
        return rows | {name: row[column] for name, row in self.coming.items() if row.get(column)}

    @cached_property
    def by_name(self) -> Mapping[str, list[str]]:
        """The identifiers of the entities that have a name."""
        return _inverted((identifier, (name,)) for identifier, name in self.names.items())

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
            few = ", ".join(sorted(named)[:OWNERS]) + (", …" if len(named) > OWNERS else "")
            raise ClaimlogError(f"{said}, as {few} are called; give one of these identifiers")
        if meant := self.by_alias.get(value):
            owners = " and of ".join(self._owner(name) for name in meant[:OWNERS])
            few = " or ".join(meant[:OWNERS]) + (" or …" if len(meant) > OWNERS else "")
            raise ClaimlogError(f"{said}, which is an alias of {owners}; give {few}")
        if near := self.suggestions.nearest(value, self._words):
            raise ClaimlogError(f"{said}, which is no {entity}{near}")
        if not value.isascii() or " " in value:
            raise ClaimlogError(
                f"{said}, which is no {entity}; give the identifier or the exact name of one, or "
                f"add it first: claimlog add {entity}"
            )
        return value

    def _live(self, column: str) -> Iterable[tuple[str, Any]]:
        return self.log.live(self.table.name).select(self.table.id, column).iter_rows()

    def _words(self) -> Iterator[str]:
        """Yield what a value may have been meant as."""
        # numbers are all alike; what is like none is left to the rule about references
        if not numbered_identifiers_of(self.table):
            yield from self.ids
            yield from self.coming
        yield from self.by_name

    def _owner(self, identifier: str) -> str:
        """Return an entity as a message names it; one that comes may have no name."""
        name = self.names.get(identifier)
        return f"{identifier[:80]} ({name[:80]})" if isinstance(name, str) else identifier[:80]


def _inverted(named: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for identifier, names in named:
        for name in names:
            if isinstance(name, str):
                found.setdefault(name, []).append(identifier)
    return found
