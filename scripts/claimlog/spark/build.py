"""A build on Spark: from an address of batches to partitioned Parquet and its descriptor."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from claimlog.build_notes import LOGICAL
from claimlog.build_place import require_build_place
from claimlog.compile import batches_table, fold_context, log_state
from claimlog.directory_swap import publish_directory
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export.content_hash import Content
from claimlog.export.definition_tables import definition_tables
from claimlog.export.descriptor import dump_json, resource_schema
from claimlog.export.table_types import empty_table
from claimlog.fold import Cutoff, cutoff, fold
from claimlog.log.event_log import Log
from claimlog.media_types import PARQUET
from claimlog.package import DESCRIPTOR, VALIDATION, Package
from claimlog.schema.table_schema import Table
from claimlog.spark.log_files import copy_definition, list_files, require_readable
from claimlog.spark.parts import stream_frame
from claimlog.spark.read_log import read_on_spark
from claimlog.spark.rules import check_rows
from claimlog.spark.session import open_session
from claimlog.spark.storage import StorageDirectory, local_address, local_path
from claimlog.spark.tables import BUCKET, bucketed_id, read_content, write_table
from claimlog.validate import Report, validate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

OUT_FOLDER = "build-spark"
PARALLEL_TABLES = 4
"""Tables that Spark writes at a time."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class SparkBuild:
    """A build on Spark: the report of validation, and the content of every table."""

    report: Report
    tables: Mapping[str, Content]


