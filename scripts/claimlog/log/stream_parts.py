"""Parts of a stream: rows that follow each other in the log, in memory or in a file of the cache.

A part in the cache is a Parquet file sorted by the entity's id, in small row groups, so that the
rows of a range of ids are found without reading the rest. Where its rows stand in the log is added
when they are read: the file says only on which line of the batch's file each stands.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Protocol

import polars as pl

from claimlog.parquet_scan import scan_one_file
from claimlog.schema.table_schema import Table

ROW_GROUP = 8192
STEP = 1024
"""Of every so many rows, in the order of ids, a part in the cache knows the id."""


END = 1 << 62
"""A ``seq`` after that of every row, for parts that do not know where they end."""


class Part(Protocol):
    """Rows of one stream that can be scanned, in memory, in the cache or in another engine.

    `first` and `end` are a ``seq`` that none of its rows is before, and one that none has reached;
    `ids` are those of every `STEP`-th row, if it knows them.
    """

    @property
    def first(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> int:
        """Number of rows."""

    def overlaps(self, low: str | None, high: str | None) -> bool:
        """Whether rows may lie from id `low` to id `high`; None for no such end."""

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        """Return some columns of its rows, those of `POSITION` among them, in no order."""

    def sample(self, size: int) -> pl.DataFrame:
        """Return about `size` of its rows, with all columns."""

    def count_actions(self) -> dict[str, int]:
        """Return the number of its rows by ``action``."""


@dataclass(frozen=True)
class MemoryPart:
    """Rows in memory, with all columns of `POSITION`."""

    frame: pl.DataFrame
    first: int = 0
    end: int = END
    ids: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return self.frame.height

    def overlaps(self, low: str | None, high: str | None) -> bool:  # noqa: ARG002
        return not self.frame.is_empty()

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        return self.frame.lazy().select(names)

    def sample(self, size: int) -> pl.DataFrame:
        return self.frame.gather_every(max(1, -(-self.frame.height // max(1, size))))

    def count_actions(self) -> dict[str, int]:
        return dict(self.frame["action"].value_counts().iter_rows())


@dataclass(frozen=True)
class PartFile:
    """A file of a part, in the folder of parts, and the ids of every `STEP`-th row and the last."""

    name: str
    rows: int
    sha256: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class CachedPart:
    """A part in the cache, in its place in the log.

    `first` and `end` are the ``seq`` of the first row of its batch's file and of the row after the
    last one.
    """

    file: PartFile
    path: Path
    batch: int
    first: int
    end: int

    @property
    def rows(self) -> int:
        return self.file.rows

    @property
    def ids(self) -> tuple[str, ...]:
        return self.file.ids

    def overlaps(self, low: str | None, high: str | None) -> bool:
        return (high is None or self.ids[0] <= high) and (low is None or self.ids[-1] >= low)

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        return self._rows().select(names)

    def sample(self, size: int) -> pl.DataFrame:
        # rows that follow each other: one alone costs a row group
        return self._rows().slice(max(0, self.rows // 2 - size), size).collect()

    def count_actions(self) -> dict[str, int]:
        counts = scan_one_file(self.path).group_by("action").len()
        return dict(counts.collect().iter_rows())

    def _rows(self) -> pl.LazyFrame:
        return scan_one_file(self.path).with_columns(place_in_log(self.first, self.batch))


def place_in_log(first: int, batch: int) -> tuple[pl.Expr, pl.Expr]:
    """Return ``seq`` and ``batch`` of rows that have their ``line``.

    Parameters
    ----------
    first
        The ``seq`` of line 1 of their file.
    """
    return (
        (pl.col("line") + (first - 1)).alias("seq"),
        pl.lit(batch, dtype=pl.Int64).alias("batch"),
    )


def number_lines(frame: pl.DataFrame, leaves: Sequence[bytes], lines_before: int) -> pl.DataFrame:
    """Return rows of a file with their leaf hash as ``event_id`` and their ``line``.

    Parameters
    ----------
    lines_before
        Lines of the file before the first of them.
    """
    first = lines_before + 1
    return frame.with_columns(
        pl.Series("event_id", leaves, dtype=pl.Binary).bin.encode("hex"),
        pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("line"),
    )


def write_part(rows: pl.DataFrame, table: Table, path: Path) -> PartFile:
    """Write the numbered rows of a file as a file of a part, durably.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    rows = rows.sort(table.id, "line")
    # into memory first: with a file that takes no more, Polars waits for ever
    data = BytesIO()
    rows.write_parquet(data, compression="lz4", row_group_size=ROW_GROUP, statistics=True)
    path.unlink(missing_ok=True)  # of a process with the same number, or a link that waits for it
    with path.open("xb") as handle:
        handle.write(data.getbuffer())
        handle.flush()
        os.fsync(handle.fileno())
    ids = rows[table.id].fill_null("")  # which validation names; in the order of rows it is first
    digest = sha256(data.getbuffer()).hexdigest()
    return PartFile(path.name, rows.height, digest, (*ids.gather_every(STEP), ids[-1]))
