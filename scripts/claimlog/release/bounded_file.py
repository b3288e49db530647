"""Reading a small file that a stranger gave: regular files only, and never more than a limit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from claimlog.errors import ClaimlogError


def read_bounded_file(path: Path, limit: int, display_path: str) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

    Parameters
    ----------
    display_path
        How errors name the file.

    Raises
    ------
    ClaimlogError
        If it cannot be read, is no regular file (a named pipe, a device), or is larger.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as handle:
            found = os.fstat(handle.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ClaimlogError(f"{display_path}: is no regular file; copy it to one first")
            # a file may grow after its size was asked for
            data = handle.read(limit + 1) if found.st_size <= limit else b""
    except OSError as error:
        raise ClaimlogError(f"{display_path}: cannot be read ({error.strerror})") from error
    if found.st_size > limit or len(data) > limit:
        raise ClaimlogError(
            f"{display_path}: is larger than {limit:,} bytes, the most that is read of such a "
            "file; check that it is the right one"
        )
    return data


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; opening a named pipe that nobody writes to would otherwise never return."""
    return os.open(path, flags | os.O_NONBLOCK)
