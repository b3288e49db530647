"""Page headers of a Parquet file, read before a page is unpacked.

The sizes in a footer are what a writer says. What a reader allocates for a page, and how many
values it makes of it, stands in the header before each page (a Thrift struct in compact protocol,
as the Parquet format defines it): Arrow refuses a page that unpacks to another size than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from claimlog.log.thrift_compact import Compact

HEADER_BYTES = 16_384
"""A page header: some 30 bytes, and at most 4,096 for each of two bounds of its values."""

DATA, INDEX, DICTIONARY, DATA_V2 = range(4)
"""Types of pages. Index pages are in no file: readers pass over them."""

DETAILS = {DATA: 5, DICTIONARY: 7, DATA_V2: 8}
"""Field of the page header that is about a type of page."""

ENCODING = {DATA: 2, DICTIONARY: 2, DATA_V2: 4}
"""Field of those details that holds the encoding; the number of values is the first of all."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page header says: type, size when unpacked, number of values or 0 for a dictionary."""

    kind: int
    unpacked: int
    values: int
    encoding: int


def pages(path: Path, chunk: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """Yield the pages of a column in a row group.

    Raises
    ------
    ValueError
        If the headers are no chain of page headers that ends with the column.
    """
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
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
