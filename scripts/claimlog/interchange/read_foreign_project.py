"""Reads a file of another tool, whatever its format, in a process of its own within limits.

It is a stranger's file. What the readers of the formats hold themselves to bounds how much there
can be in it; how long reading it takes, and how much memory, is bounded here for all of them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from claimlog.command_limits import how_to_raise
from claimlog.errors import ClaimlogError, UsageError
from claimlog.interchange.annotations import Project
from claimlog.interchange.project_lines import project_of_lines
from claimlog.limited_process import LimitedWork, Limits, path_request, run_limited
from claimlog.limits import (
    INTERCHANGE_MEMORY,
    INTERCHANGE_MEMORY_PER_BYTE,
    INTERCHANGE_SECONDS,
    INTERCHANGE_SECONDS_PER_MB,
    INTERCHANGE_UNPACKED_BYTES,
    INTERCHANGE_WRITTEN,
    INTERCHANGE_WRITTEN_PER_BYTE,
)

PROGRAM = "claimlog.interchange.project_worker"
OUTCOME = "nothing was added"
LINES = "project.ndjson"
"""File in the scratch directory that a project is written to."""

USAGE, TOO_MUCH = "usage", "too much"
"""Keys of answers: a slip of the command line, or a project that is too large written down."""


def read_foreign_project(path: Path, name: str | None, factor: float = 1) -> Project:
    """Read a file of another tool; what it holds is only read and never added to.

    Parameters
    ----------
    name
        Its format; by default what it looks like.
    factor
        By which the limits are multiplied.

    Raises
    ------
    ClaimlogError
        If it is in none of the formats, broken, larger than `limits` allows, or takes more time or
        memory to read than `project_limits` does.
    """
    try:
        size = path.stat().st_size
    except (OSError, ValueError):  # the program says what is wrong with it
        size = 0
    limits = project_limits(size, factor)
    work = LimitedWork(PROGRAM, str(path), "reading", OUTCOME, limits, factor)
    with tempfile.TemporaryDirectory(prefix="claimlog-") as folder:
        scratch = Path(folder)
        request = {
            "target": path_request(path),
            "scratch": path_request(scratch),
            "format": name,
        }
        answer = run_limited(work, request)
        if USAGE in answer:
            raise UsageError(answer[USAGE])
        if TOO_MUCH in answer:
            raise ClaimlogError(
                f"{path}: holds more than {limits.written:,} bytes of annotations, so {OUTCOME}; "
                f"import it in parts, or {how_to_raise('--limits ', factor)}"
            )
        with (scratch / LINES).open("rb") as file:
            return project_of_lines(file)


def project_limits(size: int, factor: float = 1) -> Limits:
    """Return the limits for a file of so many bytes, of which no more count than are unpacked."""
    size = min(size, INTERCHANGE_UNPACKED_BYTES)
    return Limits(
        factor * (INTERCHANGE_SECONDS + INTERCHANGE_SECONDS_PER_MB * size / 1e6),
        int(factor * (INTERCHANGE_MEMORY + INTERCHANGE_MEMORY_PER_BYTE * size)),
        int(factor * (INTERCHANGE_WRITTEN + INTERCHANGE_WRITTEN_PER_BYTE * size)),
    )
