"""Writing several files of a package: all of them, or what was there is put back."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.files import remove_abandoned
from claimlog.package import REPLACED, Package
from claimlog.package_state import lock_mark, require_own_state
from claimlog.state_notes import read_note, write_note


def write_together(package: Package, files: Mapping[str, bytes]) -> None:
    """Replace files of a package, each durably; if one cannot be written, none is replaced.

    The caller holds the lock. What was there is noted before, so that whoever takes the lock next
    puts it back, should this be killed (`put_back_replaced`).

    Parameters
    ----------
    files
        Contents by path, in the order in which they are written.

    Raises
    ------
    ClaimlogError
        If a directory on the way to one is a link.
    OSError
        If one cannot be written.
    """
    for name in files:
        package.refuse_links(package.root / name)
    before = {name: _present(package, name) for name in files}
    changed = {name: data for name, data in files.items() if data != before[name]}
    replaced = {
        name: [_encoded(before[name]), sha256(data).hexdigest()] for name, data in changed.items()
    }
    write_note(package, REPLACED, {"lock": lock_mark(package), "files": replaced})
    try:
        for name, data in changed.items():
            package.write(package.root / name, data)
    except BaseException:  # an interrupt too
        with suppress(OSError, ClaimlogError):
            put_back_replaced(package)  # else whoever takes the lock next does
        raise
    package.replacement_note.unlink()


def put_back_replaced(package: Package) -> None:
    """Undo a `write_together` that was cut off between its files. The caller holds the lock.

    The note of it is believed only beside the lock that it was written beside, which no copy of the
    package brings along.

    Raises
    ------
    ClaimlogError
        If the note is damaged or of another copy, or a file was changed since; then nothing is put
        back.
    OSError
        If a file cannot be written; the next one to take the lock goes on.
    """
    path = package.replacement_note
    require_own_state(package)
    if not path.exists():
        return
    shown = package.relative(path)
    note = _own_note(package)
    if note is None:
        raise ClaimlogError(
            f"{shown}: is damaged, or of another copy of the package, where a command was cut off; "
            "see with git status which files of schemas/ it left, restore or remove them, remove "
            "this file, and run this again"
        )
    earlier = {}
    for name, (encoded, written) in note["files"].items():
        package.refuse_links(package.root / name)
        now, earlier[name] = _present(package, name), _decoded(encoded)
        if now != earlier[name] and (now is None or sha256(now).hexdigest() != written):
            raise ClaimlogError(
                f"{name}: was changed after a command was cut off that writes it together with "
                f"others; remove {shown} to leave all of them as they are, and run this again"
            )
    for name, data in earlier.items():
        remove_abandoned(package.root / name)
        if data is None:
            (package.root / name).unlink(missing_ok=True)
        elif data != _present(package, name):
            package.write(package.root / name, data)
    path.unlink()
    package.forget()  # the descriptor may be one of them


def _own_note(package: Package) -> dict[str, Any] | None:
    """Return the note as it was written beside this lock; None if it was not."""
    try:
        note = read_note(package, REPLACED)
    except ClaimlogError as error:
        if isinstance(error.__cause__, OSError):
            raise  # it may be as it was, and the disk is not
        return None
    return note if note.get("lock") == lock_mark(package) else None


def _present(package: Package, name: str) -> bytes | None:
    path = package.root / name
    return package.document_bytes(path) if os.path.lexists(path) else None


def _encoded(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
