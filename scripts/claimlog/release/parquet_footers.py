"""What a Parquet file says of its rows: columns, statistics, indexes of pages.

A program that filters reads these first and skips the rows that, by them, cannot match: with false
ones it is shown fewer rows than there are. So the rows are written once more by the same writer,
and must give the same bytes. Where another version of the library wrote the file, its statistics
are compared with the rows, and the indexes of pages are not.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from claimlog.export.conform import conform, empty
from claimlog.export.parquet import ROW_GROUP, column_notes, open_writer, table_notes
from claimlog.schema.table_schema import Table

ARROW = b"ARROW:schema"
"""Note of the footer in which Arrow keeps its own types: compared as columns, not as bytes."""

OF_POLARS = b"_PL_"
"""How the notes begin by which Polars knows the codes of a column."""


def footer_flaws(path: Path, table: Table) -> tuple[list[str], bool]:
    """Return how a Parquet file misstates its rows, and whether all that it states was checked.

    The rows must have been found to be the table's before: all are read.
    """
    data = path.read_bytes()
    with pq.ParquetFile(io.BytesIO(data)) as file:
        if flaws := [*_column_flaws(file.schema_arrow, table)]:
            return flaws, True
        again, library = _written_again(file, table)
        if _without_types(data) == _without_types(again):
            return [], True
        flaws = [*_statistics_flaws(file, table)]
        if flaws or file.metadata.created_by == library:
            return flaws or [f"is not to the byte what {library} writes of its rows"], True
    return [], False


def _column_flaws(schema: pa.Schema, table: Table) -> Iterator[str]:
    """Yield how columns and their notes are others than the definition gives."""
    if schema.names != [*table.names]:
        yield "has other columns than its schema, or in another order"
        return
    expected = conform(empty(table).lazy(), table).to_arrow(compat_level=pl.CompatLevel.oldest())
    for item, field, given in zip(table.fields, schema, expected.schema, strict=True):
        if item.type == "array":
            as_given = pa.types.is_list(field.type) or pa.types.is_large_list(field.type)
        else:
            as_given = _plain(field.type) == _plain(given.type)
        if not as_given:
            yield f"has {item.name} as {str(field.type)[:80]}"
        notes = {k: v for k, v in (field.metadata or {}).items() if not k.startswith(OF_POLARS)}
        notes.pop(b"PARQUET:field_id", None)
        if notes != _encoded(column_notes(item)):
            yield f"says something else of {item.name} than its schema"
    if (schema.metadata or {}) != _encoded(table_notes(table)):
        yield "says something else of itself than its schema"


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type of values, whether or not they are held as codes and in which layout."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_large_string(kind) else kind


def _encoded(notes: dict[str, str]) -> dict[bytes, bytes]:
    return {key.encode(): value.encode() for key, value in notes.items()}


def _written_again(file: pq.ParquetFile, table: Table) -> tuple[bytes, str]:
    """Return the bytes that our writer gives the rows of a file, and the library that wrote."""
    target = io.BytesIO()
    with open_writer(target, file.schema_arrow, table) as writer:
        for number in range(file.num_row_groups):
            rows = file.read_row_group(number)
            writer.write_table(rows.combine_chunks(), row_group_size=ROW_GROUP)
    data = target.getvalue()
    return data, str(pq.read_metadata(io.BytesIO(data)).created_by)


def _without_types(data: bytes) -> bytes:
    """Return a Parquet file without Arrow's note of its types."""
    note = (pq.read_metadata(io.BytesIO(data)).metadata or {}).get(ARROW, b"")
    return data.replace(note, b"") if note and data.count(note) == 1 else data


def _statistics_flaws(file: pq.ParquetFile, table: Table) -> Iterator[str]:
    """Yield where the statistics of row groups are not those of the values."""
    footer = file.metadata
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    if footer.num_rows != sum(group.num_rows for group in groups):
        yield "states another number of rows than its row groups"
    sorting = [(table.names.index(name), False, False) for name in table.primary_key]
    for number, group in enumerate(groups):
        rows = file.read_row_group(number)
        if rows.num_rows != group.num_rows:
            yield f"states another number of rows in row group {number}"
        found = [(c.column_index, c.descending, c.nulls_first) for c in group.sorting_columns or ()]
        if found and found != sorting:
            yield f"states another order of rows in row group {number}"
        for at in range(group.num_columns):
            column = group.column(at)
            if column.file_path or column.bloom_filter_offset is not None:
                yield f"has values or a filter of {column.path_in_schema} elsewhere"
            elif not _is_true(column, *_values(rows, column.path_in_schema)):
                yield f"states other bounds of {column.path_in_schema} than its values have"


def _values(rows: pa.Table, path: str) -> tuple[pa.Array, bool]:
    """Return the values of a column, those in lists one after the other, and whether as codes."""
    name, *parts = path.split(".")
    values = rows.column(name).combine_chunks()
    for part in parts:
        if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
            if part == "list":
                continue
            values = values.flatten()
        elif pa.types.is_struct(values.type):
            values = pc.struct_field(values, part)
    coded = pa.types.is_dictionary(values.type)
    return (values.dictionary_decode() if coded else values).drop_null(), coded


def _is_true(column: pq.ColumnChunkMetaData, values: pa.Array, coded: bool) -> bool:
    """Whether the statistics of a column in a row group say of its values what is so."""
    said = column.statistics
    if said is None:
        return True
    if said.has_null_count and said.null_count != column.num_values - len(values):
        return False
    if said.has_distinct_count and said.distinct_count != pc.count_distinct(values).as_py():
        return False
    if not said.has_min_max:
        return True
    if not len(values):
        return False
    bounds = pc.min_max(values).as_py()
    if coded:  # Arrow may state bounds of the codes that there are, used or not
        return bool(said.min <= bounds["min"] and bounds["max"] <= said.max)
    return bool(said.min == bounds["min"] and said.max == bounds["max"])
