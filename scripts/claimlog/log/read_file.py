"""Reading one file of a batch, piece by piece, as rows of the present schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

import polars as pl

from claimlog.errors import ClaimlogError
from claimlog.log.batch import Batch
from claimlog.log.column_types import empty_frame
from claimlog.log.stream_file import Lines, Times
from claimlog.log.stream_parts import number_lines
from claimlog.log.takedowns import sealed_lines, with_taken
from claimlog.log.upcast import upcast
from claimlog.schema.definition import Definition
from claimlog.untrusted_files import RIGHT_FILE, hole_flaw, open_regular

PIECE = 64 << 20
"""Bytes of a file that are parsed at once; a part holds the rows of one piece."""

P = TypeVar("P")


@dataclass
class FileRows(Generic[P]):
    """A file of a batch as read: what is known of its lines, and what became of its rows."""

    lines: Lines
    parts: list[P] = field(default_factory=list)


def read_file(
    definition: Definition, batch: Batch, stream: str, keep: Callable[[pl.DataFrame, int], P]
) -> FileRows[P]:
    """Read a file of a batch; memory holds one piece of it beside what `keep` keeps.

    Parameters
    ----------
    keep
        Called with the numbered rows of a piece, and the piece's number; what it returns is a part.
        Where lines have findings there is none.
    """
    whole, parts, times = Lines(), [], []
    taken = batch.taken.get(stream, ())
    for number, lines in enumerate(read_pieces(definition, batch, stream, PIECE)):
        if lines.frame is not None and lines.rows and not whole.findings:
            rows = number_lines(lines.frame, lines.leaves, whole.rows)
            if taken:
                rows = rows.with_columns(sealed_lines(rows["line"], taken))
            parts.append(keep(rows, number))
        times += [lines.times] if lines.times else []
        whole.rows += lines.rows
        whole.findings += lines.findings
        whole.leaves += lines.leaves
        whole.size, whole.sha256 = lines.size, lines.sha256
        whole.excess = max(whole.excess, lines.excess)
    whole.rows += len(taken)
    whole.leaves = with_taken(whole.leaves, taken)
    whole.times = Times.of_pieces(times)
    return FileRows(whole, [] if whole.findings else parts)


def read_pieces(definition: Definition, batch: Batch, stream: str, size: int) -> Iterator[Lines]:
    """Read a file of a batch as rows of the present schema, some `size` bytes of lines at a time.

    Lines are numbered within the file. ``sha256`` and ``size`` of a piece are of the file up to
    its end.
    """
    display_path, path = batch.shown_file(stream), batch.file(stream)
    version = written_as(batch, stream, definition)
    table = definition.schema_of(stream, version)
    digest, before, length = sha256(), 0, 0
    longest = definition.thresholds["line_bytes"]

    def pieces() -> Iterator[tuple[Lines, bytes]]:
        # both import pyarrow, which takes long, and rows that the cache holds need neither
        if batch.in_columns(stream):
            from claimlog.log.columnar import read_rows

            data = read_bytes(path, display_path)
            expected = batch.file_entry(stream).get("rows")
            if expected is not None:
                expected -= len(batch.taken.get(stream, ()))
            for lines in read_rows(path, table, display_path, expected, longest):
                yield lines, b""
            if read_bytes(path, display_path) != data:  # the rows may be of either
                raise ClaimlogError(
                    f"{display_path}: was changed while it was read; run this again"
                )
            yield Lines(frame=empty_frame(table)), data
            return
        from claimlog.log.lines import read_lines

        for data in chunks(path, display_path, size, longest):
            lines = read_lines(data, table, display_path, longest)
            lines.findings = [
                replace(finding, line=finding.line + before) if finding.line else finding
                for finding in lines.findings
            ]
            yield lines, data

    for lines, data in pieces():
        digest.update(data)
        length += len(data)
        lines.sha256, lines.size = digest.hexdigest(), length
        if lines.frame is not None:
            lines.frame = upcast(lines.frame, definition, stream, version)
            lines.times = Times.of(lines.frame)
        before += lines.rows
        yield lines


def chunks(path: Path, shown: str, size: int, longest: int) -> Iterator[bytes]:
    """Yield a file in pieces of about `size` bytes that end with a line, the last one as it is.

    A line that is far longer than `longest` is the last, cut off: no row begins like that.

    Raises
    ------
    ClaimlogError
        If it cannot be read.
    """
    rest, nothing = b"", True
    try:
        with path.open("rb") as handle:
            while data := handle.read(size):
                end = data.rfind(b"\n") + 1
                if end:
                    yield rest + data[:end]
                    rest, nothing = data[end:], False
                else:
                    rest += data
                    if size > 0 and len(rest) > longest + size:
                        break
    except OSError as error:
        raise ClaimlogError(f"{shown}: cannot be read ({error.strerror})") from error
    if rest or nothing:
        yield rest


def written_as(batch: Batch, stream: str, definition: Definition) -> int:
    """Return the schema version that a batch's rows of a stream were written by."""
    return int(batch.file_entry(stream).get("schema_version", definition.streams[stream].version))


def read_bytes(path: Path, shown: str) -> bytes:
    """Read a file.

    Raises
    ------
    ClaimlogError
        If it cannot be read, is no regular file, or consists of holes.
    """
    try:
        with open_regular(path, shown, None, RIGHT_FILE) as file:
            if flaw := hole_flaw(os.fstat(file.fileno())):
                raise ClaimlogError(f"{shown}: {flaw}; it was not read")
            return file.read()
    except OSError as error:
        raise ClaimlogError(f"{shown}: cannot be read ({error.strerror})") from error
