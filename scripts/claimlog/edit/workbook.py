"""Rows of a spreadsheet file (XLSX), read within limits: the values that lie in it, no formula.

A file may be a stranger's, and three kilobytes of one can keep the library that reads it for hours.
So a process of its own reads it (`claimlog.edit.workbook_worker`), and writes the rows down.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.limited_process import LimitedWork, Limits, path_request, run_limited
from claimlog.limits import (
    SHEET_BYTES,
    SHEET_MEMORY,
    SHEET_MEMORY_PER_BYTE,
    SHEET_SECONDS,
    SHEET_SECONDS_PER_MB,
)
from claimlog.office_file_check import OLD_OFFICE, ZIP

PROGRAM = "claimlog.edit.workbook_worker"
NAME, OUTCOME = "workbook", "it was not read"
REMEDY = "save the sheet as CSV in UTF-8, and give that"
ROWS = "rows"
"""File in the scratch directory that the rows are written to: a JSON list of cells a line."""

MOST_WRITTEN = 8 * SHEET_BYTES
"""Bytes that it may have: the program counts characters, of which JSON may write six bytes."""


def is_workbook(data: bytes) -> bool:
    """Whether a file is a spreadsheet and no text."""
    return data.startswith((ZIP, OLD_OFFICE))


def workbook_rows(data: bytes, stream: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row of a workbook with its cells as text, the header first.

    They are those of the sheet that is named as the stream, else of the first one.

    Raises
    ------
    ClaimlogError
        If it is another kind of file, broken, or larger than `limits` allows; the message has no
        file name.
    """
    work = LimitedWork(PROGRAM, NAME, "reading", OUTCOME, _limits(len(data)), remedy=REMEDY)
    with tempfile.TemporaryDirectory(prefix="claimlog-") as folder:
        scratch = Path(folder)
        target = scratch / NAME
        target.write_bytes(data)
        request = {
            "target": path_request(target),
            "scratch": path_request(scratch),
            "stream": stream,
        }
        try:
            run_limited(work, request)
        except ClaimlogError as error:
            raise ClaimlogError(str(error).removeprefix(f"{NAME}: ")) from error
        with (scratch / ROWS).open("rb") as file:
            for number, line in enumerate(file, 1):
                yield number, json.loads(line)


def _limits(size: int) -> Limits:
    """Return the limits of reading a workbook of so many bytes."""
    return Limits(
        SHEET_SECONDS + SHEET_SECONDS_PER_MB * size / 1e6,
        int(SHEET_MEMORY + SHEET_MEMORY_PER_BYTE * size),
        MOST_WRITTEN,
    )
