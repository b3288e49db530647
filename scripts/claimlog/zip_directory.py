"""The list of files at the end of a ZIP archive, looked at before a library reads it.

Python reads all of it at once, and takes some ten times its size in memory.
"""

from __future__ import annotations

import struct
from typing import IO

END, LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
END_RECORD = struct.Struct("<4s4H2LH")  # of a ZIP archive (APPNOTE 4.3.16)
LOCATOR_BYTES = 20
COMMENT_BYTES = 65_535


def directory_size(file: IO[bytes]) -> int | None:
    """Return how many bytes the list of files of an archive has; None if it has no end record.

    A record of ZIP64 counts as a list of more than any size: it would replace what the end record
    says, whatever that is, and only archives need one that have more files or bytes than we read.
    The file is at its beginning afterwards.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - COMMENT_BYTES - END_RECORD.size - LOCATOR_BYTES))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_RECORD.size:
        return None
    if at >= LOCATOR_BYTES and tail[at - LOCATOR_BYTES :].startswith(LOCATOR):
        return 1 << 64
    return int(END_RECORD.unpack_from(tail, at)[5])
