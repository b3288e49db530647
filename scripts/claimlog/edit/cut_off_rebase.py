"""What a rebase that was cut off left below ``.claimlog``, and the one fact that says it is done.

It is done once `DONE` is there and every batch that it made stands in events/, by the digests in
`MARK`. Open rows go by that, for who reads them too, as does what is removed: nothing that could be
the one copy of a batch or of open rows.
"""

from __future__ import annotations

import filecmp
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.limits import FILE_BYTES
from claimlog.log.batch import DONE, MANIFEST, KeptBatch, kept_batches
from claimlog.package import Package
from claimlog.package_state import OPEN, lock_mark, require_own_state
from claimlog.state_notes import read_note, write_note
from claimlog.untrusted_files import hole_flaw, is_regular, parse_json, read_regular

REBASED_OPEN = "rebase-open"
"""Where a rebase keeps the open batch that takes the place of the present one once it is done. The
one that it replaces is kept in `DONE`, under its name, until that goes."""

MARK = "rebase.json"
"""File that names the lock beside which a rebase moves batches, while it does: no copy of the
package can bring a true one along, and without one nothing that a rebase leaves is believed. It
holds the digests of the batches that the rebase makes, so that no other of such a name is taken for
one.
"""

BY_HAND = (
    "where events/NEW holds the rows of an OLD.NEW, remove events/NEW; move OLD.NEW back as "
    "events/OLD where events/ lacks that"
)
"""How somebody undoes a rebase that was cut off."""

OPEN_BY_HAND = "put open back in the place of .claimlog/open"
"""What goes with it where the open rows that were replaced are kept, too."""


def mark_rebase(package: Package, made: Mapping[str, str]) -> None:
    """Note that what is moved from here on is of a rebase in this copy of the package.

    The caller holds the lock.

    Parameters
    ----------
    made
        Digests of the manifests of the batches that it makes, by name.
    """
    write_note(package, MARK, {"lock": lock_mark(package), "made": dict(made)})


def made_here(package: Package) -> dict[str, str] | None:
    """Return the digests of what a rebase in this copy of the package makes; None if there is none.

    It is the one that left what is there.
    """
    try:
        note = read_note(package, MARK)
        made: dict[str, str] = note.get("made", {})
        return made if note.get("lock") == lock_mark(package) else None
    except (ClaimlogError, OSError):
        return None


def refuse_foreign(package: Package, folder: Path, made: Mapping[str, str] | None) -> None:
    """Refuse what no rebase here left in a directory.

    It would take the place of one's own rows, or go with the directory.
    """
    entries = [path for path in sorted(folder.iterdir()) if not _is_hidden_file(path)]
    if not entries:
        return
    if package.events.is_symlink():
        raise ClaimlogError("events: is a symbolic link; use a directory")
    if made is None:
        look = "" if folder.name == REBASED_OPEN else f": {_by_hand(folder)}"
        raise ClaimlogError(
            f"{package.relative(folder)}: no rebase made this in this copy of the package: "
            f"{', '.join(path.name for path in entries[:3])}; look at it{look}; remove the "
            "directory, and run this again"
        )
    kept = {batch.path for batch in kept_batches(folder)}
    if folder.name == DONE:
        kept.add(folder / OPEN)
    if folder.name != REBASED_OPEN and (others := [path for path in entries if path not in kept]):
        raise ClaimlogError(
            f"{package.relative(others[0])}: is no batch that a rebase keeps (OLD.NEW, with the "
            f"names that it has in events/); move it out of {package.relative(folder)}, and run "
            "this again"
        )


def refuse_twofold(package: Package, kept: Sequence[KeptBatch]) -> None:
    """Refuse two batches that a rebase would have taken out of events/ under one name.

    The second would go unseen once the first is back, or with the directory.
    """
    first: dict[str, KeptBatch] = {}
    for one in kept:
        other = first.setdefault(one.old, one)
        if other is not one:
            raise ClaimlogError(
                f"{package.relative(one.path)}: is a second batch for events/{one.old}, beside "
                f"{package.relative(other.path)}, and a rebase keeps one; compare the two, move "
                f"the one that is wrong out of {package.relative(package.state)}, and run this "
                "again"
            )


