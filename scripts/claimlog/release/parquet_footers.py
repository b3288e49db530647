"""Check the footer of a Parquet file against its rows: places of columns, statistics.

A program that filters reads statistics first and skips the row groups that cannot match, so false
ones hide rows from it. A column that lies in two places is read differently by two readers.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from claimlog.export.parquet import column_notes, table_notes
from claimlog.schema.table_schema import Table

LIBRARY = f"parquet-cpp-arrow version {pa.__version__}"
VERSION_OF_LIBRARY = re.compile(r"parquet-cpp-arrow version [0-9]{1,4}(\.[0-9]{1,4}){2}")
ARROW_SCHEMA = b"ARROW:schema"
"""Key of the footer's metadata under which Arrow stores its own types."""

POLARS_PREFIX = b"_PL_"
"""How the notes begin by which Polars knows the codes of a column; releases up to 0.2.0 have none.
"""

MAGIC_BYTES = 4
"""Bytes before the first column."""


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file by its handle: a library may not know the encoding of the name."""
    with path.open("rb") as handle, pq.ParquetFile(handle) as file:
        yield file


def created_by(path: Path) -> str:
    """Return the library that a file names as its writer."""
    with open_parquet(path) as file:
        return str(file.metadata.created_by)


def row_groups(path: Path) -> int:
    """Return the number of row groups that a file states."""
    with open_parquet(path) as file:
        return int(file.num_row_groups)


def stated_schema(path: Path) -> pa.Schema:
    """Return the types that Arrow stored in the footer."""
    with open_parquet(path) as file:
        note = base64.b64decode(file.metadata.metadata[ARROW_SCHEMA], validate=True)
    return pa.ipc.read_schema(pa.BufferReader(note))


def footer_flaws(path: Path, table: Table) -> Iterator[str]:
    """Yield where a footer does not fit the rows as Arrow reads them.

    All rows are read, a row group at a time.
    """
    with open_parquet(path) as file:
        flaws = [*_note_flaws(file, table), *_place_flaws(file.metadata)]
        yield from flaws or _statistics_flaws(file, table)


def _note_flaws(file: pq.ParquetFile, table: Table) -> Iterator[str]:
    """Yield the notes of a file and its columns that the definition does not give.

    Programs act on notes: by one, some versions of Arrow unpickle what stands in another.
    """
    schema, notes = file.schema_arrow, _as_bytes(table_notes(table))
    if schema.names != [*table.names]:
        yield "has other columns than its schema, or in another order"
        return
    # each stands there twice: for every reader, and in the note that only Arrow reads
    own = {name: note for name, note in file.metadata.metadata.items() if name != ARROW_SCHEMA}
    if own != notes or schema.metadata != notes:
        yield "says something else of itself than its schema"
    for item, field in zip(table.fields, schema, strict=True):
        said = without_codes(field.metadata or {})
        if said != _as_bytes(column_notes(item)) or _has_inner_notes(field.type):
            yield f"says something else of {item.name} than its schema"


def without_codes(notes: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the notes of a column without those by which Polars knows its codes."""
    return {name: note for name, note in notes.items() if not name.startswith(POLARS_PREFIX)}


def _as_bytes(notes: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): note.encode() for name, note in notes.items()}


def _has_inner_notes(kind: pa.DataType) -> bool:
    """Whether a type, or one inside of it, has notes, which ours never have."""
    inner = [kind.field(number) for number in range(kind.num_fields)]
    return isinstance(kind, pa.BaseExtensionType) or any(
        field.metadata or _has_inner_notes(field.type) for field in inner
    )


def _place_flaws(footer: pq.FileMetaData) -> Iterator[str]:
    """Yield columns that do not follow each other, or whose dictionary is not before their data."""
    position = MAGIC_BYTES
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        for at in range(group.num_columns):
            column = group.column(at)
            data, codes = column.data_page_offset, column.dictionary_page_offset
            start, end = data if codes is None else codes, position + column.total_compressed_size
            if column.file_path or column.bloom_filter_offset is not None:
                yield f"has values or a filter of {column.path_in_schema} elsewhere"
            elif group.num_rows and (start != position or not start <= data < end or codes == data):
                yield f"has {column.path_in_schema} in another place than after the column before"
            position = end


def _statistics_flaws(file: pq.ParquetFile, table: Table) -> Iterator[str]:
    """Yield where the statistics of row groups do not fit their values."""
    footer = file.metadata
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    if footer.num_rows != sum(group.num_rows for group in groups):
        yield "states another number of rows than its row groups"
    sorting = [(table.names.index(name), False, False) for name in table.primary_key]
    for number, group in enumerate(groups):
        rows = file.read_row_group(number)
        if rows.num_rows != group.num_rows:
            yield f"states another number of rows in row group {number}"
        stated = [
            (c.column_index, c.descending, c.nulls_first) for c in group.sorting_columns or ()
        ]
        if stated and stated != sorting:
            yield f"states another order of rows in row group {number}"
        for at in range(group.num_columns):
            column = group.column(at)
            if column.statistics is None:
                # our writer states them; other readers may see what Arrow passes over
                if group.num_rows:
                    yield f"states no bounds of {column.path_in_schema} that Arrow believes"
            elif not _fits_values(column, *_values(rows, column.path_in_schema)):
                yield f"states other bounds of {column.path_in_schema} than its values have"


def _values(rows: pa.Table, path: str) -> tuple[pa.Array, bool]:
    """Return the values of a column, lists flattened, and whether it is dictionary-encoded."""
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


def _fits_values(column: pq.ColumnChunkMetaData, values: pa.Array, coded: bool) -> bool:
    """Whether the statistics of a column in a row group fit its values."""
    statistics = column.statistics
    if statistics.has_null_count and statistics.null_count != column.num_values - len(values):
        return False
    if (
        statistics.has_distinct_count
        and statistics.distinct_count != pc.count_distinct(values).as_py()
    ):
        return False
    if not statistics.has_min_max:
        return True
    if not len(values):
        return False
    bounds = pc.min_max(values).as_py()
    if coded:  # Arrow may state bounds of the codes that there are, used or not
        return bool(statistics.min <= bounds["min"] and bounds["max"] <= statistics.max)
    return bool(statistics.min == bounds["min"] and statistics.max == bounds["max"])
