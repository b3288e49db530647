"""Footer and page headers of a Parquet file, read before a library sees it or a page is unpacked.

The sizes in a footer are what a writer says. What a reader allocates for a page, and how many
values it makes of it, stands in the header before each page (a Thrift struct in compact protocol,
as the Parquet format defines it): Arrow refuses a page that unpacks to another size than that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from claimlog.limits import (
    PARQUET_FOOTER_BYTES,
    PARQUET_SCHEMA_BYTES,
    PARQUET_SCHEMA_BYTES_A_COLUMN,
)
from claimlog.log.parquet_shapes import HEADER, IS_SORTED, PAGE_STATISTICS, footer_of_batch
from claimlog.log.thrift_compact import Compact

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

LEVELS, RLE = (3, 4), 3
"""Fields of those details of a page of data for the encodings of its levels, and the only one by
which these are written: some readers take every page for such a one."""

UNCOMPRESSED, SNAPPY, ZSTD = 0, 1, 6
CODECS = frozenset({UNCOMPRESSED, SNAPPY, ZSTD})
"""Of others readers disagree: what LZ4 is, or where GZIP ends."""

WRITER = b"parquet-cpp-arrow version "
"""How Arrow begins to say that it wrote a file."""

ARROW_SCHEMA = b"ARROW:schema"
"""Key of the footer's metadata under which Arrow stores its own types."""

FILE, INDEXES, FILTERS = 1, (4, 6), (10, 14)
"""Fields of ColumnChunk, and of the ColumnMetaData in it, by which programs read values of another
file, or skip rows."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page header says: type, sizes, number of values or codes, encoding.

    And, of a page of data, statistics of its values as those of a column are.
    """

    kind: int
    packed: int
    unpacked: int
    count: int
    encoding: int
    statistics: Mapping[int, Any]
    start: int
    """Where its bytes begin, behind the header."""

    @property
    def values(self) -> int:
        """Number of values, of which a dictionary has none."""
        return 0 if self.kind == DICTIONARY else self.count


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a footer says of a column in a row group, by the names that Arrow has for it."""

    path: tuple[bytes, ...]
    physical_type: int
    codec: int
    num_values: int
    data_page_offset: int
    dictionary_page_offset: int | None
    total_uncompressed_size: int
    total_compressed_size: int
    statistics: Mapping[int, Any]
    encodings: frozenset[int]
    page_counts: Mapping[tuple[int, int], int]
    """Number of pages by type and encoding; empty where it states none."""
    is_alone: bool
    """Whether it names no values in another file, no index and no filter."""

    def fits(self, found: Mapping[tuple[int, int], int]) -> bool:
        """Whether it says of its pages what they are: a program looks up values by that."""
        return self.page_counts in ({}, found) and {code for _, code in found} <= self.encodings

    @property
    def start(self) -> int:
        """Where its first page begins."""
        codes = self.dictionary_page_offset
        return self.data_page_offset if codes is None else codes

    @property
    def path_in_schema(self) -> str:
        """Its path, to be shown."""
        return b".".join(self.path).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class RowGroup:
    """What a footer says of a row group."""

    num_rows: int
    chunks: tuple[Chunk, ...]
    is_sorted: bool
    sizes: Mapping[int, int]
    """What it says of its size and place, by the fields of RowGroup."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What a footer says of its file."""

    num_rows: int
    groups: tuple[RowGroup, ...]
    elements: Sequence[Mapping[int, Any]]
    notes: tuple[tuple[bytes, bytes], ...]
    created_by: bytes


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
    reader = Compact(footer_bytes(path, PARQUET_FOOTER_BYTES), "the footer")
    fields = cast("Any", reader.struct(shapes=footer_of_batch(elements)))
    try:
        schemas = [note.get(2, b"") for note in fields.get(5, ()) if note[1] == ARROW_SCHEMA]
        if sum(map(len, schemas)) > PARQUET_SCHEMA_BYTES + PARQUET_SCHEMA_BYTES_A_COLUMN * elements:
            raise ValueError("the footer has a longer note of its schema than one has")
        groups = [
            RowGroup(
                group[3],
                tuple(map(chunk_of, group[1])),
                bool(group.get(4)),
                {field: group[field] for field in (2, 5, 6, 7) if field in group},
            )
            for group in fields[4]
        ]
        notes = tuple((note[1], note.get(2, b"")) for note in fields.get(5, ()))
        check_orders(fields)
        return Footer(fields[3], tuple(groups), fields[2], notes, fields.get(6, b""))
    except KeyError as error:
        raise ValueError("the footer lacks what each has") from error


def check_orders(footer: Mapping[int, Any]) -> None:
    """Check that bounds are stated by the one order of values that there is.

    Raises
    ------
    ValueError
        If not: some readers read no such file.
    """
    if any(order != {1: {}} for order in footer.get(7, ())):
        raise ValueError("the footer states another order of values than there is")


