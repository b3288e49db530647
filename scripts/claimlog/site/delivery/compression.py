"""Compression of answers: of text that is long enough, for readers who accept gzip.

No page holds a secret beside what a reader sent, so that the lengths of compressed answers tell
nothing (BREACH). Parquet and SQLite files are sent as they are: their readers ask for parts.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

GZIP = 31
"""What makes zlib write the format of gzip."""

LEVEL, STREAM_LEVEL = 6, 1
LEAST_BYTES = 1_000
"""Below this an answer fits into one packet anyway."""

TEXT_TYPES = re.compile(
    rb"text/|application/(?:[\w.+-]*\+)?(?:json|xml|javascript)\b|image/svg\+xml", re.I
)
WEIGHT = re.compile(r"q\s*=\s*([0-9.]+)", re.I)


@lru_cache(maxsize=256)
def accepts_gzip(accepted: bytes) -> bool:
    """Return whether an ``Accept-Encoding`` header allows gzip.

    >>> accepts_gzip(b"gzip, deflate, br"), accepts_gzip(b"br;q=1.0, *;q=0.1")
    (True, True)
    >>> accepts_gzip(b"gzip;q=0, *"), accepts_gzip(b"identity"), accepts_gzip(b"")
    (False, False, False)
    """
    weights: dict[str, float] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        name, _, parameters = part.partition(";")
        weight = WEIGHT.search(parameters)
        weights[name.strip()] = _number(weight[1]) if weight else 1.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def is_text(content_type: bytes) -> bool:
    """Return whether a media type is that of text, which compresses well.

    >>> is_text(b"text/html; charset=utf-8"), is_text(b"application/vnd.apache.parquet")
    (True, False)
    """
    return TEXT_TYPES.match(content_type) is not None


def compress(data: bytes) -> bytes:
    """Return bytes as a gzip file, the same for the same bytes."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return packer.compress(data) + packer.flush()


class StreamCompressor:
    """Compresses an answer in the parts in which it is made."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(STREAM_LEVEL, zlib.DEFLATED, GZIP)

    def add(self, part: bytes, last: bool) -> bytes:
        """Return what can be sent after a part; often nothing before the last one."""
        packed = self._packer.compress(part)
        return packed + self._packer.flush() if last else packed
