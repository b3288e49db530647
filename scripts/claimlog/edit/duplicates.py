"""Duplicates: new rows that say what the log, the open batch or the same input says already.

Two rows of a stream are the same one if they have one identifier, or one natural key as the
stream's schema declares it. Where it declares none, or a row lacks a part of it, a row without an
identifier is the same as one with its content; an identifier of its own means another entity.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError
from claimlog.log.canonical import encode
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import POSITION, Table, empty_retired

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Duplicate:
    """A new row that was there already, and so is not added.

    Attributes
    ----------
    identifier, place
        The entity that says the same, and the file and line of the row that says it.
    since
        What became of that row, where it is not the entity's last: ``amended`` or ``retracted``.
    source
        File and line that the new row came from; None if it came from no file.
    """

    identifier: str
    place: str
    since: str | None = None
    source: str | None = None

    def __str__(self) -> str:
        since = f", {self.since} since" if self.since else ""
        return f"{self.identifier} ({self.place}{since})"


@dataclass(frozen=True)
class _Version:
    """A row, its content in canonical form, and where it stands."""

    row: Row
    content: bytes
    place: str
    kind: str


SEALED, OPEN, INPUT = "sealed", "open", "input"


class RowIndex:
    """Rows that new rows of a stream are compared with, by identifier and by natural key."""

    def __init__(self, log: Log, table: Table, new: Sequence[Row]) -> None:
        """Collect the rows of a log that any of the `new` rows could be the same as."""
        self.table = table
        self.names = [name for name in table.in_use if name != table.id]
        self.versions: dict[str, list[_Version]] = {}
        self.by_key: dict[object, dict[str, None]] = {}
        for row in _candidates(log, table, new):
            path, line = log.file_and_line(table.name, row["batch"], row["line"])
            kind = SEALED if log.by_number[row["batch"]].sealed else OPEN
            self._enter(row, f"{path}:{line}", kind)

    def enter(self, row: Row, place: str) -> None:
        """Take a new row into account for the new rows after it."""
        self._enter(row, place, INPUT)

    def duplicate(self, row: Row) -> Duplicate | None:
        """Return the row that a new one repeats, or None if it is to be added.

        What was retracted, or amended into something else, is said anew only under an identifier
        of its own: a file that is added again must not bring it back.

        Parameters
        ----------
        row
            The state of the new entity; its identifier is empty if it gets the next one.

        Raises
        ------
        ClaimlogError
            If a live entity has the key of the new one and another content.
        """
        content, identifier = self._content(row), row[self.table.id]
        if identifier in self.versions:
            return self._match(identifier, content)
        key = self._key(row)
        if identifier and not isinstance(key, tuple):
            return None  # whoever gives it an identifier of its own means another entity
        alike = self.by_key.get(key, {})
        live = [name for name in alike if self._is_live(name, key)]
        for name in live:
            if found := self._match(name, content):
                return found
        if live:
            raise self._conflict(row, live[0])
        if identifier:
            return None
        return next((found for name in alike if (found := self._match(name, content))), None)

    def _enter(self, row: Row, place: str, kind: str) -> None:
        version = _Version(row, self._content(row), place, kind)
        self.versions.setdefault(row[self.table.id], []).append(version)
        self.by_key.setdefault(self._key(row), {})[row[self.table.id]] = None

    def _content(self, row: Row) -> bytes:
        return encode(self._state(row))

    def _state(self, row: Row) -> dict[str, Any]:
        key = self.table.natural_key
        state = key.sort_ends(row) if key else row
        return {name: empty_retired(self.table.by_name[name], state[name]) for name in self.names}

    def _key(self, row: Row) -> object:
        """Return what is equal for rows that are the same; content that has no key is its own."""
        key = self.table.natural_key
        values = key and tuple(key.sort_ends(row)[name] for name in key.columns)
        return self._content(row) if not values or None in values else values

    def _is_live(self, identifier: str, key: object) -> bool:
        last = self.versions[identifier][-1].row
        return last["action"] != "retract" and self._key(last) == key

    def _match(self, identifier: str, content: bytes) -> Duplicate | None:
        versions = self.versions[identifier]
        for version in versions:
            if version.content == content:
                last = versions[-1]
                changed = "amended" if last.content != content else None
                since = "retracted" if last.row["action"] == "retract" else changed
                return Duplicate(identifier, version.place, since)
        return None

    def _conflict(self, row: Row, identifier: str) -> ClaimlogError:
        last, entity = self.versions[identifier][-1], self.table.entity
        before, after = self._state(last.row), self._state(row)
        other = ", ".join(name for name in self.names if before[name] != after[name])
        columns = self.table.natural_key.columns if self.table.natural_key else ()
        remedy = {
            SEALED: f"change that one instead: claimlog amend {entity} {shlex.quote(identifier)}",
            OPEN: f"change that one (claimlog amend {entity} {shlex.quote(identifier)}), or take "
            f"it back first (claimlog drop {shlex.quote(identifier)})",
            INPUT: "keep one of the two",
        }[last.kind]
        return ClaimlogError(
            f"has the {', '.join(columns)} of {identifier} ({last.place}), but another {other}; "
            f"{remedy}"
        )


def _candidates(log: Log, table: Table, new: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield every version of the entities of a log that new rows could be the same as."""
    key = table.natural_key
    single = [
        name
        for name in (key.columns if key else table.in_use)
        if table.by_name[name].type != "array"
    ]
    # free text is long, and what else is alike leaves few rows to compare it in
    names = [name for name in single if not table.by_name[name].own_words] or single
    rows = [row for row in new if not key or None not in (row[name] for name in key.columns)]
    if key:
        ends = dict(zip(key.exchangeable, reversed(key.exchangeable), strict=True))
        turned = [{**row, **{one: row[other] for one, other in ends.items()}} for row in rows]
        rows += turned if ends else []
    given = pl.Series([row[table.id] for row in new if row[table.id]], dtype=pl.String)
    stream = log.scan(table.name, [table.id, *names])
    if not names:  # nothing but lists: each row has to be looked at
        ids = stream.select(pl.col(table.id).cast(pl.String).unique()).collect()[table.id]
        yield from _versions(log, table, ids)
        return
    schema = {name: kind for name, kind in stream.collect_schema().items() if name in names}
    wanted = pl.LazyFrame([[row[name] for name in names] for row in rows], schema, orient="row")
    alike = stream.join(wanted.unique(), on=names, how="semi", nulls_equal=True)
    ids = pl.concat([alike.select(pl.col(table.id).cast(pl.String)).collect()[table.id], given])
    yield from _versions(log, table, ids.drop_nulls().unique())


def _versions(log: Log, table: Table, ids: pl.Series) -> Iterator[dict[str, Any]]:
    found = log.rows_of(table.name, ids, (*table.names, *POSITION))
    yield from found.sort("seq").iter_rows(named=True)
