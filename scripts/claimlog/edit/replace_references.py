"""Where the rows of a stream refer to an entity of another, and the same rows with others there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from claimlog.schema.table_schema import Table

Renames = Mapping[str, Mapping[str, str]]
"""New identifiers by stream and old one."""


class Reference(NamedTuple):
    """A place where a row refers to an entity, with the stream and identifier of that."""

    column: str
    stream: str
    identifier: Any


def references(row: Mapping[str, Any], table: Table, streams: Iterable[str]) -> Iterator[Reference]:
    """Yield where a row refers to entities; its cells may be of any shape, as no rule saw them.

    Parameters
    ----------
    streams
        Those that a column of any row (``anyRow``) may refer to; it is yielded for each of them.
    """
    for column, name in any_row_names(row, table):
        yield from (Reference(column, stream, name) for stream in streams)
    for key in table.foreign_keys:
        if row.get(key.column) is not None:
            yield Reference(key.column, key.table, row[key.column])
    for item in table.fields:
        parts = row.get(item.name)
        for part in parts if isinstance(parts, list) else ():
            if item.item is not None and item.item.references:
                yield Reference(item.name, item.item.references, part)
            for inner in item.fields:
                if inner.references and isinstance(part, dict) and part.get(inner.name):
                    yield Reference(item.name, inner.references, part[inner.name])


def any_row_names(row: Mapping[str, Any], table: Table) -> Iterator[tuple[str, Any]]:
    """Yield the columns of a row that name a row of whichever stream, with its identifier."""
    for item in table.fields:
        value = row.get(item.name)
        if item.any_row and value is not None:
            yield item.name, value
        for inner in item.fields:
            for part in value if inner.any_row and isinstance(value, list) else ():
                if isinstance(part, dict) and part.get(inner.name):
                    yield item.name, part[inner.name]


def replace_references(row: Mapping[str, Any], table: Table, renames: Renames) -> dict[str, Any]:
    """Return a row with identifiers replaced wherever it refers to an entity.

    In a column of any row that is whatever has the identifier: what two streams have must have been
    refused (`any_row_references`).
    """

    def swap(stream: str | None, value: Any) -> Any:
        found = renames.values() if stream is None else [renames.get(stream, {})]
        return next((new[value] for new in found if value in new), value)

    moved = {**row}
    for key in table.foreign_keys:
        moved[key.column] = swap(key.table, row[key.column])
    for item in table.fields:
        if not row.get(item.name):
            continue
        if item.any_row:
            moved[item.name] = swap(None, row[item.name])
        if item.item is not None and item.item.references:
            moved[item.name] = [swap(item.item.references, value) for value in row[item.name]]
        linked = {f.name: f.references for f in item.fields if f.references or f.any_row}
        if linked:
            moved[item.name] = [
                {**part, **{name: swap(stream, part[name]) for name, stream in linked.items()}}
                for part in row[item.name]
            ]
    return moved


def columns_naming(row: Mapping[str, Any], table: Table, stream: str, identifier: str) -> list[str]:
    """Return the columns in which a row refers to an entity of a stream, each once."""
    found = (one for one in references(row, table, [stream]) if one[1:] == (stream, identifier))
    return [*dict.fromkeys(one.column for one in found)]


def rows_naming(rows: pl.DataFrame, table: Table, stream: str, identifier: str) -> pl.DataFrame:
    """Return the rows that refer to an entity of a stream."""
    found = [pl.col(key.column) == identifier for key in table.foreign_keys if key.table == stream]
    for item in table.fields:
        if item.any_row:
            found.append(pl.col(item.name) == identifier)
        if item.item is not None and item.item.references == stream:
            found.append(pl.col(item.name).list.contains(identifier))
        for inner in item.fields:
            if inner.references == stream or inner.any_row:
                part = pl.element().struct.field(inner.name) == identifier
                found.append(pl.col(item.name).list.eval(part).list.any())
    return rows.filter(pl.any_horizontal(found).fill_null(False)) if found else rows.clear()