def build(
    package: Package,
    out: str,
    as_of: str | None = None,
    batches: str | None = None,
    properties: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> SparkBuild:
    """Validate a log on Spark and compile it to partitioned Parquet at `out`.

    Parameters
    ----------
    package
        Where schemas, descriptor and releases come from.
    out
        A directory of this machine, or any address that Spark can write.
    batches
        Where the batches lie, if not in the package's ``events/``: a directory or an address.
    properties
        Spark's own properties.

    Raises
    ------
    FindingsError
        If validation finds an error; what is at `out` stays as it was.
    ClaimlogError
        If Spark or Java is missing, or an address is absent, out of reach or not ours to replace.
    """
    here = local_path(out)
    if here is not None:
        require_build_place(package, here)
    with open_session(properties or {}) as spark, tempfile.TemporaryDirectory() as folder:
        log, report = read_and_validate(spark, package, batches, Path(folder), progress)
        if report.error_count:
            raise FindingsError(report.findings, "nothing was built")
        cut = cutoff(log, as_of)
        with _stage_directory(spark, package, out, here) as directory:
            progress("compile")
            contents = _write(spark, log, cut, directory, progress)
            _describe(package, log, cut, report, contents, directory)
        spark.catalog.clearCache()
    return SparkBuild(report, contents)


def read_and_validate(
    spark: SparkSession,
    package: Package,
    batches: str | None,
    folder: Path,
    progress: Progress = lambda _: None,
) -> tuple[Log, Report]:
    """Read and validate a log on Spark; `folder` is an empty one to work in."""
    files = list_files(spark, package, batches, folder / "mirror")
    require_readable(files)
    # last: Spark gives it to every task that follows, for which it must still be there
    shipped = _ship_definition(spark, package, folder)
    log = read_on_spark(spark, files, shipped, progress)
    return log, validate(log, progress=progress, rows_by=check_rows(shipped))


def _ship_definition(spark: SparkSession, package: Package, folder: Path) -> str:
    """Have Spark give the package, without its rows, to every task; return its name there."""
    name = f"claimlog-{secrets.token_hex(8)}"
    copy_definition(package, folder / name)
    # as one file: a cluster takes no directories of this machine
    spark.sparkContext.addFile(shutil.make_archive(str(folder / name), "zip", folder / name))
    return name


@contextlib.contextmanager
def _stage_directory(
    spark: SparkSession, package: Package, out: str, here: Path | None
) -> Iterator[StorageDirectory]:
    """Yield an empty directory that replaces `out` once the block ends well."""
    if here is not None:
        require = partial(require_build_place, package, here)
        with publish_directory(here, package.relative(here), require) as folder:
            yield StorageDirectory(spark, local_address(folder))
            for path in folder.rglob(".*.crc"):  # Hadoop's own checksums of local files
                path.unlink()
        return
    target = StorageDirectory(spark, out)
    is_build = target.exists(DESCRIPTOR) and target.exists(LOGICAL)
    if target.exists() and [*target.entries()] and not is_build:
        raise ClaimlogError(
            f"{out}: exists and is no build of ours; name another address with --out, "
            "or remove it yourself"
        )
    parent, _, name = target.address.rpartition("/")
    stage = StorageDirectory(spark, f"{parent}/.{name}-new-{secrets.token_hex(4)}")
    try:
        yield stage
        descriptor = stage.read(DESCRIPTOR)
        # an object store renames file by file: what has no descriptor is no build
        stage.remove(DESCRIPTOR)
        target.remove(DESCRIPTOR)
        target.remove()
        stage.rename(target)
        target.write(DESCRIPTOR, descriptor)
    finally:
        stage.remove()


def fold_tables(spark: SparkSession, log: Log, cut: Cutoff) -> Iterator[tuple[Table, DataFrame]]:
    """Yield every table with its frame, which Spark computes when it is written."""
    frames = {name: stream_frame(log, name) for name in log.definition.streams}
    folded = fold(frames, log.definition, cut.size, fold_context(log, cut))
    constant = {**definition_tables(log.definition), "batches": batches_table(log, cut)}
    for name, table in log.definition.tables.items():
        if name in folded:
            yield table, folded[name].to_native()
            continue
        rows = constant.get(name, empty_table(table)).select(table.names)
        yield table, spark.createDataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _write(
    spark: SparkSession, log: Log, cut: Cutoff, directory: StorageDirectory, progress: Progress
) -> dict[str, Content]:
    """Write every table; return the content of each, as it is read back."""

    def write(table: Table, rows: DataFrame) -> Content:
        address = f"{directory.address}/tables/{table.name}"
        columns = write_table(rows, table, address)
        content = read_content(spark, table, address, columns)
        progress(table.name)
        return content

    # most tables are too small to keep Spark busy: it is given several at a time
    with ThreadPoolExecutor(PARALLEL_TABLES) as pool:
        writing = [
            (t.name, pool.submit(write, t, rows)) for t, rows in fold_tables(spark, log, cut)
        ]
        try:
            contents = {name: future.result() for name, future in writing}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    events = contents["events"].rows
    if events != cut.size:
        raise ClaimlogError(
            f"{directory.address}: holds {events} events of {cut.size}; is it a place that all "
            "executors share? Nothing was replaced"
        )
    return contents


def _describe(
    package: Package,
    log: Log,
    cut: Cutoff,
    report: Report,
    contents: Mapping[str, Content],
    directory: StorageDirectory,
) -> None:
    """Write the report, the logical hashes and, last of all, the descriptor."""
    state = log_state(log, cut)
    logical = {
        "log": state,
        "tables": {name: {"rows": one.rows, "root": one.root} for name, one in contents.items()},
    }
    directory.write(VALIDATION, report.dump())
    directory.write(LOGICAL, dump_json(logical))
    head = {key: value for key, value in package.descriptor.items() if key != "resources"}
    resources = [
        _resource(directory, log.definition.tables[name], one) for name, one in contents.items()
    ]
    directory.write(DESCRIPTOR, dump_json({**head, "log": state, "resources": resources}))


def _resource(directory: StorageDirectory, table: Table, content: Content) -> dict[str, Any]:
    by = bucketed_id(table)
    return {
        "name": table.name,
        "type": "table",
        "path": sorted(_files(directory, f"tables/{table.name}")),
        "title": table.title,
        "description": table.description,
        "format": "parquet",
        "mediatype": PARQUET,
        "rows": content.rows,
        "logicalHash": content.root,
        "partitionedBy": {"column": BUCKET, "of": by} if by else None,
        "schema": resource_schema(table),
    }


def _files(directory: StorageDirectory, name: str) -> Iterator[str]:
    for entry in directory.entries(name):
        if entry.is_directory:
            yield from _files(directory, entry.name)
        elif entry.name.endswith(".parquet"):
            yield entry.name
