"""The dictionary of texts of a column in a row group, read as it is stored.

Arrow enters its texts into a table when it reads a column as codes, which drops those that occur
twice: all codes behind them would stand for other texts than for every other reader.
"""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa

from claimlog.limits import PARQUET_CODES
from claimlog.log.parquet_pages import SNAPPY, UNCOMPRESSED, ZSTD, Chunk, Page

TEXT = 6
"""Physical type of texts in parquet.thrift: BYTE_ARRAY."""

CODECS = {SNAPPY: "snappy", ZSTD: "zstd"}
LENGTH_BYTES = 4


def check_dictionary(file: BinaryIO, chunk: Chunk, page: Page) -> None:
    """Refuse a dictionary of texts in which one occurs twice, or that is not as long as it says.

    Parameters
    ----------
    page
        The page of `chunk` that is its dictionary.

    Raises
    ------
    ValueError
        If it is none, or too many texts are in it.
    """
    if chunk.physical_type != TEXT:
        return
    if page.count > PARQUET_CODES:
        raise ValueError(f"the dictionary of {chunk.path_in_schema} has {page.count:,} texts")
    data = _unpacked(file, chunk, page)
    seen: set[bytes] = set()
    at = 0
    for _ in range(page.count):
        start = at + LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "little")
        seen.add(data[start:at])
        if at > len(data):
            break
    if at != len(data):
        raise ValueError(f"the dictionary of {chunk.path_in_schema} has another length")
    if len(seen) != page.count:
        raise ValueError(f"the dictionary of {chunk.path_in_schema} has a text twice")


def _unpacked(file: BinaryIO, chunk: Chunk, page: Page) -> bytes:
    file.seek(page.start)
    packed = file.read(page.packed)
    if chunk.codec == UNCOMPRESSED:
        return packed
    codec = pa.Codec(CODECS[chunk.codec])
    return bytes(codec.decompress(packed, page.unpacked, asbytes=True))
