"""Where the rows of a stream refer to an entity of another, and the same rows with others there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from claimlog.schema.table_schema import Table

Renames = Mapping[str, Mapping[str, str]]
"""New identifiers by stream and old one."""


def replace_references(row: Mapping[str, Any], table: Table, renames: Renames) -> dict[str, Any]:
    """Return a row with identifiers replaced wherever it refers to an entity."""

    def swap(stream: str, value: Any) -> Any:
        return renames.get(stream, {}).get(value, value)

    moved = {**row}
    for key in table.foreign_keys:
        moved[key.column] = swap(key.table, row[key.column])
    for item in table.fields:
        if not row.get(item.name):
            continue
        if item.item is not None and item.item.references:
            moved[item.name] = [swap(item.item.references, value) for value in row[item.name]]
        linked = {f.name: f.references for f in item.fields if f.references}
        if linked:
            moved[item.name] = [
                {**part, **{name: swap(stream, part[name]) for name, stream in linked.items()}}
                for part in row[item.name]
            ]
    return moved


def columns_naming(
    row: Mapping[str, Any], table: Table, stream: str, identifier: str
) -> Iterator[str]:
    """Yield the columns in which a row refers to an entity of a stream."""
    for key in table.foreign_keys:
        if key.table == stream and row[key.column] == identifier:
            yield key.column
    for item in table.fields:
        parts = row.get(item.name) or ()
        if item.item is not None and item.item.references == stream and identifier in parts:
            yield item.name
        inner = [one.name for one in item.fields if one.references == stream]
        if any(part[name] == identifier for name in inner for part in parts):
            yield item.name


def rows_naming(rows: pl.DataFrame, table: Table, stream: str, identifier: str) -> pl.DataFrame:
    """Return the rows that refer to an entity of a stream."""
    found = [pl.col(key.column) == identifier for key in table.foreign_keys if key.table == stream]
    for item in table.fields:
        if item.item is not None and item.item.references == stream:
            found.append(pl.col(item.name).list.contains(identifier))
        for inner in item.fields:
            if inner.references == stream:
                part = pl.element().struct.field(inner.name) == identifier
                found.append(pl.col(item.name).list.eval(part).list.any())
    return rows.filter(pl.any_horizontal(found).fill_null(False)) if found else rows.clear()
