"""Tables that say what the definition says: the codebook, and every column of every table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from claimlog.schema.codebook import CODES, DECISIONS, STEPS, VARIABLES
from claimlog.schema.definition import Definition


def definition_tables(definition: Definition) -> dict[str, pl.DataFrame]:
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
