"""Writing files durably: replaced at once or not at all, and flushed to the disk."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from glob import escape
from pathlib import Path

from claimlog.errors import UnconfirmedError
from claimlog.interrupt_handler import replacing, unfinished

NEW = "new"
"""Role of a temporary path at which something is being written."""

TEMPORARY_NAME = re.compile(r"\.(.+)-([a-z]+)-([0-9]+)-[0-9a-f]{8}", re.DOTALL)
"""What `temporary_path` names: the target, the role, and the number of the process."""


def write_durably(path: Path, data: bytes, *, is_note: bool = False) -> None:
    """Replace `path` by `data` atomically: temporary file, fsync, rename, fsync of directory.

    Parameters
    ----------
    is_note
        Whether nobody asked for it: a command that replaced nothing else has replaced nothing.

    Raises
    ------
    OSError
        If it cannot be written; `path` is as it was.
    UnconfirmedError
        If it was replaced, and the disk does not confirm it.
    """
    with _replacing_file(path, path.name, is_note) as temporary, temporary.open("wb") as handle:
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
def _replacing_file(target: Path, display_path: str, is_note: bool = False) -> Iterator[Path]:
    """Yield a path to write and flush a file to, which replaces `target` once the block ends well.

    Whatever goes wrong, an interrupt included, `target` stays as it was.
    """
    remove_abandoned(target)
    with temporary_file(target) as temporary:
        try:
            yield temporary
            # whatever the umask: the log is for everybody to read
            temporary.chmod(0o644)
            with nullcontext() if is_note else replacing():
                temporary.replace(target)
        except OSError as error:
            if error.filename in (None, str(temporary)):  # the system names no file that is open
                error.filename = str(target)
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


@contextmanager
def temporary_file(target: Path) -> Iterator[Path]:
    """Yield an empty file beside `target`, locked; what has its name at the end is removed."""
    with _temporary(target, _touch, outlasts_exec=False) as path:
        yield path


@contextmanager
def temporary_folder(target: Path, *, outlasts_exec: bool = False) -> Iterator[Path]:
    """Yield an empty directory beside `target`, locked; what has its name at the end is removed.

    Parameters
    ----------
    outlasts_exec
        Whether a program that takes this process's place holds the lock, until it ends.
    """
    with _temporary(target, Path.mkdir, outlasts_exec) as path:
        yield path


def _touch(path: Path) -> None:
    path.touch(exist_ok=False)


@contextmanager
def _temporary(target: Path, make: Callable[[Path], None], outlasts_exec: bool) -> Iterator[Path]:
    while True:
        path = temporary_path(target)
        try:  # named before it is made: an interrupt at any point finds it and removes it
            unfinished[path] = remove
            make(path)
            with lock_temporary(path, outlasts_exec=outlasts_exec):
                # before it was locked, another process may have taken it for abandoned
                if os.path.lexists(path):
                    yield path
                    return
        finally:
            remove(path)
            unfinished.pop(path, None)


@contextmanager
def lock_temporary(path: Path, *, outlasts_exec: bool = False) -> Iterator[None]:
    """Hold the lock of what is written, or served, so that nobody takes it for abandoned.

    The system releases it when the process ends, however that happens, and shows it in every
    container.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # it is gone already, or may not be read
        yield
        return
    try:
        os.set_inheritable(descriptor, outlasts_exec)
        with suppress(OSError):  # a file system without locks: `_lock_abandoned` knows another way
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def temporary_path(target: Path, role: str = NEW) -> Path:
    """Return a path beside `target`, with the number of this process in its name.

    Parameters
    ----------
    role
        What lies there, a word in small letters.
    """
    return target.with_name(f".{target.name}-{role}-{os.getpid()}-{secrets.token_hex(4)}")


def abandoned_paths(target: Path, role: str = NEW) -> Iterator[Path]:
    """Yield what processes that ended left beside `target` in a role, each locked meanwhile."""
    for path in sorted(target.parent.glob(f".{escape(target.name)}-{role}-*")):
        match = TEMPORARY_NAME.fullmatch(path.name)
        if match and (match[1], match[2]) == (target.name, role):
            with _lock_abandoned(path, int(match[3])) as is_abandoned:
                if is_abandoned:
                    yield path


@contextmanager
def _lock_abandoned(path: Path, process: int) -> Iterator[bool]:
    """Yield whether nobody holds the lock of a temporary path any more; it is held meanwhile.

    The number of the process tells that only where nothing can be locked: another container, or
    machine, has other numbers.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # a link, or somebody else's
        yield not _is_alive(process)
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_abandoned = True
        except BlockingIOError:
            is_abandoned = False
        except OSError:
            is_abandoned = not _is_alive(process)
        yield is_abandoned
    finally:
        os.close(descriptor)


def is_unfinished(path: Path) -> bool:
    """Whether a path is named as what is being written, or was when a process ended."""
    match = TEMPORARY_NAME.fullmatch(path.name)
    return match is not None and match[2] == NEW


def remove_abandoned(target: Path) -> None:
    """Remove what a process that ended had begun to write beside `target`."""
    for path in abandoned_paths(target):
        remove(path)


def remove_if_abandoned(path: Path) -> None:
    """Remove what a process that ended had begun to write, whatever it was to replace."""
    match = TEMPORARY_NAME.fullmatch(path.name)
    if match and match[2] == NEW and not path.is_symlink():
        with _lock_abandoned(path, int(match[3])) as is_abandoned:
            if is_abandoned:
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
