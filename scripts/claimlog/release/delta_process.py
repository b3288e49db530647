"""Apply a delta in a process of its own, under limits of time and memory.

Base and delta may be a stranger's. What the process makes is put into place by this one, once it
ended well.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from claimlog.command_limits import allow_writing
from claimlog.directory_swap import publish_directory
from claimlog.errors import OTHER_TMPDIR, ClaimlogError
from claimlog.files import copy_durably, remove_abandoned
from claimlog.limited_process import LimitedWork, path_request, run_limited
from claimlog.limited_worker import requested_path
from claimlog.package import require_utf_8_path
from claimlog.release.delta import DELTA
from claimlog.release.delta_apply import (
    IS_THERE,
    AppliedDelta,
    KnownTree,
    apply_delta,
    require_absent,
)
from claimlog.release.delta_reader import is_delta
from claimlog.release.rebuild import RebuildComparison
from claimlog.release.release_limits import limits_of_size
from claimlog.release.release_site import SiteDrawer
from claimlog.release.walk_release import stored_size

GROWTH = 16
"""How many times its own size a delta alone adds to a release, where each of its rows is in the
log, in Parquet, in SQLite, in CSV and on pages. Ours add some 10 times."""


def apply_in_process(
    base: Path,
    delta: Path,
    out: Path,
    program: str,
    factor: float = 1,
    known: Sequence[KnownTree] = (),
) -> AppliedDelta:
    """Make a release from the one before it and its delta, as `apply_delta` does, within limits.

    Parameters
    ----------
    program
        Module that calls `answer_apply` with what draws the pages.
    factor
        By which the limits are multiplied.
    known
        As for `apply_delta`.

    Raises
    ------
    FindingsError, ClaimlogError
        As `apply_delta` does, or if a limit was reached. Nothing is left in `out` then.
    """
    for path in (base, delta):
        if not path.exists():
            raise ClaimlogError(f"{path}: is neither the directory nor the zip of a release")
    inside = delta / DELTA
    alone = delta if is_delta(delta) else inside if is_delta(inside) else None
    added = stored_size(delta) if alone is None else GROWTH * stored_size(alone)
    size = stored_size(base) + added
    allow_writing("release", size)
    limits = limits_of_size(size, factor)
    work = LimitedWork(program, delta.name, "applying", "nothing was written", limits, factor)
    with tempfile.TemporaryDirectory(prefix="claimlog-") as scratch:
        require_utf_8_path(Path(scratch), OTHER_TMPDIR)
        request = {
            "target": path_request(base),
            "delta": path_request(delta),
            "out": path_request(out),
            "scratch": path_request(Path(scratch)),
            "known": [*known],
        }
        return _publish(run_limited(work, request), Path(scratch), out)


def answer_apply(
    base: Path, scratch: Path, request: Mapping[str, Any], draw_site: SiteDrawer
) -> Mapping[str, Any]:
    """Apply the delta of a request in this process; return what was made, by names."""
    delta, out = requested_path(request, "delta"), requested_path(request, "out")
    assert delta is not None
    tempfile.tempdir = str(scratch)  # what is unpacked goes with the process
    known = [KnownTree(*tree) for tree in request["known"]]
    applied = apply_delta(
        *(base, delta, _made_folder(scratch)), draw_site=draw_site, destination=out, known=known
    )
    archive = applied.archive
    names = {"folder": applied.folder.name, "archive": archive and archive.name}
    return {**asdict(applied), **names}


def _made_folder(scratch: Path) -> Path:
    return scratch / "made"


def _publish(answer: Mapping[str, Any], scratch: Path, out: Path) -> AppliedDelta:
    """Put what the process made into `out`: the archive first, which another run finds there.

    So a run that is killed between the two is finished by the next one.
    """
    made = _made_folder(scratch)
    folder, archive = out / Path(answer["folder"]).name, None
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClaimlogError(f"{out}: cannot be made ({error.strerror})") from error
    if answer["archive"] is not None:
        archive = out / Path(answer["archive"]).name
        try:
            remove_abandoned(archive)
            if not os.path.lexists(archive):
                copy_durably(made / archive.name, archive)
            elif archive.is_symlink() or not filecmp.cmp(
                made / archive.name, archive, shallow=False
            ):
                raise ClaimlogError(f"{archive}: {IS_THERE}")
        except OSError as error:
            raise ClaimlogError(
                f"{archive}: cannot be written ({error.strerror}); make room and run this again"
            ) from error
    require = partial(require_absent, [folder])
    with publish_directory(folder, str(folder), require) as staged:
        for path in (made / folder.name).iterdir():
            shutil.move(path, staged / path.name)
    tables = RebuildComparison(**answer["tables"])
    return AppliedDelta(**{**answer, "folder": folder, "archive": archive, "tables": tables})
