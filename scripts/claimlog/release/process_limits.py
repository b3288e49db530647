"""Time and memory that the process may take which reads a stranger's release, by its size.

`archive.py` makes sure that an archive unpacks to no more than its size; how many files a release
has at most is `MAX_MEMBERS` in `published_files.py`.
"""

from __future__ import annotations

from pathlib import Path

from claimlog.limited_process import Limits
from claimlog.release.release_files import walk_files
from claimlog.untrusted_files import disk_bytes

BASE_SECONDS, SECONDS_PER_MB = 120, 20
"""A release of 7.6 MB is verified in 4 seconds on two quiet cores; a busy machine may take ten
times as long."""

BASE_MEMORY, MEMORY_PER_BYTE = 1 << 30, 48
"""The libraries take 0.2 GB; the rows and their canonical lines some 15 times the files."""

WRITTEN_BYTES = 64 << 20
"""Bytes that a written file may have beyond the size of the archive."""


def limits_of_release(target: Path, factor: float = 1) -> Limits:
    """Return the limits for a release's directory or archive, times `factor`."""
    return limits_of_size(stored_size(target), factor)


def limits_of_size(size: int, factor: float = 1) -> Limits:
    """Return the limits for so many bytes of a release, times `factor`."""
    return Limits(
        factor * (BASE_SECONDS + SECONDS_PER_MB * size / 1e6),
        int(factor * (BASE_MEMORY + MEMORY_PER_BYTE * size)),
        int(factor * (WRITTEN_BYTES + size)),
    )


def stored_size(target: Path) -> int:
    """Return the bytes that a file takes on disk, or those of a directory, each once."""
    if not target.is_dir():
        return disk_bytes(target.stat())
    stats = (entry.stat(follow_symlinks=False) for entry in walk_files(target))
    return sum({(found.st_dev, found.st_ino): disk_bytes(found) for found in stats}.values())
