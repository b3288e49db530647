"""Parquet: one file a table, zstd, sorted, typed, with every column's description."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from claimlog.schema import Table

ROW_GROUP = 122_880  # rows; DuckDB's own unit of parallel work


def write_parquet(frame: pl.DataFrame, table: Table, path: Path) -> None:
    """Write a conformed table; the same rows and library give the same bytes."""
    data = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    fields = []
    for item, field in zip(table.fields, data.schema, strict=True):
        notes = {"description": item.description}
        if item.unit:
            notes["unit"] = item.unit
        fields.append(pa.field(item.name, field.type, not item.required, notes))
    notes = {"title": table.title, "description": table.description}
    data = data.cast(pa.schema(fields, notes))
    sorting = [pq.SortingColumn(table.names.index(name)) for name in table.primary_key]
    pq.write_table(
        data,
        path,
        compression="zstd",
        row_group_size=ROW_GROUP,
        sorting_columns=sorting,
        write_page_index=True,
    )
