"""Conforming a folded table to its Table Schema: columns, types, order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from claimlog.schema.codebook import CODES, DECISIONS, STEPS, VARIABLES
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Field, Table

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


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


def constant_tables(definition: Definition) -> dict[str, pl.DataFrame]:
    """Return the tables that describe the dataset rather than the world."""
    book = definition.codebook
    codes = [{"codelist": name, **row} for name, rows in book.codes.items() for row in rows]
    variables = [
        {
            **row,
            "position": position,
            "definition": " ".join(item.description for item in definition.columns(row)),
        }
        for position, row in enumerate(book.variables, 1)
    ]
    columns = [
        {
            "table": table.name,
            "column": item.name,
            "position": position,
            "type": item.type,
            "unit": item.unit,
            "codelist": item.codelist,
            "required": item.required,
            "description": item.description,
        }
        for table in definition.tables.values()
        for position, item in enumerate(table.fields, 1)
    ]
    return {
        "codebook": _frame(codes, ("codelist", *CODES)),
        "codebook_variables": _frame(variables, (*VARIABLES, "position", "definition")),
        "codebook_steps": _frame(book.steps, STEPS),
        "codebook_decisions": _frame(book.decisions, DECISIONS),
        "data_dictionary": _frame(columns),
    }


def _frame(rows: Sequence[Mapping[str, object]], columns: Sequence[str] = ()) -> pl.DataFrame:
    """Return rows as a frame; one of none has the columns that its file may leave empty."""
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    frame = pl.DataFrame(rows, infer_schema_length=None)
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    # an empty cell of a CSV is an absent value
    return frame.with_columns(pl.col(name).replace("", None) for name in texts)


def empty_table(table: Table) -> pl.DataFrame:
    """Return a table without rows."""
    types = {"integer": pl.Int64, "number": pl.Float64, "date": pl.Date, "boolean": pl.Boolean}
    return pl.DataFrame(schema={f.name: types.get(f.type, pl.String) for f in table.fields})
