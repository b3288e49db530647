"""Check the footer of a Parquet file against its rows: places of columns, statistics.

A program that filters reads statistics first and skips the row groups that cannot match, so false
ones hide rows from it. A column that lies in two places is read differently by two readers.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from claimlog.export.parquet import column_notes, table_notes
from claimlog.log.columnar import ROWS
from claimlog.log.parquet_bounds import ChunkBounds, leaf_columns
from claimlog.log.parquet_lists import list_flaw
from claimlog.log.parquet_pages import (
    ARROW_SCHEMA,
    CODECS,
    DATA_V2,
    END_BYTES,
    MAGIC_BYTES,
    UNCOMPRESSED,
    check_orders,
    chunk_of,
    footer_bytes,
    pages,
)
from claimlog.log.parquet_schema import has_inner_notes, schema_flaws
from claimlog.log.parquet_shapes import (
    CHUNK_OF_TABLE,
    COLUMN_FIELDS,
    FOOTER_OF_TABLE,
    GROUP_OF_TABLE,
)
from claimlog.log.thrift_compact import Compact, Shape
from claimlog.schema.table_schema import Field, Table

LIBRARY = f"parquet-cpp-arrow version {pa.__version__}"
VERSION_OF_LIBRARY = re.compile(r"parquet-cpp-arrow version [0-9]{1,4}(\.[0-9]{1,4}){2}")
POLARS_PREFIX = b"_PL_"
"""How the notes begin by which Polars knows the codes of a column; releases up to 0.2.0 have none.
"""


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


def states_bounds_of_codes(path: Path) -> bool:
    """Whether a file states statistics of a coded column, as releases before 0.4.0 do."""
    with open_parquet(path) as file:
        footer, schema = file.metadata, file.schema_arrow
        coded = {field.name for field in schema if pa.types.is_dictionary(field.type)}
        columns = (
            footer.row_group(group).column(at)
            for group in range(footer.num_row_groups)
            for at in range(footer.num_columns)
        )
        return any(it.path_in_schema in coded and it.is_stats_set for it in columns)


def stated_schema(path: Path) -> pa.Schema:
    """Return the types that Arrow stored in the footer."""
    with open_parquet(path) as file:
        note = base64.b64decode(file.metadata.metadata[ARROW_SCHEMA], validate=True)
    return pa.ipc.read_schema(pa.BufferReader(note))


def footer_flaws(path: Path, table: Table, has_code_bounds: bool) -> Iterator[str]:
    """Yield what the footer and the page headers of a file say that is not true of its rows.

    All rows are read, a row group at a time.

    Parameters
    ----------
    has_code_bounds
        Whether bounds of a coded column may be those of all codes, as in releases before 0.4.0.
    """
    with open_parquet(path) as file, path.open("rb") as headers:
        flaws = [
            *_note_flaws(file, table),
            *_place_flaws(file.metadata),
            *_footer_flaws(headers, path, file),
        ]
        yield from flaws or _statistics_flaws(headers, path, file, table, has_code_bounds)


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
        if said != _as_bytes(column_notes(item)) or has_inner_notes(field.type):
            yield f"says something else of {item.name} than its schema"


def without_codes(notes: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the notes of a column without those by which Polars knows its codes."""
    return {name: note for name, note in notes.items() if not name.startswith(POLARS_PREFIX)}


def _as_bytes(notes: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): note.encode() for name, note in notes.items()}


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


def _footer_flaws(headers: BinaryIO, path: Path, file: pq.ParquetFile) -> Iterator[str]:
    """Yield what a footer says that Arrow does not pass on: other programs act on it.

    Spark divides a file by the sizes of its row groups, and looks a value up in a dictionary alone
    where all pages are said to use it.
    """
    read, size = file.metadata, path.stat().st_size
    try:
        content = footer_bytes(path)
        length, footer = len(content), _footer(content)
        groups = footer[4]
        chunks = ([chunk_of(chunk) for chunk in group[1]] for group in groups)
        yield from schema_flaws(footer[2], chunks, file.schema_arrow)
        end = MAGIC_BYTES
        indexes: list[tuple[int, int]] = []
        for number, group in enumerate(groups):
            yield from _group_flaws(headers, number, group, read.row_group(number), end)
            for chunk in group[1]:
                end += chunk[3][7]
                indexes += [(chunk[at], chunk[at + 1]) for at in (4, 6) if at in chunk]
        for start, length_of_index in sorted(indexes):
            if start != end:
                break
            end += length_of_index
        if end != size - END_BYTES - length:
            yield "has bytes that belong to no column and no index of one"
    except (ValueError, KeyError) as error:
        why = str(error) if isinstance(error, ValueError) else "the footer lacks what each has"
        yield f"has a footer that is none of our writer's: {why}"


