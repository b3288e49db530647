"""Places of columns and page headers of a Parquet file, read before a page is unpacked.

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

from claimlog.limits import PARQUET_FOOTER_BYTES
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


SIZES = {2: Shape(LIST, I64), 3: Shape(LIST, I64)}
AREA = {2: Shape(LIST, I32)}
COLUMN = {
    2: Shape(LIST, I32),
    3: Shape(LIST, BINARY),
    **{number: Shape(I64) for number in (5, 7, 9, 11)},
    8: Shape(LIST, STRUCT),
    13: Shape(LIST, STRUCT),
    16: Shape(STRUCT, fields=SIZES),
    17: Shape(STRUCT, fields=AREA),
}
GROUP = {
    1: Shape(LIST, STRUCT, {3: Shape(STRUCT, fields=COLUMN)}),
    3: Shape(I64),
    4: Shape(LIST, STRUCT),
}
FOOTER = {
    **{number: Shape(LIST, STRUCT) for number in (2, 5, 7)},
    4: Shape(LIST, STRUCT, GROUP),
}
"""What is read of FileMetaData of parquet.thrift, and each list inside of it: SizeStatistics and
GeospatialStatistics of the ColumnMetaData of RowGroups among them."""


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


def row_groups(path: Path) -> list[RowGroup]:
    """Return the row groups that the footer of a Parquet file states.

    Arrow's own objects for columns end the process where another part of the footer is wrong, as a
    histogram. So the footer is read here, and refused if Arrow could find anything else in it.

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
        fields = Compact(file.read(length), "the footer").struct(shapes=FOOTER)
    try:
        return [
            RowGroup(group[3], tuple(_chunk(column[3]) for column in group[1]))
            for group in cast("Any", fields[4])
        ]
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
