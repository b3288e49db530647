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
    schema = _described(_arrow(frame.clear()).schema, table)
    sorting = [pq.SortingColumn(table.names.index(name)) for name in table.primary_key]
    with pq.ParquetWriter(
        path, schema, compression="zstd", sorting_columns=sorting, write_page_index=True
    ) as writer:
        # a row group at a time: a second copy of the table would double the memory
        for part in frame.iter_slices(ROW_GROUP):
            writer.write_table(_arrow(part).cast(schema), row_group_size=ROW_GROUP)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _described(schema: pa.Schema, table: Table) -> pa.Schema:
    """Return an Arrow schema with the descriptions and units of the columns."""
    fields = []
    for item, field in zip(table.fields, schema, strict=True):
        notes = {"description": item.description}
        if item.unit:
            notes["unit"] = item.unit
        fields.append(pa.field(item.name, field.type, not item.required, notes))
    return pa.schema(fields, {"title": table.title, "description": table.description})
