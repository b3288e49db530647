"""The rules on Spark: those of an entity in tasks that hold all its rows, references as joins.

Spark shuffles the rows of a stream so that all rows of an entity come to one task, and the task
runs the checks of `claimlog.validate` on them, as on a section of the log. Only references need
rows of other streams: those are joins that Spark does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from claimlog.log.event_log import Log
from claimlog.log.stream_file import Lines
from claimlog.log.stream_parts import MemoryPart, Part
from claimlog.schema.table_schema import Table
from claimlog.spark.column_constraints import check_pandera
from claimlog.spark.log_files import task_batch
from claimlog.spark.parts import driver_rows, frames_by_schema, stream_frame
from claimlog.spark.read_log import row_schema, shipped_definition
from claimlog.spark.tallies import dump_tallies, enter_tallies
from claimlog.validate import ENTITY_CHECKS, coders, history_rules, reference_rules
from claimlog.validate.report import Report

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

SOURCE_COLUMNS = ("source_id", "seq", "batch", "line", "text_length", "furniture")


def check_rows(shipped: str) -> Callable[[Log, Report, Callable[[str], None]], None]:
    """Return a function for `validate` that runs the layers of schema and rows on Spark."""

    def check(log: Log, report: Report, progress: Callable[[str], None]) -> None:
        check_pandera(log, report)
        if report.error_count:
            report.stopped_after = "schema"
            check_references_by_join(log, report)
            return
        progress("rows")
        sources = log.columns("sources", SOURCE_COLUMNS)
        for stream, table in log.definition.streams.items():
            enter_tallies(report, _task_tallies(log, stream, table, sources, shipped))
        check_references_by_join(log, report)
        reference_rules.check_chains(log, report)
        reference_rules.check_facts(log, report)
        coders.check_coders(log, report)
        history_rules.check_order(log, report)
        if report.error_count:
            report.stopped_after = "rows"

    return check


def _task_tallies(
    log: Log, stream: str, table: Table, sources: pl.DataFrame, shipped: str
) -> Iterator[str]:
    """Yield the tallies of every task that checks rows of a stream."""
    batches = [task_batch(batch) for batch in log.batches]
    lookup = sources.to_arrow(compat_level=pl.CompatLevel.oldest())
    schema = row_schema(table)
    # where rows were taken down is counted by the rows of every file
    files = {name: Lines(rows=lines.rows) for name, lines in log.files.items()}

    def check_part(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        batches_of_rows = list(parts)
        if not batches_of_rows:
            return
        # Spark names the parts of lists anew
        stream_rows = pa.Table.from_batches(batches_of_rows).cast(schema)
        package, definition = shipped_definition(shipped)
        rows: dict[str, list[Part]] = {
            name: [MemoryPart(_frame(one))]
            for name, one in (("sources", lookup), (stream, stream_rows))
        }
        section = Log(package, definition, batches, rows, files, [], streams=(stream,))
        report = Report(section)
        for check in ENTITY_CHECKS:
            check(section, report)
        yield pa.RecordBatch.from_pydict({"tallies": [dump_tallies(report)]})

    parts = stream_frame(log, stream).repartition(table.id)
    for (text,) in parts.mapInArrow(check_part, "tallies string").collect():
        yield text


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def check_references_by_join(log: Log, report: Report) -> None:
    """Check that every reference is to an entity that exists, and of live rows to live ones."""
    from pyspark.sql import DataFrame
    from pyspark.sql import functions as F

    streams = log.definition.streams.items()
    for stream, _ in streams:
        for schema, _, height in frames_by_schema(log, stream):
            for _ in _reference_columns(schema):
                report.count("foreign-key", height)
                report.count("live-reference", height)
    states = {name: _states(stream_frame(log, name), table) for name, table in streams}
    refs = [
        refs for name, table in streams for refs in _reference_rows(log, name, table, states[name])
    ]
    targets = [states[name].withColumn("target", F.lit(name)) for name, _ in streams]
    looked_up = reduce(DataFrame.unionByName, refs).join(
        reduce(DataFrame.unionByName, targets).withColumnRenamed("is_live", "target_live"),
        ["target", "ref"],
        "left",
    )
    rule = F.when(F.expr("first_batch IS NULL OR first_batch > batch"), "foreign-key").when(
        F.expr("is_live AND NOT target_live"), "live-reference"
    )
    wrong = looked_up.withColumn("rule", rule).where("rule IS NOT NULL").persist()
    kinds = ("rule", "stream", "label", "target")
    for *kind, count in sorted(wrong.groupBy(*kinds).count().collect()):
        name, stream, label, target = kind
        conditions = (F.col(key) == value for key, value in zip(kinds, kind, strict=True))
        of_kind = wrong.where(reduce(and_, conditions))
        first = driver_rows(of_kind.orderBy("batch", "line").limit(report.most))
        rows = first.rename({"entity": log.definition.streams[stream].id})
        report.fail_rows(name, stream, rows, *reference_rules.wording(name, label, target))
        report.count_unlisted(name, count - first.height)
    wrong.unpersist()


def _reference_rows(log: Log, stream: str, table: Table, states: DataFrame) -> Iterator[DataFrame]:
    """Yield the references of each referring column: from which row, to what."""
    from pyspark.sql import functions as F

    live = states.select(F.col("ref").alias(table.id), "last_seq", "is_live")
    references = (
        (rows.join(live, table.id), *reference)
        for schema, rows, _ in frames_by_schema(log, stream)
        for reference in _reference_columns(schema)
    )
    for frame, label, target, column in references:
        yield frame.select(
            F.lit(stream).alias("stream"),
            F.lit(label).alias("label"),
            F.lit(target).alias("target"),
            F.col(table.id).alias("entity"),
            "batch",
            "line",
            F.expr("is_live AND seq = last_seq").alias("is_live"),
            column.alias("ref"),
        ).where("ref IS NOT NULL")


def _states(frame: DataFrame, table: Table) -> DataFrame:
    """Return of every entity of a stream its first batch, its last row and whether it is live."""
    from pyspark.sql import functions as F

    return frame.groupBy(F.col(table.id).alias("ref")).agg(
        F.min("batch").alias("first_batch"),
        F.max("seq").alias("last_seq"),
        (F.max_by("action", "seq") != "retract").alias("is_live"),
    )


def _reference_columns(table: Table) -> Iterator[tuple[str, str, Column]]:
    """Yield every referring column with its target stream and its values, one a row."""
    from pyspark.sql import functions as F

    for key in table.foreign_keys:
        yield key.column, key.table, F.col(key.column)
    for item in table.fields:
        if item.item is not None and item.item.references:
            yield item.name, item.item.references, F.explode(item.name)
        for inner in item.fields:
            if inner.references:
                parts = F.explode(f"{item.name}.{inner.name}")
                yield f"{item.name}: {inner.name}", inner.references, parts
