"""Footer and page headers of a Parquet file, read before a library sees it or a page is unpacked.

The sizes in a footer are what a writer says. What a reader allocates for a page, and how many
values it makes of it, stands in the header before each page (a Thrift struct in compact protocol,
as the Parquet format defines it): Arrow refuses a page that unpacks to another size than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq

from claimlog.limits import (
    PARQUET_CHUNKS,
    PARQUET_FOOTER_BYTES,
    PARQUET_NOTES,
    PARQUET_SCHEMA_BYTES,
    PARQUET_SCHEMA_BYTES_A_COLUMN,
    PARQUET_SHORT_LIST,
)
from claimlog.log.thrift_compact import BINARY, I32, I64, LIST, STRUCT, Compact, Shape

MAGIC_BYTES, END_BYTES = 4, 8
"""Bytes before the first column, and behind the footer, where its length stands."""

HEADER_BYTES = 16_384
"""A page header: some 30 bytes, and at most 4,096 for each of two bounds of its values."""

DATA, INDEX, DICTIONARY, DATA_V2 = range(4)
"""Types of pages. Index pages are in no file: readers pass over them."""

DETAILS = {DATA: 5, DICTIONARY: 7, DATA_V2: 8}
"""Field of the page header that is about a type of page."""

ENCODING = {DATA: 2, DICTIONARY: 2, DATA_V2: 4}
"""Field of those details that holds the encoding; the number of values is the first of all."""

ARROW_SCHEMA = b"ARROW:schema"
"""Key of the footer's metadata under which Arrow stores its own types."""


def _passed_over(of: int, most: int = PARQUET_SHORT_LIST) -> Shape:
    return Shape(LIST, of, most=most, kept=False)


SIZES = {2: _passed_over(I64), 3: _passed_over(I64)}
AREA = {2: _passed_over(I32)}
COLUMN = {
    2: _passed_over(I32),
    3: Shape(LIST, BINARY, most=PARQUET_SHORT_LIST),
    **{number: Shape(I64) for number in (5, 7, 9, 11)},
    8: _passed_over(STRUCT),
    13: _passed_over(STRUCT),
    16: Shape(STRUCT, fields=SIZES, kept=False),
    17: Shape(STRUCT, fields=AREA, kept=False),
}
NOTE = {1: Shape(BINARY), 2: Shape(BINARY)}
"""What is read of ColumnMetaData and KeyValue of parquet.thrift, and each list inside of it:
SizeStatistics and GeospatialStatistics among them."""


def _footer_shape(elements: int) -> dict[int, Shape]:
    """Return what is read of FileMetaData, and each list inside of it, for such a schema."""
    columns = 2 * elements  # so that a column too many is named
    group = {
        1: Shape(LIST, STRUCT, {3: Shape(STRUCT, fields=COLUMN)}, columns),
        3: Shape(I64),
        4: _passed_over(STRUCT, columns),
    }
    return {
        2: _passed_over(STRUCT, columns),
        3: Shape(I64),
        4: Shape(LIST, STRUCT, group, PARQUET_CHUNKS // elements),
        5: Shape(LIST, STRUCT, NOTE, PARQUET_NOTES),
        7: _passed_over(STRUCT, columns),
    }


@dataclass(frozen=True, slots=True)
class Page:
    """What a page header says: type, size when unpacked, number of values or 0 for a dictionary."""

    kind: int
    unpacked: int
    values: int
    encoding: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a footer says of a column in a row group, by the names that Arrow has for it."""

    path_in_schema: str
    num_values: int
    data_page_offset: int
    dictionary_page_offset: int | None
    total_compressed_size: int


@dataclass(frozen=True, slots=True)
class RowGroup:
    """What a footer says of a row group."""

    num_rows: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Footer:
    """What a footer says of its file."""

    num_rows: int
    groups: tuple[RowGroup, ...]


def read_footer(path: Path, elements: int) -> Footer:
    """Read the footer of a Parquet file of which a schema is known.

    Arrow takes hundreds of bytes for one of a footer, and its own objects for columns end the
    process where another part of the footer is wrong, as a histogram. So the footer is read here
    first, and refused if it lists more than such a file has, or if Arrow could find anything else
    in it.

    Parameters
    ----------
    elements
        Elements that the schema has in Parquet.

    Raises
    ------
    ValueError
        If there is no such footer.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - END_BYTES))
        length = int.from_bytes(file.read(4), "little")
        if not length <= min(PARQUET_FOOTER_BYTES, size - END_BYTES):
            raise ValueError(f"its footer has {length:,} bytes")
        file.seek(size - END_BYTES - length)
        reader = Compact(file.read(length), "the footer")
    fields = cast("Any", reader.struct(shapes=_footer_shape(elements)))
    try:
        notes = [note.get(2, b"") for note in fields.get(5, ()) if note[1] == ARROW_SCHEMA]
        if sum(map(len, notes)) > PARQUET_SCHEMA_BYTES + PARQUET_SCHEMA_BYTES_A_COLUMN * elements:
            raise ValueError("the footer has a longer note of its schema than one has")
        groups = [
            RowGroup(group[3], tuple(_chunk(column[3]) for column in group[1]))
            for group in fields[4]
        ]
        return Footer(fields[3], tuple(groups))
    except KeyError as error:
        raise ValueError("the footer lacks what each has") from error


def _chunk(fields: Any) -> Chunk:
    name = b".".join(fields[3]).decode("utf-8", "replace")
    return Chunk(name, fields[5], fields[9], fields.get(11), fields[7])


def pages(path: Path, chunk: Chunk | pq.ColumnChunkMetaData) -> Iterator[Page]:
    """Yield the pages of a column in a row group.

    Raises
    ------
    ValueError
        If the headers are no chain of page headers that ends with the column.
    """
    start = chunk.data_page_offset
    if 0 < (chunk.dictionary_page_offset or 0) < start:
        start = chunk.dictionary_page_offset
    end = start + chunk.total_compressed_size
    if not 0 < start <= end <= path.stat().st_size:
        raise ValueError("a column lies outside of the file")
    with path.open("rb") as file:
        while start < end:
            file.seek(start)
            header = Compact(file.read(HEADER_BYTES), "a page header")
            fields = header.struct()
            kind, unpacked, packed = (fields.get(number) for number in (1, 2, 3))
            if not (isinstance(unpacked, int) and isinstance(packed, int) and unpacked >= 0):
                raise ValueError("a page header states no size")
            start += header.at + packed
            if packed < 0 or start > end:
                raise ValueError("a page lies outside of its column")
            details = (
                fields.get(DETAILS[kind]) if isinstance(kind, int) and kind in DETAILS else None
            )
            if not isinstance(kind, int) or not isinstance(details, dict):
                raise ValueError("a page is of a type that no column has")
            values, encoding = details.get(1), details.get(ENCODING[kind])
            if not (isinstance(values, int) and isinstance(encoding, int) and values >= 0):
                raise ValueError("a page header states no values")
            yield Page(kind, unpacked, 0 if kind == DICTIONARY else values, encoding)
