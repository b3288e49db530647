"""Putting batches into events/ and taking them out: wholly or not at all, a crash included."""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from claimlog.edit.open_batch import discard, drop_known, open_batch, open_folder
from claimlog.errors import ClaimlogError, Finding, FindingsError, reason, write_remedy
from claimlog.export.descriptor import dump_json
from claimlog.files import remove, sync
from claimlog.interrupt_handler import hold_interrupts, replacing
from claimlog.log.batch import (
    DONE,
    IN,
    MANIFEST,
    OUT,
    RACED,
    Batch,
    absent_file_remedy,
    descriptor_findings,
    resources,
    sealed_batches,
)
from claimlog.log.event_log import Log
from claimlog.log.read_file import read_bytes
from claimlog.package import DESCRIPTOR, Package
from claimlog.package_state import lock_mark, require_own_state, state_folder
from claimlog.state_notes import read_note, write_note

REBASED_OPEN = "rebase-open"
"""Where a rebase keeps the open batch that takes the place of the present one once it is done."""

MARK = "rebase.json"
"""File that names the lock beside which a rebase moves batches, while it does: no copy of the
package can bring a true one along, and without one nothing in `OUT` and `IN` is believed. It holds
the digests of the batches that the rebase makes, so that no other of such a name is taken for one.
"""

BY_HAND = (
    "where events/NEW holds the rows of an OLD.NEW, remove events/NEW; move OLD.NEW back as "
    "events/OLD where events/ lacks that"
)
"""How somebody undoes a rebase that was cut off."""


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
        _finish_replacing(package)
    except OSError as error:
        raise ClaimlogError(
            f"{DESCRIPTOR}: cannot be written ({reason(error)}); the batches are rebased all the "
            "same, run this again to finish"
        ) from error


def put_back(package: Package) -> list[str]:
    """Undo a rebase that did not come to its end; return the batches that are back in events/.

    Raises
    ------
    ClaimlogError
        If no rebase here took them out, or another batch has the place of one; both stay.
    """
    state = require_own_state(package)
    out, halfway = state / OUT, state / IN
    made = _made(package)
    for folder in (out, halfway):
        if folder.is_dir() and (names := sorted(path.name for path in folder.iterdir())):
            _refuse_foreign(package, folder, names, made)
    if halfway.is_dir():
        for path in halfway.iterdir():
            successor = path.name.partition(".")[2]
            if _is_in(package, successor, made):
                _put_away(package, package.events / successor)
        # an old batch may have the name of another's successor: first all of these, then those
        halfway.rename(out)
    taken = sorted(out.iterdir()) if out.is_dir() else []
    back = {path: package.events / path.name.partition(".")[0] for path in taken}
    for path, target in back.items():
        if os.path.lexists(target) and not _is_same(target, path):
            raise ClaimlogError(
                f"{package.relative(target)}: is there, and is not the batch of that name which a "
                f"rebase that was cut off keeps as {package.relative(path)}; compare the two, "
                "remove the one that is wrong, and run this again"
            )
    for path, target in back.items():
        if target.exists():  # restored from git, as one does
            _put_away(package, path)
        else:
            path.rename(target)
    if out.is_dir():
        out.rmdir()
    settle_open_batch(package)
    (state / MARK).unlink(missing_ok=True)
    return [package.relative(target) for target in back.values()]


def _put_away(package: Package, path: Path) -> None:
    """Remove a directory so that no part of it stands there as a whole, should this be killed."""
    aside = package.state / f"staging-{path.name}"
    path.rename(aside)
    remove(aside)


def _is_same(one: Path, other: Path) -> bool:
    """Whether a directory holds the same files as another, none of them behind a link."""
    if one.is_symlink() or not one.is_dir():
        return False
    names = {path.name for path in one.iterdir()}
    return names == {path.name for path in other.iterdir()} and all(
        not (one / name).is_symlink() and filecmp.cmp(one / name, other / name, shallow=False)
        for name in names
    )


def _is_in(package: Package, name: str, made: Mapping[str, str] | None) -> bool:
    """Whether events/ holds the batch of this name that a rebase made; if not known, any."""
    path = package.events / name / MANIFEST
    if not path.is_file():
        return False
    digest = sha256(read_bytes(path, package.relative(path))).hexdigest()
    return made is None or digest == made.get(name)


