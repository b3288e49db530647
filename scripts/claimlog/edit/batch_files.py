"""Putting batches into events/ and taking them out: wholly or not at all, a crash included."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from claimlog.edit.open_batch import discard, drop_known, open_batch, open_folder
from claimlog.errors import ClaimlogError, Finding, FindingsError, reason, write_remedy
from claimlog.export.descriptor import dump_json
from claimlog.files import remove, sync
from claimlog.interrupt_handler import replacing
from claimlog.log.batch import (
    DONE,
    IN,
    OUT,
    RACED,
    Batch,
    absent_file_remedy,
    descriptor_findings,
    resources,
    sealed_batches,
)
from claimlog.log.event_log import Log
from claimlog.package import DESCRIPTOR, Package
from claimlog.package_state import lock_mark, require_own_state, state_folder
from claimlog.state_notes import read_note, write_note

REBASED_OPEN = "rebase-open"
"""Where a rebase keeps the open batch that takes the place of the present one once it is done."""

MARK = "rebase.json"
"""File that names the lock beside which a rebase moves batches, while it does: no copy of the
package can bring a true one along, and without one nothing in `OUT` and `IN` is believed."""


@contextmanager
def staging(package: Package) -> Iterator[Path]:
    """Yield a directory to prepare batches in; it is removed at the end.

    Raises
    ------
    ClaimlogError
        If it cannot be written.
    """
    shown = package.relative(package.state)
    try:
        folder = Path(tempfile.mkdtemp(prefix="staging-", dir=state_folder(package)))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise ClaimlogError(
            f"{shown}: writing failed ({error.strerror}); {write_remedy(error)}, and run this "
            "again; nothing in events/ was changed"
        ) from error


def move_in(package: Package, place: Path) -> None:
    """Flush a finished batch directory to disk and rename it into events/.

    The caller flushes events/ itself.

    Raises
    ------
    ClaimlogError
        If events/ cannot be written or holds a batch of that name.
    """
    target = package.events / place.name
    try:
        _flush(place)
        package.events.mkdir(exist_ok=True)
        if target.exists():
            raise ClaimlogError(f"{package.relative(target)}: exists already; run this again")
        with replacing():
            place.rename(target)  # from here on the batch is part of the log
    except OSError as error:
        raise ClaimlogError(
            f"{package.relative(target)}: cannot be written ({error.strerror}); nothing was sealed"
        ) from error


def _flush(folder: Path) -> None:
    for path in folder.iterdir():
        sync(path)
    sync(folder)


def replace(
    package: Package,
    old: Sequence[Batch],
    new: Sequence[Batch],
    check: Callable[[], None],
    open_rows: Path | None = None,
) -> None:
    """Replace batches in events/ by staged ones: all of them, or none.

    Parameters
    ----------
    check
        Looks at events/ with the new batches in place; what it raises puts the old ones back.
    open_rows
        A staged directory that becomes the open batch together with them.

    Raises
    ------
    ClaimlogError
        If events/ cannot be written and is as it was; or it was replaced and something is left.
    """
    state = state_folder(package)
    try:
        mark_rebase(package)
        if open_rows is not None:
            _flush(open_rows)
            open_rows.rename(state / REBASED_OPEN)
        (state / OUT).mkdir()
        for before, after in zip(old, new, strict=True):
            before.path.rename(state / OUT / f"{before.path.name}.{after.path.name}")
        (state / OUT).rename(state / IN)
        for batch in new:
            move_in(package, batch.path)
        check()
        sync(package.events)
        (state / IN).rename(state / DONE)
    except BaseException:
        put_back(package)
        raise
    try:
        sync(state)
        _finish_replacing(package)
    except OSError as error:
        raise ClaimlogError(
            f"{DESCRIPTOR}: cannot be written ({reason(error)}); the batches are rebased all the "
            "same, run this again to finish"
        ) from error


def put_back(package: Package) -> list[str]:
    """Undo a rebase that did not come to its end; return the batches that are back in events/."""
    state = require_own_state(package)
    out, halfway = state / OUT, state / IN
    for folder in (out, halfway):
        if folder.is_dir() and (names := sorted(path.name for path in folder.iterdir())):
            _refuse_foreign(package, folder, names)
    if halfway.is_dir():
        for path in halfway.iterdir():
            successor = package.events / path.name.partition(".")[2]
            if successor.exists():
                aside = state / f"staging-{successor.name}"
                successor.rename(aside)
                remove(aside)
        # an old batch may have the name of another's successor: first all of these, then those
        halfway.rename(out)
    back = []
    for path in sorted(out.iterdir()) if out.is_dir() else ():
        target = package.events / path.name.partition(".")[0]
        path.rename(target)
        back.append(package.relative(target))
    if out.is_dir():
        out.rmdir()
    settle_open_batch(package)
    (state / MARK).unlink(missing_ok=True)
    return back


def _refuse_foreign(package: Package, folder: Path, names: Sequence[str]) -> None:
    """Refuse what no rebase here took out of events/: it would take the place of sealed batches."""
    if package.events.is_symlink():
        raise ClaimlogError("events: is a symbolic link; use a directory")
    try:
        is_own = read_note(package, MARK) == {"lock": lock_mark(package)}
    except (ClaimlogError, OSError):
        is_own = False
    if not is_own:
        raise ClaimlogError(
            f"{package.relative(folder)}: no rebase made this in this copy of the package: "
            f"{', '.join(names[:3])}; look at it: where events/NEW holds the rows of an OLD.NEW, "
            "remove events/NEW; move OLD.NEW back as events/OLD where events/ lacks that; remove "
            "the directory, and run this again"
        )


def mark_rebase(package: Package) -> None:
    """Note that what `OUT` and `IN` hold from here on is of a rebase in this copy of the package.

    The caller holds the lock.
    """
    write_note(package, MARK, {"lock": lock_mark(package)})


def recover(package: Package) -> list[str]:
    """Finish or undo what an interrupted run left; return what was done, a line each."""
    done = [f"restored {name} after an interrupted rebase" for name in put_back(package)]
    if _finish_replacing(package):
        done.append("finished an interrupted rebase")
    _refuse_missing(package)
    if sync_descriptor(package):
        done.append(f"listed all sealed files in {DESCRIPTOR}")
    return done


def _finish_replacing(package: Package) -> bool:
    """Remove replaced batches that an interrupted rebase left; return whether there were any."""
    if not (require_own_state(package) / DONE).is_dir():
        return False
    settle_open_batch(package)
    sync_descriptor(package)
    shutil.rmtree(package.state / DONE)
    (package.state / MARK).unlink(missing_ok=True)
    return True


def settle_open_batch(package: Package) -> None:
    """Let the open batch of a rebase take its place, or remove it if the rebase was not done.

    It is before anything else is done with the open batch: whoever takes the lock does it.
    """
    place = open_folder(package)
    moved = place.with_name(REBASED_OPEN)
    if not moved.is_dir():
        return
    if (package.state / DONE).is_dir():
        discard(package)
        moved.rename(place)
    else:
        shutil.rmtree(moved)  # or it would take the place of other rows after another rebase


def remove_leftovers(package: Package) -> None:
    """Remove copies of batches that interrupted runs left in the state directory."""
    _finish_replacing(package)
    for path in require_own_state(package).glob("staging-*"):
        remove(path)


def leave_out_known(sealed: Log) -> list[str]:
    """Drop rows of the open batch that the sealed log holds, or that were taken down.

    Returns what was done, a line each.
    """
    if open_batch(sealed.package) is None:
        return []
    known = {
        bytes.fromhex(event)
        for stream in sealed.streams
        for event in sealed.columns(stream, ["event_id"])["event_id"]
    }
    known |= {bytes.fromhex(row.leaf_hash) for row in sealed.taken_rows.values()}
    dropped = drop_known(sealed.package, known)
    if not dropped:
        return []
    return [f"left out {dropped} rows of the open batch that the log already holds"]


def _refuse_missing(package: Package) -> None:
    """Refuse to go on without a batch that the descriptor lists: it would be forgotten for good."""
    if findings := [*descriptor_findings(package)]:
        raise FindingsError(findings, "nothing was changed")
    for resource in package.descriptor.get("resources", []):
        listed = resource.get("path", [])  # a stream without rows has none
        for path in [listed] if isinstance(listed, str) else listed:
            if not (package.root / path).is_file():
                raise ClaimlogError(
                    f"{DESCRIPTOR}: lists {path}, which is missing; {absent_file_remedy(package)}"
                )


def sync_descriptor(package: Package) -> bool:
    """Make datapackage.json list the files of every sealed batch; return whether it changed.

    The caller holds the lock.
    """
    data = synced_descriptor(package, package)
    if data is None:
        return False
    package.write(package.root / DESCRIPTOR, data)
    return True


def synced_descriptor(package: Package, definition: Package) -> bytes | None:
    """Return a datapackage.json that lists the files of every sealed batch, None if it does so.

    While events/ holds a batch that cannot be read it stays as it is: what it lists is what was
    sealed.

    Parameters
    ----------
    package
        Whose batches are listed.
    definition
        What has its descriptor and schemas: the package itself, or a copy with other ones.
    """
    findings: list[Finding] = []
    batches = sealed_batches(package, findings)
    if any(finding.rule != RACED for finding in findings):
        return None
    listed = resources(definition, batches)
    if listed == definition.descriptor.get("resources"):
        return None
    return dump_json({**definition.descriptor, "resources": listed})
