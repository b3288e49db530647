"""Putting batches into events/ and taking them out: wholly or not at all, a crash included."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from claimlog.edit.cut_off_rebase import (
    MARK,
    REBASED_OPEN,
    is_batch,
    is_done,
    made_here,
    mark_rebase,
    refuse_another,
    refuse_foreign,
    refuse_twofold,
)
from claimlog.edit.open_batch import drop_known, open_batch, open_folder
from claimlog.errors import ClaimlogError, Finding, FindingsError, reason, write_remedy
from claimlog.escaping import short_line
from claimlog.export.descriptor import dump_json
from claimlog.files import remove, sync
from claimlog.interrupt_handler import hold_interrupts, replacing
from claimlog.log.batch import (
    DONE,
    IN,
    OUT,
    RACED,
    Batch,
    absent_file_remedy,
    descriptor_findings,
    kept_batches,
    resources,
    sealed_batches,
)
from claimlog.log.event_log import Log
from claimlog.package import DESCRIPTOR, Package
from claimlog.package_state import require_own_state, state_folder
from claimlog.untrusted_files import leads_to_file


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
        mark_rebase(package, {batch.path.name: batch.manifest_sha256 for batch in new})
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
        finish_rebase(package)
        (state / MARK).unlink(missing_ok=True)
    except OSError as error:
        raise ClaimlogError(
            f"{DESCRIPTOR}: cannot be written ({reason(error)}); the batches are rebased all the "
            "same, run this again to finish"
        ) from error


def put_back(package: Package, say: Callable[[Sequence[str]], None] = lambda _: None) -> list[str]:
    """Undo a rebase that did not come to its end; return what is back in events/, a line each.

    Parameters
    ----------
    say
        Takes these lines once they are true, before an interrupt can be heard.

    Raises
    ------
    ClaimlogError
        If no rebase here took them out, or another batch has the place of one; both stay.
    """
    state = require_own_state(package)
    out, halfway = state / OUT, state / IN
    made = made_here(package)
    for folder in filter(Path.is_dir, (out, halfway)):
        refuse_foreign(package, folder, made)
    kept = [*kept_batches(out), *kept_batches(halfway)]
    refuse_twofold(package, kept)
    successors = {
        one.new
        for one in kept
        if one.path.parent == halfway and is_batch(package, one.new, (made or {}).get(one.new))
    }
    for one in kept:
        if one.old not in successors:
            refuse_another(package, one)
    done = [f"restored events/{one.old} after an interrupted rebase" for one in kept]
    with hold_interrupts():
        for name in successors:
            _put_away(package, package.events / name)
        if halfway.is_dir():
            if out.is_dir() and not kept_batches(out):
                _put_away(package, out)
            # an old batch may have the name of another's successor: first all of these, then those
            _move(halfway, out)
        for one in kept:
            target = package.events / one.old
            if target.exists():  # restored from git, as one does
                _put_away(package, out / one.path.name)
            else:
                _move(out / one.path.name, target)
        if out.is_dir():
            _put_away(package, out)
        finish_rebase(package)
        (state / MARK).unlink(missing_ok=True)
        say(done)
    return done


def _move(path: Path, target: Path) -> None:
    with replacing():
        path.rename(target)


def _put_away(package: Package, path: Path) -> None:
    """Remove a directory so that no part of it stands there as a whole, should this be killed."""
    aside = package.state / f"staging-{path.name}"
    _move(path, aside)
    remove(aside)


def recover(package: Package, say: Callable[[Sequence[str]], None] = lambda _: None) -> list[str]:
    """Finish or undo what an interrupted run left; return what was done, a line each.

    Parameters
    ----------
    say
        Takes these lines once they are true, before an interrupt can be heard.
    """
    done = end_rebase(package, say)
    if (data := synced_descriptor(package, package)) is not None:
        listed = [f"listed all sealed files in {DESCRIPTOR}"]
        with hold_interrupts():
            package.write(package.root / DESCRIPTOR, data)
            say(listed)
        done += listed
    return done


def end_rebase(package: Package, say: Callable[[Sequence[str]], None]) -> list[str]:
    """Finish or undo an interrupted rebase, as `recover` does, and refuse to miss a batch then."""
    done = ["finished an interrupted rebase"] if _is_finished(package) else []
    say(done)
    done += put_back(package, say)
    refuse_missing(package)
    return done


def _is_finished(package: Package) -> bool:
    """Whether who took the lock finished a rebase that was cut off, which nobody has said yet."""
    made = made_here(package) or {}
    is_under_way = any((package.state / name).is_dir() for name in (OUT, IN))
    return bool(made) and not is_under_way and all(is_batch(package, *one) for one in made.items())


def finish_rebase(package: Package) -> None:
    """Let open rows follow a rebase that is done, and remove what it replaced.

    If it was not done, or somebody undid it, they are as they were before it. Whoever takes the
    lock does this, before anything else is done with the open batch. `MARK` stays after one that is
    done, and says so.

    Raises
    ------
    ClaimlogError
        As `is_done` does, or if no rebase in this copy of the package left what is there.
    """
    state = require_own_state(package)
    place, moved, replaced = open_folder(package), state / REBASED_OPEN, state / DONE
    if not (moved.is_dir() or replaced.is_dir()):
        return
    made = made_here(package)
    for folder in filter(Path.is_dir, (replaced, moved)):
        refuse_foreign(package, folder, made)
    if replaced.is_dir():
        refuse_twofold(package, kept_batches(replaced))
        kept = replaced / place.name
        done = made is not None and is_done(package, made)
        # each of the two steps leaves both open batches in places that say which is which
        if done and moved.is_dir():
            if place.is_dir():
                _move(place, kept)
            _move(moved, place)
        elif not done and kept.is_dir():
            if place.is_dir():
                _move(place, moved)
            _move(kept, place)
        sync_descriptor(package)
        _put_away(package, replaced)
    if moved.is_dir():
        _put_away(package, moved)


def leave_out_known(
    sealed: Log, say: Callable[[Sequence[str]], None] = lambda _: None
) -> list[str]:
    """Drop rows of the open batch that the sealed log holds, or that were taken down.

    Returns what was done, a line each; `say` takes it before an interrupt can be heard.
    """
    if open_batch(sealed.package) is None:
        return []
    known = {
        bytes.fromhex(event)
        for stream in sealed.streams
        for event in sealed.columns(stream, ["event_id"])["event_id"]
    }
    known |= {bytes.fromhex(row.leaf_hash) for row in sealed.taken_rows.values()}
    done: list[str] = []

    def tell(dropped: int) -> None:
        done.append(f"left out {dropped} rows of the open batch that the log already holds")
        say(done)

    drop_known(sealed.package, known, tell)
    return done


def refuse_missing(package: Package) -> None:
    """Refuse to go on without a batch that the descriptor lists: it would be forgotten for good."""
    if findings := [*descriptor_findings(package)]:
        raise FindingsError(findings, "nothing was changed")
    for resource in package.descriptor.get("resources", []):
        listed = resource.get("path", [])  # a stream without rows has none
        for path in [listed] if isinstance(listed, str) else listed:
            if not leads_to_file(package.root / path):
                raise ClaimlogError(
                    f"{DESCRIPTOR}: lists {short_line(path)}, which is missing; "
                    f"{absent_file_remedy(package)}"
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
