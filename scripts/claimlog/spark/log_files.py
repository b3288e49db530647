"""The files of a log at an address: its batches, where each file lies, and its first ``seq``."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from claimlog.errors import ClaimlogError, Finding, FindingsError
from claimlog.fingerprint import TAKEDOWNS
from claimlog.log.batch import (
    MANIFEST,
    Batch,
    batches_to_read,
    descriptor_findings,
    without_undeclared,
)
from claimlog.log.release_index import FOLDER
from claimlog.package import DESCRIPTOR, Package
from claimlog.schema.definition import Definition, read_definition
from claimlog.schema.thresholds import Thresholds
from claimlog.spark.storage import DirectoryEntry, StorageDirectory, local_address, local_path

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class StreamFile:
    """A file of a batch: its address, its batch and stream, and the ``seq`` of its first row."""

    address: str
    batch: Batch
    stream: str
    first: int

    @property
    def key(self) -> str:
        """The last two parts of its path, which are the same wherever a task finds it."""
        return f"{self.batch.path.name}/{self.batch.file(self.stream).name}"


@dataclass(frozen=True)
class LogFiles:
    """A package, its batches in order, and the files of each stream."""

    package: Package
    definition: Definition
    batches: list[Batch]
    files: list[StreamFile]
    findings: list[Finding]

    def of_stream(self, stream: str) -> list[StreamFile]:
        return [file for file in self.files if file.stream == stream]


def copy_definition(package: Package, folder: Path) -> Package:
    """Copy a package without its rows into an empty directory."""
    shutil.copytree(package.schemas, folder / "schemas")
    shutil.copyfile(package.root / DESCRIPTOR, folder / DESCRIPTOR)
    if (package.root / FOLDER).is_dir():
        shutil.copytree(package.root / FOLDER, folder / FOLDER)
    return Package(folder)


def list_files(
    spark: SparkSession, package: Package, address: str | None, folder: Path
) -> LogFiles:
    """Return the files of a log.

    Parameters
    ----------
    address
        Where the batches lie: a directory of this machine or any address that Spark knows; None
        for the package's own ``events/``.
    folder
        An empty directory. What lies elsewhere is mirrored there without its rows, so that the
        same code proves manifests and names as does on this machine.

    Raises
    ------
    ClaimlogError
        If the address is absent or cannot be reached.
    """
    if address is None:
        addresses: dict[str, str] = {}
    else:
        path = local_path(address)
        directory = StorageDirectory(spark, local_address(path) if path else address)
        if not directory.exists():
            raise ClaimlogError(
                f"{address}: there is nothing; name the directory that holds the batches "
                "(NNNN-slug)"
            )
        package, addresses = _mirror_batches(package, directory, folder)
    definition = read_definition(package)
    if addresses:  # rows are not here for others to read: they read a sample
        thresholds = Thresholds({**definition.thresholds, "frictionless_rows": 0})
        definition = replace(definition, thresholds=thresholds)
    findings = [*descriptor_findings(package)]
    batches = [
        without_undeclared(batch, definition.streams, findings)
        for batch in batches_to_read(package, findings)
    ]
    if any(batch.taken for batch in batches):
        raise ClaimlogError(
            f"{TAKEDOWNS}: rows of this log were taken down, which the distributed engine does not "
            "know; build it without --engine spark"
        )
    return LogFiles(package, definition, batches, [*_stream_files(batches, addresses)], findings)


def _mirror_batches(
    package: Package, directory: StorageDirectory, folder: Path
) -> tuple[Package, dict[str, str]]:
    """Mirror batches: manifests as they are, files of rows empty, with the address of each."""
    mirror = copy_definition(package, folder)
    addresses = {}
    for entry in directory.entries():
        if not entry.is_directory:
            _write_file(mirror.events / entry.name, b"")
            continue
        for inner in directory.entries(entry.name):
            addresses[inner.name] = inner.address
            _copy(directory, inner, mirror.events)
    return mirror, addresses


def _copy(directory: StorageDirectory, entry: DirectoryEntry, events: Path) -> None:
    target = events / entry.name
    if entry.is_directory:
        target.mkdir(parents=True)
    else:
        is_manifest = target.name == MANIFEST
        _write_file(target, directory.read(entry.name) if is_manifest else b"")


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _stream_files(batches: list[Batch], addresses: dict[str, str]) -> list[StreamFile]:
    """Return every file with the position that the manifests before it give its first row.

    Whether the manifests are right about it is proved once the rows are read.
    """
    files = []
    first = 0
    for batch in batches:
        sizes = batch.manifest["files"]
        for stream in batch.streams:
            path = batch.file(stream)
            address = addresses.get(f"{batch.path.name}/{path.name}") or local_address(path)
            files.append(StreamFile(address, batch, stream, first))
            first += int(sizes.get(path.name, {}).get("rows", 0))
    return files


def require_readable(files: LogFiles) -> None:
    """Raise the findings of manifests and directories, before any row is read.

    Raises
    ------
    FindingsError
        If a manifest or a directory is not as it must be.
    """
    if files.findings:
        raise FindingsError(files.findings, "nothing was built")


def task_batch(batch: Batch) -> Batch:
    """Return a batch as tasks need it: without what only the driver reads."""
    return replace(batch, manifest={"files": batch.manifest.get("files", {})})
