"""Writing a release's directory: the log at that point, all that is compiled from it, descriptors.

The directory is a function of the package, the point of the log, the version and the day; it is
written the same way when a release is made and when it is made again. A new file has to be there
before the digests of all are taken, descriptors list it as data unless `DESCRIPTOR_FILES` has it,
and `file_name_check` refuses a name that it does not know.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimlog.build import Progress
from claimlog.build import build as compile_log
from claimlog.errors import ClaimlogError
from claimlog.export.content_hash import Content, parquet_content
from claimlog.export.descriptor import dump_json
from claimlog.fold import FOLD_VERSION
from claimlog.log.batch import resources
from claimlog.log.event_log import Log
from claimlog.log.release_index import FOLDER, ReleaseEntry, Version
from claimlog.log.takedowns import RECORD as TAKEDOWNS
from claimlog.log.takedowns import dump_takedowns, read_takedowns
from claimlog.media_types import MEDIA_TYPES, PLAIN
from claimlog.package import DESCRIPTOR, LOG, RELEASE, SUMS, VALIDATION, Package, read_json
from claimlog.release.checkpoint import Checkpoint
from claimlog.release.checksums import dump_sums, sha256_of_file, sha256_of_files
from claimlog.release.coding_manual import PAGE
from claimlog.release.csv_tables import write_csv_tables
from claimlog.release.dataset_state import table_shape
from claimlog.release.delta import DELTA_FILE, delta_document, write_delta_files
from claimlog.release.descriptors import PARSERS, descriptors, find_disagreements
from claimlog.release.diff import Diff
from claimlog.release.diff_report import as_markdown
from claimlog.release.metadata import DataFile, ReleaseMetadata, descriptor_head
from claimlog.release.release_file_names import (
    CHANGES,
    CHECKPOINT,
    LICENCE,
    LICENCE_FILE,
    SITE,
    inner_package,
)
from claimlog.release.release_site import SiteDrawer, is_of_site
from claimlog.release.tool_wheel import LOCK, ToolWheel
from claimlog.schema.definition import Definition, read_definition

DESCRIPTOR_FILES = {SUMS, RELEASE, CHECKPOINT, DELTA_FILE, *PARSERS}
"""Files about the data files: descriptors do not list them."""


@dataclass(frozen=True)
class ReleasePlan:
    """What is to be written: the first `batches` of the log as `version`, made on `date`.

    Attributes
    ----------
    diff
        What it changes since the release before, from which its entry of the changelog is written.
    earlier
        Entries of the releases before it.
    tool
        The claimlog that lies in it; None where only the tables are wanted, to compare them.
    waived
        Rules that are not checked, each with the reason: a release made again is judged by the
        rules that it stated.
    draw_site
        Draws its pages from all else that it holds; None where they are not wanted.
    """

    version: Version
    date: str
    batches: int
    diff: Diff
    earlier: tuple[ReleaseEntry, ...]
    tool: ToolWheel | None
    waived: Mapping[str, str] = field(default_factory=dict)
    draw_site: SiteDrawer | None = None

    @property
    def changes(self) -> str:
        """Its entry of the changelog, in Markdown."""
        return as_markdown(self.diff, f"{self.version} ({self.date})")


def write_release_folder(
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
    definition = read_definition(inner)
    build = folder / "build"
    compile_log(inner, build, progress=progress, waived=plan.waived)
    if inner.state.exists():
        shutil.rmtree(inner.state)  # notes and caches of that build, which no release may hold
    for name in ("parquet", f"{definition.descriptor['name']}.db", VALIDATION):
        (build / name).rename(folder / name)
    datapackage = read_json(build / DESCRIPTOR, DESCRIPTOR)
    shutil.rmtree(build)
    write_csv_tables(folder, definition.tables)
    (folder / CHANGES).write_text(plan.changes, encoding="utf-8")
    licence = package.root / LICENCE_FILE
    if licence.is_file():
        shutil.copyfile(licence, folder / LICENCE)
    if plan.tool is not None:
        (folder / plan.tool.file_name).write_bytes(plan.tool.data)
        (folder / LOCK).write_bytes(plan.tool.lock)
    digests = sha256_of_files(folder)
    base = plan.earlier[-1] if plan.earlier and plan.tool else None
    if base is not None:
        digests |= write_delta_files(folder, log, base, log.trees[plan.batches - 1][0], digests)
    summary = {
        "version": str(plan.version),
        "date": plan.date,
        "fold_version": FOLD_VERSION,
        **({"tool_version": plan.tool.version} if plan.tool else {}),
    }
    contents = {
        name: parquet_content(folder / "parquet" / f"{name}.parquet", table)
        for name, table in definition.tables.items()
    }
    metadata = folder_metadata(folder, definition, summary, datapackage["log"], contents, digests)
    origin = metadata.log_origin or metadata.name
    checkpoint = Checkpoint(origin, metadata.tree_size, bytes.fromhex(metadata.root))
    (folder / CHECKPOINT).write_text(checkpoint.text(), encoding="utf-8")
    stated = release_summary(metadata, plan.batches, contents)
    (folder / RELEASE).write_bytes(dump_json(stated))
    files = descriptors(metadata, datapackage)
    if flaws := find_disagreements(files, metadata):
        raise ClaimlogError(f"the descriptors disagree: {'; '.join(flaws)}")
    if base is not None:
        document = delta_document(plan.diff, base, stated, metadata.name, digests)
        files[DELTA_FILE] = dump_json(document)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    digests |= {name: sha256_of_file(folder / name) for name in (CHECKPOINT, RELEASE, *files)}
    if plan.draw_site is not None:
        plan.draw_site(folder)
        drawn = sha256_of_files(folder / SITE)
        digests |= {f"{SITE}/{name}": digest for name, digest in drawn.items()}
    (folder / SUMS).write_text(dump_sums(digests), encoding="utf-8")


def _write_log(package: Package, log: Log, plan: ReleasePlan, target: Path) -> None:
    """Copy the package as it stood: the batches, their descriptor, schemas, earlier releases."""
    batches = log.batches[: plan.batches]
    for batch in batches:
        shutil.copytree(batch.path, target / "events" / batch.path.name, symlinks=True)
    taken = read_takedowns(package).up_to(batches[-1].number)
    if taken.rows:
        (target / TAKEDOWNS).write_bytes(dump_takedowns(taken))
    shutil.copytree(package.schemas, target / "schemas", symlinks=True)
    manual = package.root / PAGE
    if manual.is_file():
        (target / PAGE).parent.mkdir()
        shutil.copyfile(manual, target / PAGE)
    if plan.earlier:
        (target / FOLDER).mkdir()
    for entry in plan.earlier:
        (target / entry.display_path).write_bytes(dump_json(entry.data))
    descriptor = {
        **log.definition.descriptor,
        "version": str(plan.version),
        "created": f"{plan.date}T00:00:00Z",
        "resources": resources(package, batches),
    }
    (target / DESCRIPTOR).write_bytes(dump_json(descriptor))


def folder_metadata(
    folder: Path,
    definition: Definition,
    summary: Mapping[str, Any],
    state: Mapping[str, Any],
    contents: Mapping[str, Content],
    digests: Mapping[str, str],
) -> ReleaseMetadata:
    """Return the metadata of the release whose data files lie in `folder`.

    Parameters
    ----------
    summary
        Versions and day of the release, as ``release.json`` states them.
    state
        The part of the log that it holds (`compile.log_state`).
    contents
        Of every table, by name.
    digests
        The SHA-256 of every file, by name.
    """
    return ReleaseMetadata(
        head=descriptor_head(definition),
        version=str(summary["version"]),
        date=str(summary["date"]),
        tables=definition.tables,
        rows={name: content.rows for name, content in contents.items()},
        files=tuple(
            _data_file(folder, name, digests[name])
            for name in sorted(digests)
            if name not in DESCRIPTOR_FILES and not is_of_site(name)
        ),
        tree_size=state["tree_size"],
        root=state["root"],
        codebook_version=definition.codebook.version,
        coders=tuple(state.get("coders", ())),
        tool_version=summary.get("tool_version"),
        fold_version=summary.get("fold_version"),
    )


def _data_file(folder: Path, name: str, digest: str) -> DataFile:
    path = folder / name
    return DataFile(name, path.stat().st_size, digest, MEDIA_TYPES.get(path.suffix, PLAIN))


def release_summary(
    metadata: ReleaseMetadata, batches: int, contents: Mapping[str, Content]
) -> dict[str, Any]:
    """Return what ``release.json`` states: the entry of the index without commit and files.

    Parameters
    ----------
    contents
        Of every table, by name.
    """
    versions = {"fold_version": metadata.fold_version, "tool_version": metadata.tool_version}
    return {
        "version": metadata.version,
        "date": metadata.date,
        "codebook_version": metadata.codebook_version,
        "batches": batches,
        **({"coders": [*metadata.coders]} if metadata.coders else {}),
        **{name: version for name, version in versions.items() if version is not None},
        **({"log_origin": metadata.log_origin} if metadata.log_origin else {}),
        "tree": {"size": metadata.tree_size, "root": metadata.root},
        "tables": {
            name: {
                "rows": contents[name].rows,
                "hash": contents[name].root,
                **table_shape(table),
            }
            for name, table in metadata.tables.items()
        },
    }
