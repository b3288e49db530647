"""The files of a log: which batches there are, where each file lies, and its first position."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from claimlog.errors import ClaimlogError, Finding, FindingsError
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
from claimlog.spark.place import Entry, Place, local

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class File:
    """A stream's file: where it lies, whose it is, and the position of its first row."""

    address: str
    batch: Batch
    stream: str
    first: int

    @property
    def key(self) -> str:
        """The last two parts of its path, by which a task knows it again."""
        return f"{self.batch.path.name}/{self.batch.file(self.stream).name}"


@dataclass(frozen=True)
class Files:
    """A package, its batches in order, and the files of each stream."""

    package: Package
    definition: Definition
    batches: list[Batch]
    files: list[File]
    findings: list[Finding]

    def of(self, stream: str) -> list[File]:
        return [file for file in self.files if file.stream == stream]


def ship(package: Package, folder: Path) -> Package:
    """Copy what tasks need of a package, and what describes it, into an empty directory."""
    shutil.copytree(package.schemas, folder / "schemas")
    shutil.copyfile(package.root / DESCRIPTOR, folder / DESCRIPTOR)
    if (package.root / FOLDER).is_dir():
        shutil.copytree(package.root / FOLDER, folder / FOLDER)
    return Package(folder)


def list_files(spark: SparkSession, package: Package, address: str | None, folder: Path) -> Files:
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
        where: dict[str, str] = {}
    else:
        found = local(address)
        place = Place(spark, found.as_uri() if found else address)
        if not place.exists():
            raise ClaimlogError(
                f"{address}: there is nothing; name the directory that holds the batches "
                "(NNNN-slug)"
            )
        package, where = _mirrored(package, place, folder)
    definition = read_definition(package)
    if where:  # rows are not here for others to read: they read a sample
        thresholds = Thresholds({**definition.thresholds, "frictionless_rows": 0})
        definition = replace(definition, thresholds=thresholds)
    findings = [*descriptor_findings(package)]
    batches = [
        without_undeclared(batch, definition.streams, findings)
        for batch in batches_to_read(package, findings)
    ]
    return Files(package, definition, batches, [*_placed(batches, where)], findings)


def _mirrored(package: Package, place: Place, folder: Path) -> tuple[Package, dict[str, str]]:
    """Mirror the batches at a place: manifests as they are, files of rows without their rows."""
    mirror = ship(package, folder)
    where = {}
    for entry in place.entries():
        if not entry.is_directory:
            _put(mirror.events / entry.name, b"")
            continue
        for inner in place.entries(entry.name):
            where[inner.name] = inner.address
            _copy(place, inner, mirror.events)
    return mirror, where


def _copy(place: Place, entry: Entry, events: Path) -> None:
    target = events / entry.name
    if entry.is_directory:
        target.mkdir(parents=True)
    else:
        is_manifest = target.name == MANIFEST
        _put(target, place.read(entry.name) if is_manifest else b"")


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _placed(batches: list[Batch], where: dict[str, str]) -> list[File]:
    """Return every file with the position that the manifests before it give its first row.

    Whether the manifests are right about it is proved once the rows are read.
    """
    files = []
    first = 0
    for batch in batches:
        listed = batch.manifest["files"]
        for stream in batch.streams:
            path = batch.file(stream)
            address = where.get(f"{batch.path.name}/{path.name}") or path.absolute().as_uri()
            files.append(File(address, batch, stream, first))
            first += int(listed.get(path.name, {}).get("rows", 0))
    return files


def require_readable(files: Files) -> None:
    """Raise what is wrong with the batches as such, before any row is read.

    Raises
    ------
    FindingsError
        If a manifest or a directory is not as it must be.
    """
    if files.findings:
        raise FindingsError(files.findings, "nothing was built")


def light(batch: Batch) -> Batch:
    """Return a batch as tasks need it: without what only the driver reads."""
    return replace(batch, manifest={"files": batch.manifest.get("files", {})})
