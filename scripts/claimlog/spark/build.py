"""A build on Spark, from the batches' address to Parquet and its description."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from claimlog.build import refuse_foreign
from claimlog.compile import batches_table, folded_state
from claimlog.errors import ClaimlogError, FindingsError
from claimlog.export.conform import constant_tables, empty
from claimlog.export.descriptor import dump_json, table_schema
from claimlog.fold import Cutoff, Outside, cutoff, fold
from claimlog.log.release_index import read_index, release_marks
from claimlog.package import DESCRIPTOR, Package
from claimlog.schema.table_schema import Table
from claimlog.spark.files import list_files, require_readable, ship
from claimlog.spark.log import SparkLog, read
from claimlog.spark.place import Place, local
from claimlog.spark.rules import check_rows
from claimlog.spark.session import session
from claimlog.spark.tables import BUCKET, Written, partitioned_by, read_back, write_table
from claimlog.swap import publishing
from claimlog.validate import Report, validate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FOLDER = "build-spark"
VALIDATION, LOGICAL = "validation.json", "logical.json"
AT_ONCE = 4
"""Tables that Spark writes at once."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """A build on Spark: what validation found, and rows and logical hash of every table."""

    report: Report
    tables: Mapping[str, Written]


def build(
    package: Package,
    out: str,
    as_of: str | None = None,
    batches: str | None = None,
    properties: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> Built:
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
    here = local(out)
    if here is not None:
        refuse_foreign(package, here)
    with session(properties or {}) as spark, tempfile.TemporaryDirectory() as folder:
        log, report = checked(spark, package, batches, Path(folder), progress)
        if report.error_count:
            raise FindingsError(report.findings, "nothing was built")
        cut = cutoff(log, as_of)
        with _staged(spark, package, out, here) as place:
            progress("compile")
            written = _write(spark, log, cut, place, progress)
            _describe(package, log, cut, report, written, place)
        spark.catalog.clearCache()
    return Built(report, written)


def checked(
    spark: SparkSession,
    package: Package,
    batches: str | None,
    folder: Path,
    progress: Progress = lambda _: None,
) -> tuple[SparkLog, Report]:
    """Read and validate a log on Spark; `folder` is an empty one to work in."""
    files = list_files(spark, package, batches, folder / "mirror")
    require_readable(files)
    # last: Spark gives it to every task that follows, for which it must still be there
    shipped = _shipped(spark, package, folder)
    log = read(spark, files, shipped, progress)
    return log, validate(log, progress=progress, rows_by=check_rows(shipped))


def _shipped(spark: SparkSession, package: Package, folder: Path) -> str:
    """Have Spark give the package, without its rows, to every task; return its name there."""
    name = f"claimlog-{secrets.token_hex(8)}"
    ship(package, folder / name)
    # as one file: a cluster takes no directories of this machine
    spark.sparkContext.addFile(shutil.make_archive(str(folder / name), "zip", folder / name))
    return name


@contextlib.contextmanager
def _staged(spark: SparkSession, package: Package, out: str, here: Path | None) -> Iterator[Place]:
    """Yield an empty place that becomes `out` once the block ends well."""
    if here is not None:
        with publishing(here, package.relative(here)) as folder:
            yield Place(spark, folder.as_uri())
            for path in folder.rglob(".*.crc"):  # Hadoop's own checksums of local files
                path.unlink()
        return
    target = Place(spark, out)
    if target.exists() and [*target.entries()] and not target.exists(DESCRIPTOR):
        raise ClaimlogError(
            f"{out}: exists and is no build of ours; name another address with --out, "
            "or remove it yourself"
        )
    parent, _, name = target.address.rpartition("/")
    stage = Place(spark, f"{parent}/.{name}-new-{secrets.token_hex(4)}")
    try:
        yield stage
        described = stage.read(DESCRIPTOR)
        # an object store renames file by file: what has no descriptor is no build
        stage.remove(DESCRIPTOR)
        target.remove(DESCRIPTOR)
        target.remove()
        stage.rename(target)
        target.write(DESCRIPTOR, described)
    finally:
        stage.remove()


def tables(spark: SparkSession, log: SparkLog, cut: Cutoff) -> Iterator[tuple[Table, DataFrame]]:
    """Yield every table with its rows, not computed yet."""
    root = (log.trees[cut.batches - 1][1] if cut.batches else log.root).hex()
    outside = Outside(
        log.codebooks,
        release_marks(read_index(log.package), log.definition.descriptor, cut.size, root),
    )
    folded = fold(log.frames, log.definition, cut.size, outside)
    constant = {**constant_tables(log.definition), "batches": batches_table(log, cut)}
    for name, table in log.definition.tables.items():
        if name in folded:
            yield table, folded[name].to_native()
            continue
        rows = constant.get(name, empty(table)).select(table.names)
        yield table, spark.createDataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _write(
    spark: SparkSession, log: SparkLog, cut: Cutoff, place: Place, progress: Progress
) -> dict[str, Written]:

    def write(table: Table, rows: DataFrame) -> Written:
        address = f"{place.address}/tables/{table.name}"
        write_table(rows, table, address)
        found = read_back(spark, table, address)
        progress(table.name)
        return found

    # most tables are too small to keep Spark busy: it is given several at a time
    with ThreadPoolExecutor(AT_ONCE) as pool:
        given = [(t.name, pool.submit(write, t, rows)) for t, rows in tables(spark, log, cut)]
        try:
            written = {name: found.result() for name, found in given}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    found = written["events"].rows
    if found != cut.size:
        raise ClaimlogError(
            f"{place.address}: holds {found} events of {cut.size}; is it a place that all "
            "executors share? Nothing was replaced"
        )
    return written


def _describe(
    package: Package,
    log: SparkLog,
    cut: Cutoff,
    report: Report,
    written: Mapping[str, Written],
    place: Place,
) -> None:
    """Write the report, the logical hashes and, last of all, the descriptor."""
    state = folded_state(log, cut)
    logical = {
        "log": state,
        "tables": {name: {"rows": one.rows, "root": one.root} for name, one in written.items()},
    }
    place.write(VALIDATION, report.dump())
    place.write(LOGICAL, dump_json(logical))
    head = {key: value for key, value in package.descriptor.items() if key != "resources"}
    resources = [
        _resource(place, log.definition.tables[name], one) for name, one in written.items()
    ]
    place.write(DESCRIPTOR, dump_json({**head, "log": state, "resources": resources}))


def _resource(place: Place, table: Table, written: Written) -> dict[str, Any]:
    by = partitioned_by(table)
    return {
        "name": table.name,
        "type": "table",
        "path": sorted(_files(place, f"tables/{table.name}")),
        "title": table.title,
        "description": table.description,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "rows": written.rows,
        "logicalHash": written.root,
        "partitionedBy": {"column": BUCKET, "of": by} if by else None,
        "schema": table_schema(table),
    }


def _files(place: Place, name: str) -> Iterator[str]:
    for entry in place.entries(name):
        if entry.is_directory:
            yield from _files(place, entry.name)
        elif entry.name.endswith(".parquet"):
            yield entry.name
