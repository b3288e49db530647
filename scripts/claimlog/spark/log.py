"""The log on Spark: rows in Spark's frames, and on the driver only what was asked for."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from claimlog.errors import ClaimlogError, Finding
from claimlog.log.batch import Batch
from claimlog.log.event_log import Log
from claimlog.log.lines import Lines, Times, arrow_schema
from claimlog.log.merkle import CompactRange
from claimlog.log.read_file import read_pieces
from claimlog.package import Package
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.table_schema import Table
from claimlog.spark.files import File, Files, light
from claimlog.spark.tree import joined, subtrees

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TOLD = "told"
"""Column in which a row without a position carries what a file's task found."""

PIECE = 64 << 20
"""Bytes of a file that a task parses at once."""

CHUNK = 10_000
"""Rows that a task gives to Spark at once."""

PLACE = pa.schema(
    [("seq", pa.int64()), ("event_id", pa.string()), ("batch", pa.int64()), ("line", pa.int64())]
)


@dataclass
class SparkLog(Log):
    """A log whose rows are in Spark's frames, one a stream, kept by Spark while it runs."""

    frames: dict[str, DataFrame] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def height(self, stream: str) -> int:
        return self.counts[stream]

    def columns(self, stream: str, names: Sequence[str]) -> pl.DataFrame:
        return polars(self.frames[stream].select(*names))

    def sample(self, stream: str, size: int) -> pl.DataFrame:
        names = [*self.definition.streams[stream].names, *PLACE.names]
        rows = self.frames[stream].select(*names)
        step = max(1, -(-self.height(stream) // size))
        found = polars(rows.where(f"seq % {step} = 0").orderBy("seq"))
        return found if len(found) or not self.height(stream) else polars(rows.limit(size))

    def live(self, stream: str) -> pl.DataFrame:
        from pyspark.sql import Window
        from pyspark.sql import functions as F

        last = F.max("seq").over(Window.partitionBy(self.definition.streams[stream].id))
        rows = self.frames[stream].withColumn("last", last)
        return polars(rows.where("seq = last AND action <> 'retract'").drop("last"))

    def live_count(self, stream: str) -> int:
        from pyspark.sql import functions as F

        table = self.definition.streams[stream]
        last = self.frames[stream].groupBy(table.id).agg(F.max_by("action", "seq").alias("action"))
        return int(last.where("action <> 'retract'").count())


def by_schema(log: SparkLog, stream: str) -> Iterator[tuple[Table, DataFrame, int]]:
    """Yield rows of a stream, and their number, with the schema that they are judged by.

    As `Log.by_schema` does it.
    """
    from pyspark.sql import functions as F

    now, versions = log.definition.streams[stream], log.versions(stream)
    frame = log.frames[stream]
    if all(version >= now.version for version in versions):
        yield now, frame, log.height(stream)
        return
    for version, batches in sorted(versions.items()):
        rows = frame.where(F.col("batch").isin(batches))
        yield log.definition.judging_schema(stream, version), rows, rows.count()


def polars(frame: DataFrame) -> pl.DataFrame:
    """Return a Spark frame's rows on the driver."""
    found = pl.from_arrow(frame.toArrow())
    assert isinstance(found, pl.DataFrame)
    return found


def row_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a stream's rows with their position."""
    return pa.schema([*arrow_schema(table), *PLACE])


def read(
    spark: SparkSession,
    files: Files,
    shipped: str,
    progress: Callable[[str], None] = lambda _: None,
) -> SparkLog:
    """Read every file of a log in Spark's tasks, each by one of them.

    Parameters
    ----------
    shipped
        Name of the directory that Spark gives every task: the package without its rows.
    progress
        Called with the name of each stream once its files are read.
    """
    definition = files.definition
    rows: dict[str, DataFrame] = {}
    told: dict[str, dict[str, Any]] = {}
    for stream, table in definition.streams.items():
        frame = _frame(spark, files.of(stream), table, shipped).persist()
        for (text,) in frame.where(f"{TOLD} IS NOT NULL").select(TOLD).collect():
            found = json.loads(text)
            told[found["key"]] = found
        rows[stream] = frame.where("seq IS NOT NULL").drop(TOLD)
        progress(stream)
    unread = [file for file in files.files if file.key not in told]
    if unread:
        raise ClaimlogError(f"{unread[0].address}: cannot be read; Spark found no such file")
    lines = {f.batch.shown_file(f.stream): _lines(told[f.key]) for f in files.files}
    findings = [finding for read in lines.values() for finding in read.findings]
    counts = dict.fromkeys(definition.streams, 0)
    for file in files.files:
        counts[file.stream] += told[file.key]["rows"]
    return SparkLog(
        package=files.package,
        definition=definition,
        batches=files.batches,
        parts={},
        files=lines,
        trees=_trees(files, told),
        findings=[*files.findings, *findings],
        frames=rows,
        counts=counts,
    )


def _frame(spark: SparkSession, files: list[File], table: Table, shipped: str) -> DataFrame:
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = pa.schema([*row_schema(table), (TOLD, pa.string())])
    types = from_arrow_schema(schema)
    if not files:
        return spark.createDataFrame([], types)
    plan = {file.key: (light(file.batch), file.stream, file.first) for file in files}

    def read_files(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for path, content in zip(batch["path"], batch["content"], strict=True):
                key = "/".join(path.as_py().rsplit("/", 2)[-2:])
                yield from read_file(content.as_py(), key, *plan[key], shipped)

    found = spark.read.format("binaryFile").load([file.address for file in files])
    return found.select("path", "content").mapInArrow(read_files, types)


def read_file(
    data: bytes, key: str, batch: Batch, stream: str, first: int, shipped: str
) -> Iterator[pa.RecordBatch]:
    """Read a file's bytes in a task: its rows with their positions, and what was found."""
    _, definition = known(shipped)
    schema = row_schema(definition.streams[stream])
    whole, tree, times = Lines(), [], []
    with tempfile.TemporaryDirectory(prefix="claimlog-") as folder:
        path = Path(folder) / key
        path.parent.mkdir()
        path.write_bytes(data)
        here = replace(batch, path=path.parent)
        for lines in read_pieces(definition, here, stream, PIECE):
            tree += subtrees(first + whole.rows, lines.leaves)
            times += [lines.times] if lines.times else []
            if lines.frame is not None and lines.rows:
                yield from _given(_placed(lines, first, whole.rows, batch.number), schema)
            whole.rows += lines.rows
            whole.findings += lines.findings
            whole.sha256, whole.size = lines.sha256, lines.size
    told = {
        "key": key,
        "rows": whole.rows,
        "sha256": whole.sha256,
        "size": whole.size,
        "times": _joined(times),
        "tree": [(level, root.hex()) for level, root in tree],
        "findings": [finding.as_dict() for finding in whole.findings],
    }
    yield _noted(pa.Table.from_pylist([dict.fromkeys(schema.names)], schema), json.dumps(told))


def _placed(lines: Lines, first: int, before: int, number: int) -> pl.DataFrame:
    assert lines.frame is not None
    return lines.frame.with_columns(
        pl.int_range(first + before, first + before + pl.len(), dtype=pl.Int64).alias("seq"),
        pl.Series("event_id", lines.leaves, dtype=pl.Binary).bin.encode("hex"),
        pl.lit(number, dtype=pl.Int64).alias("batch"),
        pl.int_range(before + 1, before + 1 + pl.len(), dtype=pl.Int64).alias("line"),
    )


def _given(frame: pl.DataFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in frame.select(schema.names).iter_slices(CHUNK):
        rows = part.to_arrow(compat_level=pl.CompatLevel.oldest())
        yield _noted(rows.cast(schema), None)


def _noted(rows: pa.Table, told: str | None) -> pa.RecordBatch:
    notes = pa.array([told] * rows.num_rows, pa.string())
    (batch,) = rows.append_column(TOLD, notes).combine_chunks().to_batches()
    return batch


def _joined(times: list[Times]) -> Times | None:
    """Return the times of a file from those of its pieces."""
    if not times:
        return None
    apart = all(one.last <= other.first for one, other in pairwise(times))
    first, last = min(one.first for one in times), max(one.last for one in times)
    return Times(first, last, apart and all(one.rising for one in times))


@cache
def known(shipped: str) -> tuple[Package, Definition]:
    """Return the package that Spark shipped, and its definition, read once a process."""
    from pyspark import SparkFiles

    # in a directory that Spark removes
    root = Path(SparkFiles.getRootDirectory())
    folder, own = root / shipped, root / f"{shipped}-{os.getpid()}"
    if not folder.is_dir():
        shutil.unpack_archive(SparkFiles.get(f"{shipped}.zip"), own)
        try:
            own.rename(folder)
        except OSError:  # another task was quicker
            shutil.rmtree(own)
    package = Package(folder)
    return package, read_definition(package)


def _lines(told: dict[str, Any]) -> Lines:
    return Lines(
        told["rows"],
        told["sha256"],
        told["size"],
        findings=[Finding(**finding) for finding in told["findings"]],
        times=Times(*told["times"]) if told["times"] else None,
    )


def _trees(files: Files, told: dict[str, dict[str, Any]]) -> list[tuple[int, bytes]]:
    """Return size and root after each batch, as the rows give them."""
    tree = CompactRange()
    trees = []
    for batch in files.batches:
        for file in files.files:
            if file.batch is not batch:
                continue
            found = told[file.key]
            if file.first == tree.size:
                tree = joined(tree, ((level, bytes.fromhex(root)) for level, root in found["tree"]))
            else:
                # a manifest is wrong about its rows: nothing after it has its place in the tree
                tree = CompactRange(tree.size + found["rows"])
        trees.append((tree.size, tree.root()))
    return trees
