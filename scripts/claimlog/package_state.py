"""The package's own state, ``.claimlog``: checked before anything below it is used.

Git carries symbolic links, so a clone can bring a ``.claimlog`` that leads to somebody's home. What
is written or removed below it goes through `state_folder`, and locks are opened by `open_lock`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

from claimlog.errors import ClaimlogError, write_remedy
from claimlog.limits import NAME
from claimlog.package import REPLACED, Package
from claimlog.untrusted_files import hole_flaw

DESK = "desk"
"""Directory of what is saved at the desk."""

FOLDERS = (
    *("cache", "cache/parts", "open", "serving", "release"),
    *("rebase-out", "rebase-in", "rebase-done", "rebase-done/open", "rebase-open"),
    *(DESK, "desk/works", "desk/decisions", "desk/done", "desk/preview"),
)
"""Directories below the state directory, by path; none has to be there."""

FILES = (
    "lock",
    REPLACED,
    "rebase.json",
    "cache/lock",
    "release/lock",
    "desk/lock",
    "desk/decisions/lock",
    "desk/tokens.json",
    "cache/state.json",
    "cache/digests.json",
    "cache/builds.json",
    "cache/valid.json",
    "cache/sound.json",
)
"""Files below the state directory, by path; none has to be there."""

SERVED = ("serving", "build")
"""Where a build that is served, or whose site is drawn, is linked: beside that path."""

UNPACKED = ("release", "package")
"""Where an earlier state of the package is unpacked: beside that path, while a command runs."""

OPEN = "open"
OPEN_FILE = re.compile(rf"{NAME[1:-1]}\.ndjson")

OPEN_FOLDERS = (OPEN, "rebase-open", "rebase-done/open")
"""Directories that hold regular files of open rows only."""

HELD = (errno.EAGAIN, errno.EACCES)
"""Errors of a lock that another process holds; over NFS it may be either."""

REMEDY = "claimlog did not make it: look at it, remove it, and run this again"


def require_own_state(package: Package) -> Path:
    """Return the package's state directory, which may not be there yet.

    Raises
    ------
    ClaimlogError
        If it, or a directory or file below it that claimlog uses, is a symbolic link, of another
        kind than it is when claimlog made it, or a file of holes; or if the open batch holds a file
        that is no stream's, which sealing would take for one or remove.
    """
    folder = package.state
    for path, is_folder in _state_entries(folder):
        state = _state_of(package, path)
        if state is None:
            continue
        if not (stat.S_ISDIR if is_folder else stat.S_ISREG)(state.st_mode):
            _refuse(package, path, state.st_mode, "directory" if is_folder else "regular file")
        if not is_folder and (flaw := hole_flaw(state)):
            raise ClaimlogError(f"{package.relative(path)}: {flaw}; {REMEDY}")
        if path.parent.name in OPEN_FOLDERS and not is_open_file(path.name):
            raise ClaimlogError(
                f"{package.relative(path)}: is no file of open rows (STREAM.ndjson); {REMEDY}"
            )
    return folder


def is_readable(folder: Path) -> bool:
    """Whether there is such a directory, and not of another user who keeps it to himself."""
    return os.access(f"{folder}/", os.R_OK | os.X_OK, effective_ids=True)


def is_open_file(name: str) -> bool:
    """Whether a file of the open batch may be called so; hidden ones are a file manager's."""
    return name.startswith(".") or OPEN_FILE.fullmatch(name) is not None


def state_folder(package: Package, *below: str) -> Path:
    """Return the package's state directory, or the one `below` it; it is made where there is none.

    Raises
    ------
    ClaimlogError
        As `require_own_state` does, or if it cannot be written.
    """
    folder = require_own_state(package).joinpath(*below)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(package, folder, error) from error
    return folder


def open_lock(package: Package, *below: str) -> IO[bytes]:
    """Open the lock file of the state directory, or of the one `below` it; it has no content.

    It is neither followed nor emptied, so that nothing but a lock is ever touched.

    Raises
    ------
    ClaimlogError
        As `state_folder` does.
    """
    path = state_folder(package, *below) / "lock"
    # a FIFO would keep whoever opens it waiting
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o666)
    except OSError as error:
        raise _unwritable(package, path.parent, error) from error
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        _refuse(package, path, mode, "regular file")
    return open(package.relative(path), "r+b", buffering=0, opener=lambda *_: handle)


def lock_mark(package: Package, *below: str) -> str:
    """Return the inode and the time of the last change of a lock file.

    It is made once and never written, and whoever makes an archive or a commit cannot know either
    number of the file that will be made of it.

    Raises
    ------
    OSError
        If there is no such lock.
    """
    status = package.state.joinpath(*below, "lock").lstat()
    return f"{status.st_ino} {status.st_ctime_ns}"


def acquire_lock(lock: IO[bytes], seconds: float) -> bool:
    """Lock a file that `open_lock` opened; return False if another holds it for so long.

    Raises
    ------
    ClaimlogError
        If the file system has no locks.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in HELD:
                raise ClaimlogError(
                    f"{lock.name}: cannot be locked ({error.strerror}), without which two commands "
                    "could change the same; put the package on a file system that locks files"
                ) from error
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)


def _state_entries(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield every path that claimlog uses, parents first, and whether it is a directory."""
    yield folder, True
    yield from ((folder / name, True) for name in FOLDERS)
    yield from ((folder / name, False) for name in FILES)
    for name in OPEN_FOLDERS:
        if is_readable(folder / name):
            yield from ((path, False) for path in sorted((folder / name).iterdir()))


def _state_of(package: Package, path: Path) -> os.stat_result | None:
    """Return the state of a path itself, not of what it links to; None where nothing is there."""
    try:
        return path.lstat()
    except (FileNotFoundError, PermissionError):
        return None  # what another user keeps to himself cannot lead anybody anywhere
    except OSError as error:
        raise ClaimlogError(
            f"{package.relative(path)}: cannot be looked at ({error.strerror}); {REMEDY}"
        ) from error


def _refuse(package: Package, path: Path, mode: int, expected: str) -> NoReturn:
    flaw = "is a symbolic link" if stat.S_ISLNK(mode) else f"is no {expected}"
    raise ClaimlogError(f"{package.relative(path)}: {flaw}; {REMEDY}")


def _unwritable(package: Package, folder: Path, error: OSError) -> ClaimlogError:
    return ClaimlogError(
        f"{package.relative(folder)}: cannot be written ({error.strerror}); {write_remedy(error)}"
    )
