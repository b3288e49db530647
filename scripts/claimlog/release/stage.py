"""Writing a release's directory: the log at that point, all that is compiled from it, descriptors.

The directory is a function of the package, the point of the log, the version and the day; it is
written the same way when a release is made and when it is made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimlog.build import Progress
from claimlog.build import build as compile_log
from claimlog.errors import ClaimlogError
from claimlog.export.content_hash import of_parquet
from claimlog.export.descriptor import dump_json
from claimlog.files import remove
from claimlog.fold import FOLD_VERSION
from claimlog.log.batch import Batch, resources
from claimlog.log.event_log import Log
from claimlog.log.release_index import FOLDER, ReleaseEntry, Version
from claimlog.package import DESCRIPTOR, Package, read_json
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.coding_manual import PAGE
from claimlog.release.descriptors import PARSERS, descriptors, find_disagreements
from claimlog.release.diff import table_shape
from claimlog.release.layout import (
    CHANGES,
    CHECKPOINT,
    LICENCE,
    LOG,
    RELEASE,
    SUMS,
    VALIDATION,
    dump_sums,
    inner_package,
    sha256_of_file,
    sha256_of_files,
)
from claimlog.release.metadata import DataFile, ReleaseMetadata
from claimlog.schema.definition import Definition, read_definition

DESCRIPTOR_FILES = {SUMS, RELEASE, CHECKPOINT, *PARSERS}
"""Files about the data files: what describes a release does not list itself."""

MEDIATYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".db": "application/vnd.sqlite3",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".sql": "application/sql",
}


@dataclass(frozen=True)
class ReleasePlan:
    """What is to be written: the first `batches` of the log as `version`, made on `date`."""

    version: Version
    date: str
    batches: int
    changes: str
    earlier: tuple[ReleaseEntry, ...]


def stage_release(
    package: Package, log: Log, plan: ReleasePlan, folder: Path, progress: Progress
) -> None:
    """Write a release into the empty directory `folder`.

    Raises
    ------
    FindingsError
        If the log has findings.
    ClaimlogError
        If a file cannot be written, or the descriptors disagree.
    """
    _write_log(package, log, plan, folder / LOG)
    inner = inner_package(folder)
    built = folder / "build"
    compile_log(inner, built, progress=progress)
    remove(inner.state)  # notes and caches of that build, which are nobody else's
    for name in ("parquet", f"{package.descriptor['name']}.db", VALIDATION):
        (built / name).rename(folder / name)
    described = read_json(built / DESCRIPTOR, DESCRIPTOR)
    shutil.rmtree(built)
    (folder / CHANGES).write_text(plan.changes, encoding="utf-8")
    licence = package.root / "LICENSE-DATA"
    if licence.is_file():
        shutil.copyfile(licence, folder / LICENCE)
    found = sha256_of_files(folder)
    metadata = folder_metadata(folder, read_definition(inner), plan, described, found)
    checkpoint = Checkpoint(metadata.name, metadata.tree_size, bytes.fromhex(metadata.root))
    (folder / CHECKPOINT).write_text(checkpoint.text(), encoding="utf-8")
    hashes = {
        name: of_parquet(folder / "parquet" / f"{name}.parquet", table).root
        for name, table in metadata.tables.items()
    }
    (folder / RELEASE).write_bytes(dump_json(release_summary(metadata, plan.batches, hashes)))
    files = descriptors(metadata, described)
    if wrong := find_disagreements(files, metadata):
        raise ClaimlogError(f"the descriptors disagree: {'; '.join(wrong)}")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    found |= {name: sha256_of_file(folder / name) for name in (CHECKPOINT, RELEASE, *files)}
    (folder / SUMS).write_text(dump_sums(found), encoding="utf-8")


def _write_log(package: Package, log: Log, plan: ReleasePlan, target: Path) -> None:
    """Copy the package as it stood: the batches, their descriptor, schemas, earlier releases."""
    held: list[Batch] = log.batches[: plan.batches]
    for batch in held:
        shutil.copytree(batch.path, target / "events" / batch.path.name)
    shutil.copytree(package.schemas, target / "schemas")
    manual = package.root / PAGE
    if manual.is_file():
        (target / PAGE).parent.mkdir()
        shutil.copyfile(manual, target / PAGE)
    if plan.earlier:
        (target / FOLDER).mkdir()
    for entry in plan.earlier:
        (target / entry.display_path).write_bytes(dump_json(entry.data))
    descriptor = {
        **package.descriptor,
        "version": str(plan.version),
        "created": f"{plan.date}T00:00:00Z",
        "resources": resources(package, held),
    }
    (target / DESCRIPTOR).write_bytes(dump_json(descriptor))


def folder_metadata(
    folder: Path,
    definition: Definition,
    plan: ReleasePlan,
    described: Mapping[str, Any],
    found: Mapping[str, str],
) -> ReleaseMetadata:
    """Return what descriptors say of the data files in `folder`.

    Parameters
    ----------
    found
        The SHA-256 of every file, by name.
    """
    head = {key: value for key, value in definition.descriptor.items() if key != "resources"}
    state = described["log"]
    rows = {item["name"]: item["rows"] for item in described["resources"] if "rows" in item}
    return ReleaseMetadata(
        head=head,
        version=str(plan.version),
        date=plan.date,
        tables=definition.tables,
        rows=rows,
        files=tuple(
            _data_file(folder, name, found[name])
            for name in sorted(found)
            if name not in DESCRIPTOR_FILES
        ),
        tree_size=state["tree_size"],
        root=state["root"],
        codebook_version=definition.codebook.version,
        changes=plan.changes,
    )


def _data_file(folder: Path, name: str, digest: str) -> DataFile:
    path = folder / name
    kind = MEDIATYPES.get(path.suffix, "text/plain")
    return DataFile(name, path.stat().st_size, digest, kind)


def release_summary(
    metadata: ReleaseMetadata, batches: int, hashes: Mapping[str, str]
) -> dict[str, Any]:
    """Return what ``release.json`` says: the entry of the index without commit and files.

    Parameters
    ----------
    hashes
        The logical hash of every table, by name.
    """
    return {
        "version": metadata.version,
        "date": metadata.date,
        "codebook_version": metadata.codebook_version,
        "batches": batches,
        "fold_version": FOLD_VERSION,
        "tree": {"size": metadata.tree_size, "root": metadata.root},
        "tables": {
            name: {"rows": metadata.rows[name], "hash": hashes[name], **table_shape(table)}
            for name, table in metadata.tables.items()
        },
    }
