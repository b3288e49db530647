"""Tokens by which each role opens the desk: one a role, kept where only its user can read."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping

from claimlog.desk.work_folder import WorkFolder
from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.package_state import DESK, lock_mark, open_lock
from claimlog.untrusted_files import parse_json, read_regular

FILE = "tokens.json"
MOST_BYTES = 1 << 16
BYTES = 24
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
"""What so many bytes become."""

LOCK, MARK = ".", ".."
"""Keys of the lock's mark, and of the desk's with what identifies the lock's file; no role is
called so."""

OWN_MARK = re.compile(r"(?P<lock>[0-9a-f]+( [0-9]+){3}) (?P<mark>[0-9a-f]{32})")
SAME = 3
"""How much of what identifies a file has to be as it was. New rights, another number of a file
system that is mounted again, and another path each change one. Of a copy beside the original the
path is another one, and so is the number of the file or that of its file system."""


def desk_mark(work_folder: WorkFolder) -> str:
    """Return what tells pages of the desk of this package from those of other packages.

    All desks have the same address and roles. A page may know this, as it cannot its token. It is
    another one in a copy, as that is; but not where only rights or owners of the files are others,
    or their place on the disk, for a browser keeps under it what is not saved.

    Raises
    ------
    ClaimlogError
        If it cannot be written.
    """
    known = _known(work_folder)
    lock = _identity(work_folder)
    own = OWN_MARK.fullmatch(known.get(MARK, ""))
    if own is not None and own["lock"] == lock:
        return own["mark"]
    mark = own["mark"] if own is not None and _is_same(own["lock"], lock) else secrets.token_hex(16)
    _write(work_folder, {**known, MARK: f"{lock} {mark}"})
    return mark


def _identity(work_folder: WorkFolder) -> str:
    """Return path (its hash), number, file system and last change of the lock's file."""
    open_lock(work_folder.package, DESK).close()
    path = work_folder.package.state.resolve() / DESK / "lock"
    status = path.lstat()
    place = hashlib.sha256(os.fsencode(path)).hexdigest()
    return f"{place} {status.st_ino} {status.st_dev} {status.st_ctime_ns}"


def _is_same(one: str, other: str) -> bool:
    """Whether a file is the one that was identified so before."""
    pairs = zip(one.split(), other.split(), strict=True)
    return sum(first == second for first, second in pairs) >= SAME


def role_tokens(work_folder: WorkFolder, names: Iterable[str]) -> Mapping[str, str]:
    """Return the token of each role; one that has none is given one.

    They stay the same, so that a page that is open survives the server; but not in a copy of the
    package, whose file came from whoever made it, and knows them. As a copy cannot bring along the
    lock beside it as it is here, the file names that.

    Raises
    ------
    ClaimlogError
        If they cannot be written.
    """
    known, lock = _known(work_folder), _lock_of(work_folder)
    if known.get(LOCK) != lock:
        known = {name: one for name, one in known.items() if name == MARK}
    lacking = [name for name in names if name not in known]
    if lacking:
        known |= {LOCK: lock, **{name: secrets.token_urlsafe(BYTES) for name in lacking}}
        _write(work_folder, known)
    return {name: known[name] for name in names}


def _lock_of(work_folder: WorkFolder) -> str:
    open_lock(work_folder.package, DESK).close()
    return lock_mark(work_folder.package, DESK)


def _known(work_folder: WorkFolder) -> dict[str, str]:
    """Return what the file holds; nothing where it is absent, or spoilt."""
    try:
        held = parse_json(read_regular(work_folder.folder() / FILE, FILE, MOST_BYTES), FILE)
    except ClaimlogError:
        return {}
    texts = {name: one for name, one in held.items() if isinstance(one, str)}
    return {n: one for n, one in texts.items() if n in (LOCK, MARK) or TOKEN.fullmatch(one)}


def _write(work_folder: WorkFolder, known: Mapping[str, str]) -> None:
    path = work_folder.folder() / FILE
    before = os.umask(0o077)
    try:
        write_durably(path, json.dumps(known).encode())
        path.chmod(0o600)
    except OSError as error:
        raise ClaimlogError(f"{FILE}: cannot be written ({error.strerror})") from error
    finally:
        os.umask(before)
