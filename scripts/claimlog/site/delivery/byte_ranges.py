"""Parts of a file that a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)-(\d*)\s*", re.ASCII | re.I)
DIGITS = 18
"""Digits of an offset that are read; a longer one is behind the end of every file."""


class ByteRange(NamedTuple):
    """Part of a file: offset of its first byte, and of the one behind its last."""

    start: int
    stop: int


class RangeNotSatisfiable(Exception):
    """No byte of the file lies in the part that is asked for."""


def requested_range(text: str, size: int) -> ByteRange | None:
    """Return the part of a file that a ``Range`` header asks for; None for all of it.

    What is no range of bytes is ignored, as HTTP wants it, and several parts are answered whole.

    >>> requested_range("bytes=0-3", 10), requested_range("bytes=-3", 10)
    (ByteRange(start=0, stop=4), ByteRange(start=7, stop=10))
    >>> requested_range("bytes=8-99", 10), requested_range("bytes=0-1,4-5", 10)
    (ByteRange(start=8, stop=10), None)

    Raises
    ------
    RangeNotSatisfiable
        If it begins behind the end, or asks for the last 0 bytes.
    """
    match = RANGE.fullmatch(text)
    if match is None or match[1] + match[2] == "":
        return None
    first, last = (_offset(part) for part in match.groups())
    if first is None:
        first, last = max(0, size - (last or 0)), None
    elif last is not None and last < first:
        return None
    if first >= size:
        raise RangeNotSatisfiable
    return ByteRange(first, size if last is None else min(last + 1, size))


def _offset(digits: str) -> int | None:
    if not digits:
        return None
    return int(digits) if len(digits) <= DIGITS else 10**DIGITS
