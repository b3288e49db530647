"""Parts: the rows of a batch's file as checked, typed and kept on disk, to be read by key.

A part is a Parquet file sorted by the entity's id, in small row groups, so that the rows of a range
of ids are found without reading the rest. Where a row stands in the log is added when it is read:
a part says only on which line of its file.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError, reason
from claimlog.log.batch import Batch
from claimlog.log.event_log import read_pieces
from claimlog.log.lines import Lines, Times
from claimlog.log.upcast import Upcasts
from claimlog.package import Package
from claimlog.schema.table_schema import Schemas, Table

CHUNK = 64 << 20
"""Bytes of a file that are read at once; a part holds the rows of one chunk."""

ROW_GROUP = 8192
STEP = 1024
"""Of every so many rows, in the order of ids, a part remembers the id."""


@dataclass(frozen=True)
class Part:
    """A part: its file in the folder of parts, and the ids of every `STEP`-th row and the last."""

    name: str
    rows: int
    sha256: str
    ids: tuple[str, ...]

    @property
    def low(self) -> str:
        return self.ids[0]

    @property
    def high(self) -> str:
        return self.ids[-1]


@dataclass(frozen=True)
class Kept:
    """A file of a batch as read: what its `Lines` say, and its parts."""

    rows: int
    bytes: int
    sha256: str
    times: Times | None
    parts: tuple[Part, ...]

    def lines(self) -> Lines:
        """Return the file as `integrity` looks at it: without rows."""
        return Lines(self.rows, self.sha256, self.bytes, times=self.times)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, found: dict[str, Any]) -> Kept:
        parts = [Part(p["name"], p["rows"], p["sha256"], tuple(p["ids"])) for p in found["parts"]]
        times = Times(*found["times"]) if found["times"] else None
        return cls(found["rows"], found["bytes"], found["sha256"], times, tuple(parts))


def keep(root: Path, batch: Batch, stream: str, folder: Path) -> tuple[Lines, Kept | None]:
    """Read a file of a batch and write its rows as parts into `folder`.

    Runs in a process of its own. Memory holds one chunk of the file at a time.

    Returns
    -------
    tuple
        The lines, without a frame, with leaf hashes and findings; and what was kept, None where
        there are findings.

    Raises
    ------
    ClaimlogError
        If a part cannot be written.
    """
    package = Package(root)
    schemas = Schemas(package)
    table = schemas.streams[stream]
    whole = Lines()
    parts: list[Part] = []
    times: list[Times] = []
    stem = f"{batch.path.name}-{stream}-{os.getpid()}"
    for number, lines in enumerate(read_pieces(package, Upcasts(schemas), batch, stream, CHUNK)):
        if lines.frame is not None and lines.rows:
            first = whole.rows + 1
            rows = lines.frame.with_columns(
                pl.Series("event_id", lines.leaves, dtype=pl.Binary).bin.encode("hex"),
                pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("line"),
            )
            try:
                parts.append(write_part(rows, table, folder / f"{stem}-{number}.parquet"))
            except OSError as error:
                raise ClaimlogError(
                    f"{package.relative(folder)}: cannot be written ({reason(error)}); "
                    "make room, or give write permission; nothing was replaced"
                ) from error
        times += [lines.times] if lines.times else []
        whole.rows += lines.rows
        whole.findings += lines.findings
        whole.leaves += lines.leaves
        whole.size, whole.sha256 = lines.size, lines.sha256
    whole.times = _joined(times)
    if whole.findings:
        return whole, None
    return whole, Kept(whole.rows, whole.size, whole.sha256, whole.times, tuple(parts))


def _joined(times: list[Times]) -> Times | None:
    if not times:
        return None
    rising = all(time.rising for time in times) and all(
        one.last <= other.first for one, other in pairwise(times)
    )
    return Times(min(t.first for t in times), max(t.last for t in times), rising)


def write_part(rows: pl.DataFrame, table: Table, path: Path) -> Part:
    """Write typed rows with ``event_id`` and ``line`` as a part, durably."""
    rows = rows.sort(table.id, "line")
    # into memory first: with a file that takes no more, Polars waits for ever
    data = BytesIO()
    rows.write_parquet(data, compression="lz4", row_group_size=ROW_GROUP, statistics=True)
    path.unlink(missing_ok=True)  # of a process with the same number, or a link that waits for it
    with path.open("xb") as handle:
        handle.write(data.getbuffer())
        handle.flush()
        os.fsync(handle.fileno())
    ids = rows[table.id].gather_every(STEP).to_list()
    digest = sha256(data.getbuffer()).hexdigest()
    return Part(path.name, rows.height, digest, (*ids, rows[table.id][-1]))


@dataclass(frozen=True)
class Placed:
    """A part in its place in the log.

    `first` and `end` are the ``seq`` of the first row of its file and of the row after its last.
    """

    part: Part
    path: Path
    batch: int
    first: int
    end: int

    def scan(self) -> pl.LazyFrame:
        """Return its rows with all columns of `log.POSITION`."""
        return pl.scan_parquet(self.path).with_columns(
            (pl.col("line") + (self.first - 1)).alias("seq"),
            pl.lit(self.batch, dtype=pl.Int64).alias("batch"),
        )
