"""Sealing the open batch into the log, and rebasing a batch that lost a race."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.events.batch import (
    MANIFEST,
    NAME,
    Batch,
    dump_manifest,
    resources,
    sealed_batches,
)
from claimlog.events.log import Log, read
from claimlog.events.merkle import CompactRange
from claimlog.events.text import Texts
from claimlog.export.descriptor import dump_json
from claimlog.ledger.opened import discard, drop_known, open_batch
from claimlog.package import DESCRIPTOR, Package, sync_directory, write_durably
from claimlog.validate import Report, validate


def seal(
    package: Package,
    slug: str,
    title: str,
    method: str,
    recorded_by: str,
    texts: Texts | None,
) -> tuple[Batch, Report]:
    """Validate the open batch and move it into events/ atomically. The caller holds the lock.

    Raises
    ------
    FindingsError
        If the log with the batch would break a rule; nothing was moved.
    ClaimlogError
        If there is no open batch, or it cannot be moved.
    """
    recover(package)
    batch = open_batch(package)
    if batch is None:
        raise ClaimlogError("there is no open batch to seal; claimlog add makes one")
    if NAME.fullmatch(f"0001-{slug}") is None:
        raise UsageError(f'--slug "{slug}": expected lower-case words joined by hyphens')
    log = read(package, [batch])
    report = validate(log, texts)
    if report.errors:
        raise FindingsError(report.findings, "nothing was sealed")
    manifest = make_manifest(log, batch, slug, title, method, recorded_by)
    name = f"{batch.number:04d}-{slug}"
    with staging(package) as folder:
        place = folder / name
        place.mkdir()
        for stream in batch.streams:
            shutil.copyfile(batch.file(stream), place / f"{stream}.ndjson")
        (place / MANIFEST).write_bytes(dump_manifest(manifest))
        move_in(package, place)
    sync_descriptor(package)
    discard(package)
    sealed = package.events / name
    return Batch(sealed, package.relative(sealed), batch.number, slug, batch.index, manifest), report


def make_manifest(
    log: Log, batch: Batch, slug: str, title: str, method: str, recorded_by: str
) -> dict[str, Any]:
    """Return the manifest of the last batch of `log`."""
    size, root = log.trees[-2] if len(log.trees) > 1 else (0, CompactRange().root())
    previous = log.batches[-2].manifest_sha256 if len(log.batches) > 1 else None
    files = {}
    for stream in batch.streams:
        lines = log.files[batch.shown_file(stream)]
        files[f"{stream}.ndjson"] = {
            "rows": lines.rows,
            "bytes": lines.size,
            "sha256": lines.sha256,
            "schema_version": log.schemas.streams[stream].version,
        }
    return {
        "number": batch.number,
        "slug": slug,
        "title": title,
        "method": method,
        "recorded_by": recorded_by,
        "sealed_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "codebook_version": log.schemas.codebook_version,
        "previous_sha256": previous,
        "files": files,
        "tree": {
            "size_before": size,
            "root_before": root.hex(),
            "size": log.size,
            "root": log.root.hex(),
        },
    }


@contextmanager
def staging(package: Package) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="staging-", dir=package.state))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move_in(package: Package, place: Path) -> None:
    """Flush a finished batch directory to disk and rename it into events/.

    Raises
    ------
    ClaimlogError
        If events/ cannot be written or holds a batch of that name.
    """
    target = package.events / place.name
    try:
        for path in place.iterdir():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_directory(place)
        package.events.mkdir(exist_ok=True)
        if target.exists():
            raise ClaimlogError(f"{package.relative(target)}: exists already; run this again")
        place.rename(target)  # from here on the batch is part of the log
        sync_directory(package.events)
    except OSError as error:
        raise ClaimlogError(
            f"{package.relative(target)}: cannot be written ({error.strerror}); nothing was sealed"
        ) from error


def recover(package: Package) -> list[str]:
    """Finish or undo what an interrupted run left; return what was done, a line each."""
    done = []
    for path in sorted(package.state.glob("rebased-*")) if package.state.is_dir() else ():
        target = package.events / path.name.removeprefix("rebased-")
        if any(package.events.glob(f"*-{path.name.split('-', 2)[2]}")):
            shutil.rmtree(path)  # its successor is in place
            continue
        path.rename(target)
        done.append(f"restored {package.relative(target)} after an interrupted rebase")
    for path in sorted(package.state.glob("staging-*")) if package.state.is_dir() else ():
        shutil.rmtree(path, ignore_errors=True)
    if open_batch(package) is not None:
        log = read(package)
        known = {
            bytes.fromhex(event) for frame in log.frames.values() for event in frame["event_id"]
        }
        if dropped := drop_known(package, known):
            done.append(f"left out {dropped} rows of the open batch that the log already holds")
    if sync_descriptor(package):
        done.append(f"listed all sealed files in {DESCRIPTOR}")
    return done


def sync_descriptor(package: Package) -> bool:
    """Make datapackage.json list the files of every sealed batch; return whether it changed."""
    package.__dict__.pop("descriptor", None)  # read it again: another run may have written it
    listed = resources(package, sealed_batches(package, []))
    if listed == package.descriptor.get("resources"):
        return False
    data = dump_json({**package.descriptor, "resources": listed})
    write_durably(package.root / DESCRIPTOR, data)
    package.__dict__.pop("descriptor", None)
    return True
