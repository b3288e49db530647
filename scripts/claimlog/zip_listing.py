"""The list of files at the end of a ZIP archive, looked at before a library reads it.

Python reads all of it at once, and takes some ten times its size in memory.
"""

from __future__ import annotations

import struct
from typing import IO

END, LOCATOR, LARGE = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
END_RECORD = struct.Struct("<4s4H2LH")  # of a ZIP archive (APPNOTE 4.3.16)
LARGE_RECORD = struct.Struct("<4sQ2H2L4Q")  # of ZIP64 (4.3.14), as long as Python reads it
LOCATOR_BYTES = 20
COMMENT_BYTES = 65_535
NO_SIZE = 1 << 64
"""The size of a list of members that cannot be told: larger than any limit."""


def directory_size(file: IO[bytes]) -> int | None:
    """Return how many bytes the list of files of an archive has; None if it has no end record.

    A record of ZIP64 counts as a list of more than any size: it would replace what the end record
    says, whatever that is, and only archives need one that have more files or bytes than we read.
    The file is at its beginning afterwards.
    """
    tail, at = _end(file)
    if at is None:
        return None
    return NO_SIZE if _has_locator(tail, at) else int(END_RECORD.unpack_from(tail, at)[5])


def large_directory_size(file: IO[bytes]) -> int | None:
    """Return the bytes of the list of members, which a ZIP64 record may state."""
    tail, at = _end(file)
    if at is None:
        return None
    if not _has_locator(tail, at):
        return int(END_RECORD.unpack_from(tail, at)[5])
    begin = at - LOCATOR_BYTES - LARGE_RECORD.size
    if begin < 0 or not tail[begin:].startswith(LARGE):
        return NO_SIZE  # wherever else it lies, some reader takes it
    return int(LARGE_RECORD.unpack_from(tail, begin)[8])


def _end(file: IO[bytes]) -> tuple[bytes, int | None]:
    """Return the last bytes of an archive, and where in them Python reads the end record."""
    size = file.seek(0, 2)
    before = COMMENT_BYTES + END_RECORD.size + LOCATOR_BYTES + LARGE_RECORD.size
    file.seek(max(0, size - before))
    tail = file.read()
    file.seek(0)
    last = len(tail) - END_RECORD.size
    if last >= 0 and tail.startswith(END, last) and tail.endswith(b"\0\0"):
        return tail, last  # without a comment; its numbers may spell the mark once more
    at = tail.rfind(END)
    return tail, None if at < 0 or at > last else at


def _has_locator(tail: bytes, at: int) -> bool:
    return at >= LOCATOR_BYTES and tail.startswith(LOCATOR, at - LOCATOR_BYTES)
