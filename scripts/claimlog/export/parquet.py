"""Parquet: one file a table, zstd, sorted, typed, with every column's description."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from claimlog.schema import Table

ROW_GROUP = 122_880  # rows; DuckDB's own unit of parallel work


class ParquetFile:
    """A new Parquet file of a table, written in pieces that come in the order of its key.

    The same rows and library give the same bytes, whatever the pieces.
    """

    def __init__(self, path: Path, table: Table) -> None:
        self.path = path
        self.table = table
        self.rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._rest: pl.DataFrame | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Write a conformed frame's rows, but for those that fill no row group yet."""
        self.rows += frame.height
        rest = frame if self._rest is None else pl.concat([self._rest, frame])
        # a row group at a time: a second copy of the table would double the memory
        whole = rest.height // ROW_GROUP * ROW_GROUP
        for start in range(0, whole, ROW_GROUP):
            self._write(rest.slice(start, ROW_GROUP))
        self._rest = rest.slice(whole)

    def close(self) -> None:
        """Write what is left."""
        assert self._rest is not None, f"{self.table.name} has no piece, not even an empty one"
        if self._writer is None or self._rest.height:
            self._write(self._rest)
        assert self._writer is not None
        self._writer.close()

    def _write(self, frame: pl.DataFrame) -> None:
        arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            names = self.table.names
            self._schema = _described(arrow.schema, self.table)
            self._writer = pq.ParquetWriter(
                self.path,
                self._schema,
                compression="zstd",
                sorting_columns=[
                    pq.SortingColumn(names.index(name)) for name in self.table.primary_key
                ],
                write_page_index=True,
            )
        self._writer.write_table(arrow.cast(self._schema), row_group_size=ROW_GROUP)


def merge(old: Path, file: ParquetFile, new: pl.DataFrame, gone: pl.Series | None = None) -> None:
    """Write the rows of an earlier file of a table together with `new` ones, in order of its key.

    Memory holds one row group of the earlier file at a time.

    Parameters
    ----------
    new
        Conformed rows, which stand in no row of the earlier file that stays.
    gone
        Values of the first column of the key whose earlier rows go.
    """
    keys = file.table.primary_key
    first = keys[0]
    earlier = pq.ParquetFile(old)
    for number in range(earlier.num_row_groups):
        rows = pl.from_arrow(earlier.read_row_group(number))
        assert isinstance(rows, pl.DataFrame)
        rows = rows.cast(new.schema)
        if rows.is_empty():
            continue
        last = rows[first].max()
        if gone is not None:
            rows = rows.filter(~pl.col(first).is_in(gone.implode()))
        before = pl.col(first) <= last
        if (due := new.filter(before)).height:
            rows = pl.concat([rows, due]).sort(
                [
                    pl.col(name).cast(pl.String)
                    if isinstance(new.schema[name], pl.Enum)
                    else pl.col(name)
                    for name in keys
                ]
            )
            new = new.filter(~before)
        file.add(rows)
    file.add(new)
    file.close()


def write_parquet(frame: pl.DataFrame, table: Table, path: Path) -> None:
    """Write a conformed table; the same rows and library give the same bytes."""
    file = ParquetFile(path, table)
    file.add(frame)
    file.close()


def _described(schema: pa.Schema, table: Table) -> pa.Schema:
    """Return an Arrow schema with the descriptions and units of the columns."""
    fields = []
    for item, field in zip(table.fields, schema, strict=True):
        notes = {"description": item.description}
        if item.unit:
            notes["unit"] = item.unit
        fields.append(pa.field(item.name, field.type, not item.required, notes))
    return pa.schema(fields, {"title": table.title, "description": table.description})