def _footer(content: bytes) -> dict[int, Any]:
    """Return what a footer says, in which every reader finds the same.

    Raises
    ------
    ValueError
        If there is anything in it that our writer does not put there.
    """
    reader = Compact(content, "the footer", others=Shape())
    footer = reader.struct(shapes=FOOTER_OF_TABLE)
    check_orders(footer)
    if reader.at != len(content) or not footer.keys() <= FOOTER_OF_TABLE.keys():
        raise ValueError("it holds more than our writer puts there")
    return footer


def _group_flaws(
    headers: BinaryIO, number: int, group: Mapping[int, Any], read: pq.RowGroupMetaData, start: int
) -> Iterator[str]:
    """Yield where a row group says something else of itself than its columns do."""
    columns = [chunk_of(chunk) for chunk in group[1]]
    sizes = {
        2: sum(column.total_uncompressed_size for column in columns),
        5: start,
        6: sum(column.total_compressed_size for column in columns),
        7: number,
    }
    if not group.keys() <= GROUP_OF_TABLE.keys() or any(
        group.get(field, value) != value for field, value in sizes.items()
    ):
        yield f"states another size or place of row group {number} than its columns have"
    for chunk, column in zip(group[1], columns, strict=True):
        name = column.path_in_schema
        if not (chunk.keys() <= CHUNK_OF_TABLE.keys() and chunk[3].keys() <= COLUMN_FIELDS):
            yield f"says more of {name} than our writer does"
        if column.codec not in CODECS:
            yield f"compresses {name} otherwise than our writer"
        if not read.num_rows:
            continue  # a group of no rows may have no page of data
        own = [*pages(headers, column)]
        if any(page.kind == DATA_V2 for page in own):
            yield f"has pages of {name} of another version than our writer's"
        if column.codec == UNCOMPRESSED and any(page.packed != page.unpacked for page in own):
            yield f"has pages of {name} of two sizes"
        if not column.fits(Counter((page.kind, page.encoding) for page in own)):
            yield f"states other encodings of {name} than its pages have"


def _statistics_flaws(
    headers: BinaryIO, path: Path, file: pq.ParquetFile, table: Table, has_code_bounds: bool
) -> Iterator[str]:
    """Yield which statistics of row groups and pages are not those of their values."""
    footer = file.metadata
    if footer.num_rows != sum(footer.row_group(at).num_rows for at in range(footer.num_row_groups)):
        yield "states another number of rows than its row groups"
    sorting = [(table.names.index(name), False, False) for name in table.primary_key]
    for number, group in enumerate(_footer(footer_bytes(path))[4]):
        rows, read = file.read_row_group(number), footer.row_group(number)
        if rows.num_rows != read.num_rows:
            yield f"states another number of rows in row group {number}"
        stated = [(c.column_index, c.descending, c.nulls_first) for c in read.sorting_columns or ()]
        if stated and stated != sorting:
            yield f"states another order of rows in row group {number}"
        chunks = iter(map(chunk_of, group[1]))
        try:
            for item in table.fields:
                for column in leaf_columns(rows.column(item.name).combine_chunks()):
                    bounds = ChunkBounds(headers, next(chunks))
                    yield from _column_flaws(bounds, column, item, has_code_bounds)
            if flaw := list_flaw(file, number, ROWS):
                yield flaw
        except ValueError as error:
            yield str(error)


def _column_flaws(
    bounds: ChunkBounds, column: pa.Array, item: Field, has_code_bounds: bool
) -> Iterator[str]:
    """Yield what a file says of a column in a row group that is not true of its values.

    Raises
    ------
    ValueError
        As `ChunkBounds.add` does.
    """
    codes = None
    if pa.types.is_dictionary(column.type):
        if not {*column.dictionary.to_pylist()} <= {*(item.enum or ())}:
            yield f"has codes of {item.name} that its schema does not have"
        if has_code_bounds:
            codes = pa.array(item.enum or [], column.dictionary.type)
    bounds.add(column)
    yield from filter(None, [bounds.flaw(codes)])
