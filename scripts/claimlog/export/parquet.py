"""Parquet: one file a table, zstd, sorted, typed, with every column's description."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from claimlog.errors import UnfitRowsError
from claimlog.export.table_types import SCHEMA_REMEDY
from claimlog.log.parquet_schema import value_paths
from claimlog.schema.table_schema import Field, Table

ROW_GROUP = 122_880  # rows; DuckDB's own unit of parallel work
ROW_NUMBER = "claimlog_row_number"


class ParquetFile:
    """A new Parquet file of a table, written in pieces that come in the order of its key.

    The same rows and library give the same bytes, whatever the pieces.

    Parameters
    ----------
    schema
        Types and notes of the columns; those of `file_schema` by default.
    target
        Where the bytes go, if not to `path`.
    are_codes_bounded
        Whether bounds of coded columns are stated, as releases before 0.4.0 do.
    """

    def __init__(
        self,
        path: Path,
        table: Table,
        schema: pa.Schema | None = None,
        target: BinaryIO | None = None,
        are_codes_bounded: bool = False,
    ) -> None:
        self.path = path
        self.target = target
        self.are_codes_bounded = are_codes_bounded
        self.table = table
        self.rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._rest: pa.Table | None = None
        self._schema = schema

    def add(self, frame: pl.DataFrame) -> None:
        """Write a conformed frame's rows, but for those that fill no row group yet."""
        # a row group at a time: a second copy of the table would double the memory
        for part in frame.iter_slices(ROW_GROUP) if frame.height else (frame,):
            self.add_arrow(part.to_arrow(compat_level=pl.CompatLevel.oldest()))

    def add_arrow(self, rows: pa.Table) -> None:
        """Do what `add` does with rows as Arrow holds them; the first say the types."""
        self.rows += rows.num_rows
        if self._schema is None:
            self._schema = file_schema(rows.schema, self.table)
        try:
            rows = rows.cast(self._schema)
        except ValueError as error:
            message = f"{self.path.name}: cannot hold a row ({error}); {SCHEMA_REMEDY}"
            raise UnfitRowsError(message) from error
        rest = rows if self._rest is None else pa.concat_tables([self._rest, rows])
        while rest.num_rows >= ROW_GROUP:
            self._write(rest.slice(0, ROW_GROUP))
            rest = rest.slice(ROW_GROUP)
        self._rest = rest

    def close(self, empty_group: bool = True) -> None:
        """Write what is left.

        Parameters
        ----------
        empty_group
            Whether a table without rows has one row group without rows, or none at all.
        """
        assert self._rest is not None, f"{self.table.name} has no piece, not even an empty one"
        if self._rest.num_rows or (empty_group and self._writer is None):
            self._write(self._rest)
        self._open_writer().close()

    def _write(self, rows: pa.Table) -> None:
        # in one piece each column: where pieces end shows in the bytes
        self._open_writer().write_table(rows.combine_chunks(), row_group_size=ROW_GROUP)

    def _open_writer(self) -> pq.ParquetWriter:
        if self._writer is None:
            target = self.target or self.path
            self._writer = open_writer(target, self._schema, self.table, self.are_codes_bounded)
        return self._writer


def open_writer(
    target: Path | BinaryIO, schema: pa.Schema, table: Table, are_codes_bounded: bool = False
) -> pq.ParquetWriter:
    """Return a writer of row groups with the settings of every file of ours.

    Of a coded column no bounds are stated. Arrow states those of all codes where one alone is not
    used and some rows have none, and programs answer by them what the least value is.
    """
    names = table.names
    bounded = [
        ".".join(path)
        for field in schema
        for path in value_paths(field)
        if not pa.types.is_dictionary(field.type)
    ]
    return pq.ParquetWriter(
        target,
        schema,
        compression="zstd",
        sorting_columns=[pq.SortingColumn(names.index(name)) for name in table.primary_key],
        write_page_index=True,
        write_statistics=are_codes_bounded or bounded,
    )


def merge_parquet(
    old: Path, file: ParquetFile, new: pl.DataFrame, removed: pl.Series | None = None
) -> None:
    """Write the rows of an earlier file of a table together with `new` ones, in order of its key.

    Only keys are compared and sorted; all else is moved as Arrow holds it, in runs of rows that
    stay together. Memory holds one row group of the earlier file at a time.

    Parameters
    ----------
    new
        Conformed rows in order of the key; no earlier row that stays has the same value as one of
        them in the first column of the key.
    removed
        Values of the first column of the key whose earlier rows are left out.
    """
    keys = file.table.primary_key
    first = keys[0]
    earlier = pq.ParquetFile(old)
    file.add(new.clear())
    for number in range(earlier.num_row_groups):
        rows = earlier.read_row_group(number)
        if rows.num_rows == 0:
            continue
        old_keys = pl.from_arrow(rows.select(keys))
        assert isinstance(old_keys, pl.DataFrame)
        last = old_keys[first].max()
        stay = pl.lit(True) if removed is None else ~pl.col(first).is_in(removed.implode())
        due = new.filter(pl.col(first) <= last)
        new = new.slice(due.height)
        order = pl.concat([_keys(old_keys).filter(stay), _keys(due.select(keys), rows.num_rows)])
        if due.height:
            order = order.sort(keys)
        file.add_arrow(_take_rows(rows, due, order[ROW_NUMBER]))
    file.add(new)
    file.close()


def _keys(keys: pl.DataFrame, first: int = 0) -> pl.DataFrame:
    """Return keys as they are sorted, codes as text, with row numbers from `first` on."""
    coded = pl.col(pl.Enum, pl.Categorical).cast(pl.String)
    return keys.with_columns(coded).with_row_index(ROW_NUMBER, first)


def _take_rows(old: pa.Table, new: pl.DataFrame, numbers: pl.Series) -> pa.Table:
    """Return the rows with some numbers, `new` ones numbered after `old` ones; most are in runs."""
    added = new.to_arrow(compat_level=pl.CompatLevel.oldest())
    rows = pa.concat_tables([old.cast(added.schema), added])
    starts = [0, *(numbers.diff() != 1).arg_true().to_list(), len(numbers)]
    runs = [rows.slice(numbers[at], end - at) for at, end in pairwise(starts) if at < end]
    return pa.concat_tables([added.slice(0, 0), *runs])


def write_parquet(frame: pl.DataFrame, table: Table, path: Path) -> None:
    """Write a conformed table; the same rows and library give the same bytes."""
    file = ParquetFile(path, table)
    file.add(frame)
    file.close()


def file_schema(schema: pa.Schema, table: Table) -> pa.Schema:
    """Return an Arrow schema with the descriptions and units of the columns."""
    fields = []
    for item, field in zip(table.fields, schema, strict=True):
        notes = column_notes(item)
        kind = field.type
        if pa.types.is_dictionary(kind):
            # Polars says of every Enum that it is ordered, and reads one by the note of its codes
            kind = pa.dictionary(kind.index_type, kind.value_type, item.ordered)
            notes |= {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        fields.append(pa.field(item.name, kind, not item.required, notes))
    return pa.schema(fields, table_notes(table))


def column_notes(item: Field) -> dict[str, str]:
    """Return the metadata of a column."""
    return {"description": item.description, **({"unit": item.unit} if item.unit else {})}


def table_notes(table: Table) -> dict[str, str]:
    """Return the metadata of a file."""
    return {"title": table.title, "description": table.description}
