"""The open batch: rows that are not part of the log yet, kept outside events/."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from claimlog.directory_swap import publish_directory
from claimlog.edit.cut_off_rebase import present_open_folder
from claimlog.edit.open_upcast import refuse_outdated
from claimlog.errors import ClaimlogError
from claimlog.files import remove
from claimlog.interrupt_handler import hold_interrupts, replacing
from claimlog.log.batch import NAME, Batch
from claimlog.log.event_log import Log
from claimlog.log.lines import without_lines
from claimlog.log.read_file import read_bytes
from claimlog.log.read_log import extend, read
from claimlog.package import Package
from claimlog.package_state import is_readable, require_own_state


def open_folder(package: Package) -> Path:
    """Return where the open batch lies, once `state.require_own_state` finds nothing foreign."""
    return require_own_state(package) / "open"


def readable_open_folder(package: Package) -> Path:
    """Return where the open batch lies, as `open_folder` does, if it is one's own to read.

    Raises
    ------
    ClaimlogError
        If another user keeps it to himself: nobody can say whether it is empty.
    """
    place = open_folder(package)
    for folder in (place.parent, place):
        if os.path.lexists(folder) and not is_readable(folder):
            raise ClaimlogError(
                f"{package.relative(folder)}: is another user's, and you may not read it; ask for "
                "the permission, or work in a checkout of your own"
            )
    return place


def open_batch(package: Package, folder: Path | None = None) -> Batch | None:
    """Return the open batch as the one that would come next, or None if there is none to read.

    `folder` is where its files lie; messages name it as ``.claimlog/open`` all the same.
    """
    place = open_folder(package)
    folder = folder or present_open_folder(package)
    if not is_readable(folder) or not any(folder.iterdir()):
        return None
    numbers = [
        int(match["number"])
        for path in (package.events.iterdir() if package.events.is_dir() else ())
        if (match := NAME.fullmatch(path.name))
    ]
    number = max(numbers, default=0) + 1
    return Batch(folder, package.relative(place), number, "open", number - 1)


def read_with_open(package: Package, progress: Callable[[str], None] = lambda _: None) -> Log:
    """Read the log with the open batch as if it were sealed already."""
    return with_open(read(package, progress=progress))


def with_open(sealed: Log, folder: Path | None = None) -> Log:
    """Return a log with the open batch, whose files may lie in another `folder`, after it.

    Raises
    ------
    ClaimlogError
        If the open batch has rows from before a schema changed.
    """
    batch = open_batch(sealed.package, folder)
    if batch and folder is None:
        refuse_outdated(batch.path, batch.shown, sealed.definition)
    return extend(sealed, [batch]) if batch else sealed


def drop_known(
    package: Package, known: set[bytes], say: Callable[[int], None] = lambda _: None
) -> None:
    """Remove rows of the open batch that the log already holds, or held. The caller holds the lock.

    They are there after a crash between the sealing rename and the clean-up, or when the same rows
    came in by a merge. Whatever else its files hold stays: validation names what are no rows.

    Parameters
    ----------
    say
        Takes how many rows that were, if any, before an interrupt can be heard.
    """
    batch = open_batch(package)
    if batch is None:
        return
    dropped = 0
    left: dict[str, bytes] = {}
    for stream in batch.streams:
        data = read_bytes(batch.file(stream), batch.shown_file(stream))
        left[batch.name(stream)], number = without_lines(data, known)
        dropped += number
    if not dropped:
        return
    with ExitStack() as held:
        if any(left.values()):
            with publish_directory(batch.path, batch.shown) as folder:
                shutil.copytree(batch.path, folder, dirs_exist_ok=True)
                for name, data in left.items():
                    (folder / name).write_bytes(data)
                    if not data:
                        (folder / name).unlink()
                held.enter_context(hold_interrupts())
        else:
            held.enter_context(hold_interrupts())
            discard(package)
        say(dropped)


def cut_off_lines(package: Package) -> list[str]:
    """Return the place of each last line of the open batch that does not end as a row does."""
    batch = open_batch(package)
    if batch is None:
        return []
    found = []
    for stream in batch.streams:
        shown = batch.shown_file(stream)
        data = read_bytes(batch.file(stream), shown)
        number = data.count(b"\n") + 1
        if data and not data.endswith(b"\n"):
            found.append(f"{shown}:{number}")
    return found


def discard(package: Package) -> None:
    """Remove the open batch."""
    place = open_folder(package)
    if place.exists():
        gone = place.with_name(f".gone-{os.getpid()}")
        with replacing():
            place.rename(gone)
        remove(gone)
