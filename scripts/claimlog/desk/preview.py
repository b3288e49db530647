"""The pages that the open batch will make: a build of the log with it, for the site's own code."""

from __future__ import annotations

from pathlib import Path

from claimlog.build import write_build
from claimlog.desk.desk import Desk
from claimlog.edit.open_batch import read_with_open
from claimlog.errors import FindingsError
from claimlog.fold import cutoff
from claimlog.swap import publish_directory
from claimlog.validate import validate

FOLDER = "preview"
FINGERPRINT = "of a log with its open batch"


def build_preview(desk: Desk) -> Path:
    """Build the log with the open batch, as if it were sealed; return the directory.

    Raises
    ------
    FindingsError
        If the log would break a rule.
    """
    out = desk.works.folder() / FOLDER
    log = read_with_open(desk.package)
    report = validate(log, desk.log.texts, frictionless=False)
    if report.error_count:
        raise FindingsError(report.findings, "there are no pages of it yet")
    with publish_directory(out, desk.package.relative(out)) as folder:
        write_build(log, cutoff(log, None), report, folder, FINGERPRINT, lambda _: None)
    return out
