"""Reading a log in Spark's tasks, a file each: rows stay in Spark, the rest goes to the driver.

A task parses its file with the reader of the embedded engine. After the rows it gives one row more,
whose only value is a note in JSON (`FileNote`) of what the driver must know of the file.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from claimlog.errors import ClaimlogError, Finding
from claimlog.log.arrow_types import arrow_schema
from claimlog.log.batch import Batch
from claimlog.log.event_log import Log
from claimlog.log.merkle import CompactRange
from claimlog.log.read_file import PIECE, read_pieces
from claimlog.log.stream_file import Lines, Times
from claimlog.log.stream_parts import Part, number_lines, place_in_log
from claimlog.package import Package
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.table_schema import Table
from claimlog.spark.log_files import LogFiles, StreamFile, task_batch
from claimlog.spark.parts import SparkPart
from claimlog.spark.storage import literal_address
from claimlog.spark.tree import Subtree, append_subtrees, subtrees

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NOTE = "claimlog_note"
"""Column of a task's note, in a row without a position; no stream has one of this name."""

CHUNK_ROWS = 10_000
"""Rows that a task gives to Spark at once."""

POSITION_SCHEMA = pa.schema(
    [("seq", pa.int64()), ("event_id", pa.string()), ("batch", pa.int64()), ("line", pa.int64())]
)


@dataclass(frozen=True)
class FileNote:
    """What a task read of a file, without its rows and leaves: by its key, and its subtrees."""

    key: str
    lines: Lines
    subtrees: list[Subtree]

    def dump(self) -> str:
        return json.dumps(
            {
                "key": self.key,
                "rows": self.lines.rows,
                "sha256": self.lines.sha256,
                "size": self.lines.size,
                "times": self.lines.times,
                "findings": [finding.as_dict() for finding in self.lines.findings],
                "subtrees": [(level, root.hex()) for level, root in self.subtrees],
            }
        )

    @classmethod
    def load(cls, text: str) -> FileNote:
        note = json.loads(text)
        lines = Lines(
            note["rows"],
            note["sha256"],
            note["size"],
            findings=[Finding(**finding) for finding in note["findings"]],
            times=Times(*note["times"]) if note["times"] else None,
        )
        pieces = [(level, bytes.fromhex(root)) for level, root in note["subtrees"]]
        return cls(note["key"], lines, pieces)


def row_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a stream's rows with their position."""
    return pa.schema([*arrow_schema(table), *POSITION_SCHEMA])


def read_on_spark(
    spark: SparkSession,
    files: LogFiles,
    shipped: str,
    progress: Callable[[str], None] = lambda _: None,
) -> Log:
    """Read every file of a log in Spark's tasks, each by one of them.

    Parameters
    ----------
    shipped
        Name of the directory that Spark gives every task: the package without its rows.
    progress
        Called with the name of each stream once its files are read.

    Raises
    ------
    ClaimlogError
        If Spark does not find a file.
    """
    frames: dict[str, DataFrame] = {}
    notes: dict[str, FileNote] = {}
    for stream, table in files.definition.streams.items():
        frame = _read_stream(spark, files.of_stream(stream), table, shipped).persist()
        for (text,) in frame.where(f"{NOTE} IS NOT NULL").select(NOTE).collect():
            note = FileNote.load(text)
            notes[note.key] = note
        frames[stream] = frame.where("seq IS NOT NULL").drop(NOTE)
        progress(stream)
    unread = [file for file in files.files if file.key not in notes]
    if unread:
        raise ClaimlogError(f"{unread[0].address}: cannot be read; Spark found no such file")
    parts: dict[str, list[Part]] = {}
    for stream, frame in frames.items():
        rows = sum(notes[file.key].lines.rows for file in files.of_stream(stream))
        parts[stream] = [SparkPart(frame, rows)]
    lines = {f.batch.shown_file(f.stream): notes[f.key].lines for f in files.files}
    findings = [finding for one in lines.values() for finding in one.findings]
    return Log(
        files.package,
        files.definition,
        files.batches,
        parts,
        lines,
        _trees(files, notes),
        findings=[*files.findings, *findings],
    )


def _read_stream(
    spark: SparkSession, files: list[StreamFile], table: Table, shipped: str
) -> DataFrame:
    from pyspark.sql.pandas.types import from_arrow_schema

    types = from_arrow_schema(pa.schema([*row_schema(table), (NOTE, pa.string())]))
    if not files:
        return spark.createDataFrame([], types)
    by_key = {file.key: (task_batch(file.batch), file.stream, file.first) for file in files}

    def read_files(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for path, content in zip(batch["path"], batch["content"], strict=True):
                key = "/".join(path.as_py().rsplit("/", 2)[-2:])
                yield from read_in_task(content.as_py(), key, *by_key[key], shipped)

    addresses = [literal_address(file.address) for file in files]
    contents = spark.read.format("binaryFile").load(addresses)
    return contents.select("path", "content").mapInArrow(read_files, types)


def read_in_task(
    data: bytes, key: str, batch: Batch, stream: str, first: int, shipped: str
) -> Iterator[pa.RecordBatch]:
    """Read a file's bytes in a task: yield its rows with their positions, then its note."""
    _, definition = shipped_definition(shipped)
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
                rows = number_lines(lines.frame, lines.leaves, whole.rows)
                rows = rows.with_columns(place_in_log(first, batch.number))
                yield from _record_batches(rows, schema)
            whole.rows += lines.rows
            whole.findings += lines.findings
            whole.sha256, whole.size = lines.sha256, lines.size
    whole.times = Times.of_pieces(times)
    no_row = pa.Table.from_pylist([dict.fromkeys(schema.names)], schema)
    yield _with_note(no_row, FileNote(key, whole, tree).dump())


def _record_batches(frame: pl.DataFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in frame.select(schema.names).iter_slices(CHUNK_ROWS):
        rows = part.to_arrow(compat_level=pl.CompatLevel.oldest())
        yield _with_note(rows.cast(schema), None)


def _with_note(rows: pa.Table, note: str | None) -> pa.RecordBatch:
    notes = pa.array([note] * rows.num_rows, pa.string())
    (batch,) = rows.append_column(NOTE, notes).combine_chunks().to_batches()
    return batch


@cache
def shipped_definition(shipped: str) -> tuple[Package, Definition]:
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


def _trees(files: LogFiles, notes: Mapping[str, FileNote]) -> list[tuple[int, bytes]]:
    """Return size and root after each batch, as the rows give them."""
    tree = CompactRange()
    trees = []
    for batch in files.batches:
        for file in files.files:
            if file.batch is not batch:
                continue
            note = notes[file.key]
            if file.first == tree.size:
                tree = append_subtrees(tree, note.subtrees)
            else:
                # a manifest is wrong about its rows: nothing after it has its place in the tree
                tree = CompactRange(tree.size + note.lines.rows)
        trees.append((tree.size, tree.root()))
    return trees
