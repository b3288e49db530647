"""Conforming a folded table to its Table Schema: columns, types, order."""

from __future__ import annotations

import polars as pl

from claimlog.schema.table_schema import Field, Table

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

SHOWN_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"
"""How times are written out: as they are read, and with the fraction of a second that none of ours
has, so that such a time is another one than ours.
"""


SCHEMA_REMEDY = "mend the schema of that table"
"""What to do where rows are not as the schema of their table says."""


def conform(frame: pl.LazyFrame, table: Table) -> pl.DataFrame:
    """Return the table's columns in their order and types, sorted by its primary key."""
    return conform_lazily(frame, table).collect()


def conform_lazily(frame: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """Return what `conform` does, not computed yet."""
    typed = frame.select(_typed_column(item) for item in table.fields)
    # typed first, because codes are smaller than text; sorted as text, not in the order of a list
    return typed.sort([_as_text(table.by_name[name]) for name in table.primary_key])


def _as_text(item: Field) -> pl.Expr:
    column = pl.col(item.name)
    return column if item.enum is None else column.cast(pl.String)


def _typed_column(item: Field) -> pl.Expr:
    column = pl.col(item.name)
    if item.derived_from is not None:
        column = pl.coalesce(column, pl.col(item.derived_from))
    if item.type == "datetime":
        return column.str.to_datetime(TIME_FORMAT, time_zone="UTC", time_unit="us")
    if item.enum is not None and item.type == "string":
        return column.cast(pl.Enum(item.enum))
    if item.type == "array":
        return column
    types = {
        "integer": pl.Int64,
        "number": pl.Float64,
        "date": pl.Date,
        "boolean": pl.Boolean,
        "string": pl.String,
    }
    return column.cast(types[item.type])


def list_json(column: pl.Expr, null_text: bool = False) -> pl.Expr:
    """Return the JSON of a column of lists; where there is no list, null, or JSON's if wanted."""
    # peel the struct that carries the encoder: {"x":…}
    text = pl.struct(x=column).struct.json_encode().str.slice(5).str.strip_suffix("}")
    return text if null_text else pl.when(column.is_not_null()).then(text)


def empty_table(table: Table) -> pl.DataFrame:
    """Return a table without rows."""
    types = {"integer": pl.Int64, "number": pl.Float64, "date": pl.Date, "boolean": pl.Boolean}
    return pl.DataFrame(schema={f.name: types.get(f.type, pl.String) for f in table.fields})
