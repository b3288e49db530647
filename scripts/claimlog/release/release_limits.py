"""Limits of a stranger's release: of its files, and time and memory of the process that reads it.

Whatever reads files of a release keeps the first, `archive` and `walk_release` those of all files;
the latter grow with the size, and are for `verify`, deltas and drawing pages.
"""

from __future__ import annotations

from claimlog.limited_process import Limits

MAX_FILES = 100_000
"""Most files of a release: one of a log of ten million claims has some hundreds."""

SITE_FILES = 10_000_000
"""Most files of a site: the pages of 100,000 claims are some 300,000."""

MAX_DEPTH = 16
"""Levels of directories in a release: ours have four."""

NAME_BYTES = 255
"""Bytes of the name of a file or directory that file systems take."""

DIRECTORY_BYTES = 32 << 20
"""Bytes that the list of members can have: 300 for each."""

NAME_LENGTH = 200
"""Characters of a file's name with its directories: the longest of ours have some eighty."""

SUMS_BYTES = 64 << 20
"""A list of checksums or a descriptor: ours have some hundred kB."""

DELTA_BYTES = 64 << 20
"""``delta.json`` of a release to apply: it has about a kilobyte for each claim that changed."""

BASE_SECONDS, SECONDS_PER_MB = 120, 20
"""A release of 7.6 MB is verified in 4 seconds on two quiet cores; a busy machine may take ten
times as long."""

BASE_MEMORY, MEMORY_PER_BYTE = 1 << 30, 48
"""The libraries take 0.2 GB; the rows and their canonical lines some 15 times the files."""

WRITTEN_BYTES = 64 << 20
"""Bytes that a written file may have beyond the size of the archive."""


def limits_of_size(size: int, factor: float = 1) -> Limits:
    """Return the limits for so many bytes of a release, times `factor`."""
    return Limits(
        factor * (BASE_SECONDS + SECONDS_PER_MB * size / 1e6),
        int(factor * (BASE_MEMORY + MEMORY_PER_BYTE * size)),
        int(factor * (WRITTEN_BYTES + size)),
    )
