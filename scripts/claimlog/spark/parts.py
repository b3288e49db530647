"""Rows in Spark's frames, as parts of a log: to the driver comes only what is scanned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claimlog.log.event_log import Log
from claimlog.log.stream_parts import END
from claimlog.schema.table_schema import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class SparkPart:
    """All rows of a stream, with all columns of `POSITION`, kept by Spark while it runs."""

    frame: DataFrame
    rows: int
    first: int = 0
    end: int = END
    ids: tuple[str, ...] = ()

    def overlaps(self, low: str | None, high: str | None) -> bool:  # noqa: ARG002
        return self.rows > 0

    def scan(self, names: Sequence[str]) -> pl.LazyFrame:
        return driver_rows(self.frame.select(*names)).lazy()

    def sample(self, size: int) -> pl.DataFrame:
        step = max(1, -(-self.rows // max(1, size)))
        rows = driver_rows(self.frame.where(f"seq % {step} = 0").orderBy("seq"))
        return rows if rows.height or not self.rows else driver_rows(self.frame.limit(size))

    def count_actions(self) -> dict[str, int]:
        return dict(tuple(row) for row in self.frame.groupBy("action").count().collect())


def driver_rows(frame: DataFrame) -> pl.DataFrame:
    """Return a Spark frame's rows on the driver."""
    rows = pl.from_arrow(frame.toArrow())
    assert isinstance(rows, pl.DataFrame)
    return rows


def stream_frame(log: Log, stream: str) -> DataFrame:
    """Return the Spark frame of a stream of a log that Spark read."""
    (part,) = log.parts[stream]
    assert isinstance(part, SparkPart)
    return part.frame


def frames_by_schema(log: Log, stream: str) -> Iterator[tuple[Table, DataFrame, int]]:
    """Yield rows of a stream, and their number, with the schema that they are judged by.

    Which schema that is `Log.by_schema` says.
    """
    from pyspark.sql import functions as F

    now, versions = log.definition.streams[stream], log.versions(stream)
    frame = stream_frame(log, stream)
    if all(version >= now.version for version in versions):
        yield now, frame, log.height(stream)
        return
    for version, batches in sorted(versions.items()):
        rows = frame.where(F.col("batch").isin(batches))
        yield log.definition.judging_schema(stream, version), rows, rows.count()
