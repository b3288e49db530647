"""Writing files durably: replaced at once or not at all, and flushed to the disk."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from claimlog.errors import UnconfirmedError

NEW = "new"
"""Role of a temporary path at which something is being written."""

TEMPORARY_NAME = re.compile(r"\.(.+)-([a-z]+)-([0-9]+)-[0-9a-f]{8}", re.DOTALL)
"""What `temporary_path` names: the target, the role, and the number of the process."""


def write_durably(path: Path, data: bytes) -> None:
    """Replace `path` by `data` atomically: temporary file, fsync, rename, fsync of directory.

    Raises
    ------
    OSError
        If it cannot be written; `path` is as it was.
    UnconfirmedError
        If it was replaced, and the disk does not confirm it.
    """
    with _replacing_file(path, path.name) as temporary, temporary.open("xb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())


def copy_durably(source: Path, target: Path) -> None:
    """Replace `target` by a copy of a file atomically, as `write_durably` does.

    Raises
    ------
    OSError
        If it cannot be read or written; `target` is as it was.
    UnconfirmedError
        If it was replaced, and the disk does not confirm it.
    """
    with _replacing_file(target, str(target)) as temporary:
        shutil.copyfile(source, temporary)
        sync(temporary)


@contextmanager
def _replacing_file(target: Path, display_path: str) -> Iterator[Path]:
    """Yield a path to write and flush a file to, which replaces `target` once the block ends well.

    Whatever goes wrong, an interrupt included, `target` stays as it was.
    """
    remove_abandoned(target)
    temporary = temporary_path(target)
    try:
        yield temporary
        # whatever the umask: the log is for everybody to read
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    confirm_rename(target.parent, display_path)


def confirm_rename(folder: Path, display_path: str) -> None:
    """Flush a directory's entries after a rename that put a file or directory into place.

    Raises
    ------
    UnconfirmedError
        If that fails: the rename itself holds for every process, but may not outlast a power cut.
    """
    try:
        sync(folder)
    except OSError as error:
        raise UnconfirmedError(
            f"{display_path}: is in place, but the disk does not confirm it ({error.strerror}); "
            "look after the disk and run this again"
        ) from error


def temporary_path(target: Path, role: str = NEW) -> Path:
    """Return a path beside `target`, with the number of this process in its name.

    Parameters
    ----------
    role
        What lies there, a word in small letters.
    """
    return target.with_name(f".{target.name}-{role}-{os.getpid()}-{secrets.token_hex(4)}")


def abandoned_paths(target: Path, role: str = NEW) -> list[Path]:
    """Return what processes that ended left beside `target` in a role, in order of their names."""
    beside = target.parent.glob(f".{escape(target.name)}-{role}-*")
    return sorted(path for path in beside if _abandoned(path) == (target.name, role))


def is_unfinished(path: Path) -> bool:
    """Whether a path is named as what is being written, or was when a process ended."""
    match = TEMPORARY_NAME.fullmatch(path.name)
    return match is not None and match[2] == NEW


def _abandoned(path: Path) -> tuple[str, str] | None:
    """Return the target and role of a temporary path whose process ended; else None."""
    match = TEMPORARY_NAME.fullmatch(path.name)
    return (match[1], match[2]) if match and not _is_alive(int(match[3])) else None


def remove_abandoned(target: Path) -> None:
    """Remove what a process that ended had begun to write beside `target`."""
    for path in abandoned_paths(target):
        remove(path)


def remove_if_abandoned(path: Path) -> None:
    """Remove what a process that ended had begun to write, whatever it was to replace."""
    if is_unfinished(path) and _abandoned(path) and not path.is_symlink():
        remove(path)


def remove_abandoned_in(folder: Path) -> None:
    """Remove what processes that ended had begun to write directly in a directory."""
    for path in folder.iterdir():
        remove_if_abandoned(path)


def remove(path: Path) -> None:
    """Remove a file or a directory that nobody needs; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # no process has so large a number
        return False
    except PermissionError:
        return True
    return True


def sync(path: Path) -> None:
    """Flush a file, or a directory's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
