"""The pages that the open batch will make: a build of the log with it, for the site's own code."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from claimlog.build import write_build
from claimlog.desk.desk import Desk
from claimlog.desk.entity_rows import NOBODY
from claimlog.directory_swap import publish_directory
from claimlog.edit.open_batch import open_batch, with_open
from claimlog.edit.seal import make_manifest
from claimlog.errors import FindingsError
from claimlog.fold import cutoff
from claimlog.log.batch import MANIFEST, dump_manifest
from claimlog.log.event_log import Log
from claimlog.log.read_log import extend, read
from claimlog.package import Package
from claimlog.sources.text import Texts
from claimlog.validate import validate

FOLDER = "preview"
TITLE, METHOD = "The open batch", "Not sealed yet."
FINGERPRINT = "of a log with its open batch"


def build_preview(desk: Desk) -> Path:
    """Build the log with the open batch, as if it were sealed; return the directory.

    Raises
    ------
    FindingsError
        If the log would break a rule.
    """
    out = desk.work_folder.folder() / FOLDER
    with publish_directory(out, desk.package.relative(out)) as folder:
        write_preview_build(desk.package, desk.log.texts, folder)
    return out


def write_preview_build(package: Package, texts: Texts | None, folder: Path) -> None:
    """Write the build of the log with the open batch, as if it were sealed. Raises as above."""
    with TemporaryDirectory(prefix="claimlog-preview-") as name:
        log = _as_if_sealed(package, Path(name))
        report = validate(log, texts, frictionless=False)
        if report.error_count:
            raise FindingsError(report.findings, "there are no pages of it yet")
        write_build(log, cutoff(log, None), report, folder, FINGERPRINT, lambda _: None)


def _as_if_sealed(package: Package, folder: Path) -> Log:
    """Return the log with a copy of the open batch as one that was sealed just now."""
    sealed, batch = read(package), open_batch(package)
    if batch is None:
        return sealed
    shutil.copytree(batch.path, folder, dirs_exist_ok=True)
    log = with_open(sealed)
    log.require_readable()
    manifest = make_manifest(log, batch, batch.slug, TITLE, METHOD, NOBODY)
    (folder / MANIFEST).write_bytes(dump_manifest(manifest))
    return extend(sealed, [replace(batch, path=folder, manifest=manifest)])
