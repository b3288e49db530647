"""Rows that were taken down for a legal reason: what is left of each, and the record of them.

A sealed row never changes, with one exception. Where a law demands that what it says is gone, its
line is taken out of the batch's file. ``takedowns.json`` keeps the hash that the line was in the
tree with, its place, the entity and version that it was, and why it went. So the tree, its root
and every proof stay what they were, and nothing else can be missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError
from claimlog.escaping import json_text
from claimlog.fingerprint import TAKEDOWNS
from claimlog.limits import NAME, TAKEN_ROWS
from claimlog.package import Package
from claimlog.schema.json_schemas import shape_flaw

RECORD = TAKEDOWNS

HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
COUNT = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
ROW = {
    "batch": COUNT,
    "stream": {"type": "string", "pattern": NAME},
    "line": COUNT,
    "leaf_hash": HASH,
    "id": {"type": "string", "minLength": 1, "maxLength": 200},
    "version": COUNT,
    "action": {"enum": ["assert", "amend"]},
    "taken_down": {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "by": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$", "maxLength": 200},
    "reason": {"type": "string", "minLength": 1, "maxLength": 2000},
}
FILE = {"bytes": {"type": "integer", "minimum": 0}, "sha256": HASH}
FILE_PATH = rf"^events/[0-9]{{4,}}-[a-z0-9-]+/{NAME[1:-1]}\.(ndjson|parquet)$"
"""Path of a file of a batch: whoever reads the record may write to what it names."""

SHAPE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["rows", "files"],
    "properties": {
        "rows": {
            "type": "array",
            "maxItems": TAKEN_ROWS,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": [*ROW],
                "properties": ROW,
            },
        },
        "files": {
            "type": "object",
            "maxProperties": TAKEN_ROWS,
            "propertyNames": {"pattern": FILE_PATH},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": [*FILE],
                "properties": FILE,
            },
        },
    },
}


@dataclass(frozen=True)
class TakenRow:
    """A row that was taken down.

    Attributes
    ----------
    line
        Its line in the file of its stream as it was sealed, from 1.
    leaf_hash
        The hash of its leaf, hex: its ``event_id``.
    taken_down
        The day (UTC).
    """

    batch: int
    stream: str
    line: int
    leaf_hash: str
    id: str
    version: int
    action: str
    taken_down: str
    by: str
    reason: str

    @property
    def notice(self) -> str:
        """Which version is missing, and since when."""
        return f"version {self.version} was taken down on {self.taken_down}"

    @property
    def sentence(self) -> str:
        """What is missing, since when and why; the reason, which others chose, in quotes."""
        why = json.dumps(self.reason, ensure_ascii=False)
        return f"{self.stream} {self.id} {self.notice} by {self.by}: {why}"

    def sentence_at(self, seq: int) -> str:
        """Return `sentence` with the place that the row has in the log."""
        return f"row {seq} of the log, of which the hash alone is left: {self.sentence}"


@dataclass(frozen=True)
class TakedownRecord:
    """What ``takedowns.json`` says.

    Attributes
    ----------
    rows
        Every row that was taken down, in the order of the log.
    files
        Size and SHA-256 that each file without such rows has, by its path in the package.
    """

    rows: tuple[TakenRow, ...] = ()
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def rows_of(self, shown: str, number: int) -> dict[str, tuple[TakenRow, ...]]:
        """Return the rows of a batch that were taken down, by stream.

        Two batches can have one number until one of them is rebased; the rows are of that whose
        files are listed.

        Parameters
        ----------
        shown
            The batch's directory in the package.
        """
        streams = {
            name.removeprefix(f"{shown}/").partition(".")[0]
            for name in self.files
            if name.startswith(f"{shown}/")
        }
        own = [row for row in self.rows if row.batch == number and row.stream in streams]
        return {
            stream: tuple(row for row in own if row.stream == stream)
            for stream in dict.fromkeys(row.stream for row in own)
        }

    def up_to(self, batch: int) -> TakedownRecord:
        """Return the part about the batches up to a number."""
        prefix = {f"{row.batch:04d}-" for row in self.rows if row.batch <= batch}
        files = {
            name: file
            for name, file in self.files.items()
            if any(name.startswith(f"events/{number}") for number in prefix)
        }
        return TakedownRecord(tuple(row for row in self.rows if row.batch <= batch), files)


def read_takedowns(package: Package) -> TakedownRecord:
    """Return the record of a package; an empty one where there is none.

    Raises
    ------
    ClaimlogError
        If it cannot be read, or has another form than `dump_takedowns` gives it.
    """
    path = package.root / RECORD
    if not path.exists() and not path.is_symlink():
        return TakedownRecord()
    record = parse_takedowns(package.json(RECORD))
    if not record.rows or path.read_bytes() != dump_takedowns(record):
        raise ClaimlogError(f"{RECORD}: is not as claimlog takedown wrote it; restore it from git")
    return record


def parse_takedowns(data: Any) -> TakedownRecord:
    """Return the record that a JSON document is.

    Raises
    ------
    ClaimlogError
        If it is none.
    """
    if flaw := shape_flaw(data, SHAPE):
        raise ClaimlogError(f"{RECORD}: {flaw}; restore it from git")
    record = TakedownRecord(tuple(TakenRow(**row) for row in data["rows"]), data["files"])
    places = [(row.batch, row.stream, row.line) for row in record.rows]
    if len({*places}) < len(places):
        raise ClaimlogError(f"{RECORD}: names one row twice; restore it from git")
    return record


def dump_takedowns(record: TakedownRecord) -> bytes:
    """Return the bytes of the record."""
    rows = sorted(record.rows, key=lambda row: (row.batch, row.stream, row.line))
    files = dict(sorted(record.files.items()))
    text = json_text({"rows": [asdict(row) for row in rows], "files": files})
    return (text + "\n").encode("utf-8")


def sealed_lines(line: pl.Series, taken: Sequence[TakenRow]) -> pl.Series:
    """Return the lines that rows of a file had when it was sealed, from those that they have now.

    >>> row = TakenRow(1, "claims", 2, "", "", 1, "assert", "", "", "")
    >>> sealed_lines(pl.Series([1, 2, 3]), [row]).to_list()
    [1, 3, 4]
    """
    import numpy as np  # few logs have such rows

    shifts = np.sort(np.array([row.line for row in taken])) - np.arange(len(taken))
    return line + pl.Series(np.searchsorted(shifts, line.to_numpy(), side="right"))


def with_taken(leaves: Sequence[bytes], taken: Sequence[TakenRow]) -> list[bytes]:
    """Return the leaf hashes of a file as it was sealed, from those of the rows that are left."""
    whole = [*leaves]
    for row in sorted(taken, key=lambda row: row.line):
        whole.insert(row.line - 1, bytes.fromhex(row.leaf_hash))
    return whole


def whole_file(
    lines: Iterator[bytes], taken: Sequence[TakenRow]
) -> Iterator[tuple[bytes, TakenRow | None]]:
    """Yield the lines of a file as it was sealed; for one that was taken down, what is known."""
    by_line = {row.line: row for row in taken}
    number = 1
    for line in lines:
        while number in by_line:
            yield b"", by_line[number]
            number += 1
        yield line, None
        number += 1
    while number in by_line:
        yield b"", by_line[number]
        number += 1
