"""Types of a stream's columns in memory; date-times stay as they are written."""

from __future__ import annotations

import polars as pl

from claimlog.schema.table_schema import Field, Table

TYPES = {"integer": pl.Int64(), "number": pl.Float64(), "boolean": pl.Boolean()}
"""Types of values by their type in a Table Schema; anything else is text."""


def column_type(item: Field) -> pl.DataType:
    """Return the type in which the log holds a column, or a part of a list."""
    if item.type != "array":
        return TYPES.get(item.type, pl.String())
    if item.item is not None:
        return pl.List(column_type(item.item))
    inner = sorted(item.fields, key=lambda part: part.name)
    return pl.List(pl.Struct({part.name: column_type(part) for part in inner}))


def empty_frame(table: Table) -> pl.DataFrame:
    """Return a stream's frame without rows."""
    return pl.DataFrame(schema={item.name: column_type(item) for item in table.fields})