def footer_bytes(path: Path, most: int | None = None) -> bytes:
    """Return the bytes of the footer of a Parquet file.

    Raises
    ------
    ValueError
        If it has more than `most`, or than the file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - END_BYTES))
        length = int.from_bytes(file.read(4), "little")
        if length > min(size - END_BYTES, size if most is None else most):
            raise ValueError(f"its footer has {length:,} bytes")
        file.seek(size - END_BYTES - length)
        return file.read(length)


def chunk_of(chunk: Any) -> Chunk:
    """Return what a ColumnChunk says, given its fields by number.

    Raises
    ------
    KeyError
        If it lacks one that each has.
    """
    column = chunk[3]
    sizes = (column[1], column[4], column[5], column[9], column.get(11), column[6], column[7])
    is_alone = not ({FILE, *INDEXES} & chunk.keys() or {*FILTERS} & column.keys())
    pages = {(item[1], item[2]): item[3] for item in column.get(13, ())}
    encodings = frozenset(column.get(2, ()))
    return Chunk(tuple(column[3]), *sizes, column.get(12, {}), encodings, pages, is_alone)


def layout_flaw(footer: Footer) -> str | None:
    """Return why programs may read a file otherwise than Arrow does, if they may.

    Of two places that a footer gives for the values of a column, of two notes and of an index, one
    program believes the one and another the other. Arrow writes none of that.
    """
    if not footer.created_by.startswith(WRITER):
        return "it is not written by Apache Arrow, as batches in Parquet are"
    if [name for name, _ in footer.notes] not in ([], [ARROW_SCHEMA]):
        return "it has notes for other programs"
    for number, group in enumerate(footer.groups):
        if group.is_sorted:
            return "it states an order of its rows"
        sizes = {
            2: sum(chunk.total_uncompressed_size for chunk in group.chunks),
            5: min((chunk.start for chunk in group.chunks), default=MAGIC_BYTES),
            6: sum(chunk.total_compressed_size for chunk in group.chunks),
            7: number,
        }
        if any(value != sizes[field] for field, value in group.sizes.items()):
            return "it states another size or place of a row group than its columns have"
        for chunk in group.chunks:
            if not chunk.is_alone:
                return f"it names an index, a filter or another file of {chunk.path_in_schema}"
            if chunk.codec not in CODECS:
                return f"it compresses {chunk.path_in_schema} as no batch is compressed"
            codes = chunk.dictionary_page_offset
            if codes is not None and not MAGIC_BYTES <= codes < chunk.data_page_offset:
                return f"it names two places of {chunk.path_in_schema}"
    return None


def pages(file: BinaryIO, chunk: Chunk) -> Iterator[Page]:
    """Yield the pages of a column in a row group; the file may be read elsewhere meanwhile.

    Raises
    ------
    ValueError
        If the headers are no chain of page headers that ends with the column.
    """
    start = chunk.data_page_offset
    if 0 < (chunk.dictionary_page_offset or 0) < start:
        start = chunk.dictionary_page_offset or 0
    begin, end = start, start + chunk.total_compressed_size
    if not 0 < start <= end <= file.seek(0, os.SEEK_END):
        raise ValueError("a column lies outside of the file")
    while start < end:
        file.seek(start)
        place = start
        header = Compact(file.read(HEADER_BYTES), "a page header")
        fields = header.struct(shapes=HEADER)
        kind, unpacked, packed = (fields.get(number) for number in (1, 2, 3))
        if not (isinstance(unpacked, int) and isinstance(packed, int) and unpacked >= 0):
            raise ValueError("a page header states no size")
        start += header.at + packed
        if packed < 0 or start > end:
            raise ValueError("a page lies outside of its column")
        details = fields.get(DETAILS[kind]) if isinstance(kind, int) and kind in DETAILS else None
        if not isinstance(kind, int) or not isinstance(details, dict):
            raise ValueError("a page is of a type that no column has")
        values, encoding = details.get(1), details.get(ENCODING[kind])
        if not (isinstance(values, int) and isinstance(encoding, int) and values >= 0):
            raise ValueError("a page header states no values")
        is_of_codes = place == begin != chunk.data_page_offset
        if (kind == DICTIONARY) != is_of_codes or place < chunk.data_page_offset < start:
            raise ValueError("the data of a column is not where its footer says")
        if kind == DATA and any(details.get(field) != RLE for field in LEVELS):
            raise ValueError("a page header states levels that none of ours has")
        if kind == DICTIONARY and details.get(IS_SORTED):
            raise ValueError("a page header states an order of codes")
        statistics = cast("Any", details.get(PAGE_STATISTICS, {})) if kind == DATA else {}
        yield Page(kind, packed, unpacked, values, encoding, statistics, start - packed)