def _by_hand(folder: Path) -> str:
    return f"{BY_HAND}; {OPEN_BY_HAND}" if (folder / OPEN).is_dir() else BY_HAND


def is_done(package: Package, made: Mapping[str, str]) -> bool:
    """Whether the rebase that left `DONE` holds; False if somebody undid it wholly.

    Parameters
    ----------
    made
        What `made_here` returns.

    Raises
    ------
    ClaimlogError
        If it is neither: replaced batches that are back beside the made ones would be in the log
        twice, and what is the one copy of a batch is not removed.
    """
    folder = require_own_state(package) / DONE
    kept = kept_batches(folder)
    gone = [name for name, digest in made.items() if not _is_whole(package, name, digest)]
    back = [one.old for one in kept if is_same(package.events / one.old, one.path)]
    if not gone and not back:
        return True
    if len(gone) == len(made) and len(back) == len(kept):
        return False
    if not gone:
        listed = " ".join(f"events/{name}" for name in back)
        raise ClaimlogError(
            f"{listed}: is there again, and a rebase that was cut off made "
            f"{' '.join(one.new for one in kept if one.old in back)} of it, so that its "
            f"rows would be in the log twice; remove {listed}, and run this again"
        )
    for one in kept:
        if one.old not in back and (one.old in gone or one.old not in made):
            refuse_another(package, one)
    raise ClaimlogError(
        f"events/{gone[0]}: is not there as a rebase made it that was cut off; undo that "
        f"rebase: in {package.relative(folder)}, {_by_hand(folder)}, and run this again"
    )


def refuse_another(package: Package, kept: KeptBatch) -> None:
    """Refuse a batch in the place of one that a rebase took out of events/ and keeps."""
    target = package.events / kept.old
    if os.path.lexists(target) and not is_same(target, kept.path):
        raise ClaimlogError(
            f"{package.relative(target)}: is there, and is not the batch of that name which a "
            f"rebase that was cut off keeps as {package.relative(kept.path)}; compare the two, "
            "remove the one that is wrong, and run this again"
        )


def is_batch(package: Package, name: str, digest: str | None) -> bool:
    """Whether events/ holds the batch of this name whose manifest has that digest."""
    path = package.events / name / MANIFEST
    return is_regular(path, FILE_BYTES) and digest == (
        sha256(read_regular(path, package.relative(path), FILE_BYTES)).hexdigest()
    )


def _is_whole(package: Package, name: str, digest: str) -> bool:
    """Whether events/ holds that batch, and every file that its manifest lists."""
    return is_batch(package, name, digest) and all(
        is_regular(package.events / name / file, sys.maxsize)
        for file in parse_json((package.events / name / MANIFEST).read_bytes(), name)["files"]
    )


def is_same(one: Path, other: Path) -> bool:
    """Whether a directory holds the same files as another, none of them a link or of holes.

    Hidden files are passed over.
    """
    if one.is_symlink() or not one.is_dir():
        return False
    names, others = (
        {path.name for path in folder.iterdir() if not _is_hidden_file(path)}
        for folder in (one, other)
    )
    return names == others and all(
        _is_plain(one / name)
        and _is_plain(other / name)
        and filecmp.cmp(one / name, other / name, shallow=False)
        for name in names
    )


def _is_hidden_file(path: Path) -> bool:
    """Whether it is what a file manager leaves, as `.DS_Store`."""
    return path.name.startswith(".") and not path.is_dir()


def _is_plain(path: Path) -> bool:
    state = path.lstat()
    return stat.S_ISREG(state.st_mode) and hole_flaw(state) is None


def present_open_folder(package: Package) -> Path:
    """Return where the open rows lie that were made for the batches in events/, to be read.

    Whoever takes the lock ends a rebase that was cut off, so that it is one place then.
    """
    state = require_own_state(package)
    place, moved, kept = state / OPEN, state / REBASED_OPEN, state / DONE / OPEN
    try:
        if not (moved.is_dir() or kept.is_dir()) or (made := made_here(package)) is None:
            return place
        is_moved = (state / DONE).is_dir() and is_done(package, made)
    except (ClaimlogError, OSError):
        return place  # who takes the lock is told what to do
    present = moved if is_moved else kept
    return present if present.is_dir() else place