def _made(package: Package) -> dict[str, str] | None:
    """Return the digests of what a rebase in this copy of the package makes; None if there is none.

    That is the one whose batches `OUT`, `IN` or `DONE` hold.
    """
    try:
        note = read_note(package, MARK)
    except (ClaimlogError, OSError):
        return None
    made: dict[str, str] = note.get("made", {})
    return made if note.get("lock") == lock_mark(package) else None


def _refuse_foreign(
    package: Package, folder: Path, names: Sequence[str], made: Mapping[str, str] | None
) -> None:
    """Refuse what no rebase here took out of events/: it would take the place of sealed batches."""
    if package.events.is_symlink():
        raise ClaimlogError("events: is a symbolic link; use a directory")
    if made is None:
        raise ClaimlogError(
            f"{package.relative(folder)}: no rebase made this in this copy of the package: "
            f"{', '.join(names[:3])}; look at it: {BY_HAND}; remove the directory, and run this "
            "again"
        )


def mark_rebase(package: Package, made: Mapping[str, str]) -> None:
    """Note that what `OUT` and `IN` hold from here on is of a rebase in this copy of the package.

    The caller holds the lock.

    Parameters
    ----------
    made
        Digests of the manifests of the batches that it makes, by name.
    """
    write_note(package, MARK, {"lock": lock_mark(package), "made": dict(made)})


def recover(package: Package, say: Callable[[Sequence[str]], None] = lambda _: None) -> list[str]:
    """Finish or undo what an interrupted run left; return what was done, a line each.

    Parameters
    ----------
    say
        Takes these lines once they are true, before an interrupt can be heard.
    """
    done = end_rebase(package, say)
    with hold_interrupts():
        if sync_descriptor(package):
            listed = [f"listed all sealed files in {DESCRIPTOR}"]
            say(listed)
            done += listed
    return done


def end_rebase(package: Package, say: Callable[[Sequence[str]], None]) -> list[str]:
    """Finish or undo an interrupted rebase, as `recover` does, and refuse to miss a batch then."""
    with hold_interrupts():
        done = ["finished an interrupted rebase"] if _finish_replacing(package) else []
        done += [f"restored {name} after an interrupted rebase" for name in put_back(package)]
        say(done)
    refuse_missing(package)
    return done


def _finish_replacing(package: Package) -> bool:
    """Remove replaced batches that an interrupted rebase left; return whether there were any."""
    folder = require_own_state(package) / DONE
    if not folder.is_dir():
        return False
    _refuse_restored(package, folder)
    settle_open_batch(package)
    sync_descriptor(package)
    _put_away(package, folder)
    (package.state / MARK).unlink(missing_ok=True)
    return True


def _refuse_restored(package: Package, folder: Path) -> None:
    """Refuse to end a rebase of which somebody put batches back, or took the made ones out.

    Replaced batches that are back beside the made ones would be in the log twice. What is the one
    copy of a batch is not removed. All of them back, and no made one, is a rebase that was undone.
    """
    made = _made(package)
    names = [path.name.partition(".")[::2] for path in sorted(folder.iterdir())]
    back = [o for o, n in names if _is_same(package.events / o, folder / f"{o}.{n}")]
    gone = [new for _, new in names if not _is_in(package, new, made)]
    if back and not gone:
        listed = " ".join(f"events/{name}" for name in back)
        raise ClaimlogError(
            f"{listed}: is there again, and a rebase that was cut off made "
            f"{' '.join(new for old, new in names if old in back)} of it, so that its rows would "
            f"be in the log twice; remove {listed}, and run this again"
        )
    if made is not None and gone and len(back) + len(gone) < 2 * len(names):
        raise ClaimlogError(
            f"events/{gone[0]}: is not there as a rebase made it that was cut off; undo that "
            f"rebase: in {package.relative(folder)}, {BY_HAND}, and run this again"
        )


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
    with hold_interrupts():
        if not (dropped := drop_known(sealed.package, known)):
            return []
        done = [f"left out {dropped} rows of the open batch that the log already holds"]
        say(done)
    return done


def refuse_missing(package: Package) -> None:
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
