"""Publishing a directory whole: write beside it, sync, and swap the two in one call."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError, reason, write_remedy
from claimlog.files import (
    abandoned_paths,
    confirm_rename,
    lock_temporary,
    remove,
    remove_abandoned,
    sync,
    temporary_folder,
    temporary_path,
)
from claimlog.interrupt_handler import replacing

EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h
HERE = -100  # AT_FDCWD of fcntl.h
UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.EPERM)
"""Errors of a system or file system that cannot exchange two paths."""

OLD = "old"
"""Role of the directory that was replaced. Its name has the number of a process, so that it is no
directory of the user's that is called so."""


@contextlib.contextmanager
def publish_directory(
    target: Path, display_path: str, require: Callable[[], None] = lambda: None
) -> Iterator[Path]:
    """Yield an empty directory beside `target` that replaces it once the block ends well.

    Whatever goes wrong, an interrupt included, `target` stays as it was.

    Parameters
    ----------
    require
        Refuses a `target` that may not be replaced; called last, because writing takes long, and
        somebody may work there meanwhile.

    Raises
    ------
    ClaimlogError
        If the directory cannot be written.
    UnconfirmedError
        If `target` was replaced, and the disk does not confirm it.
    """
    recover_directory(target)
    try:
        with temporary_folder(target) as folder:
            yield folder
            _sync(folder)
            require()
            with replacing():
                _swap(folder, target)
            confirm_rename(target.parent, display_path)
    except OSError as error:
        raise ClaimlogError(
            f"{display_path}: writing failed ({reason(error)}); {write_remedy(error)}; "
            "nothing was replaced"
        ) from error


def recover_directory(target: Path) -> None:
    """Remove what processes that ended left beside `target`, or bring `target` back."""
    for old in abandoned_paths(target, OLD):
        if old.is_symlink() or not old.is_dir():
            continue  # a swap leaves nothing else
        if target.exists():
            remove(old)
        else:
            old.rename(target)  # a swap was cut off between its two renames
    remove_abandoned(target)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)


def _swap(folder: Path, target: Path) -> None:
    """Put `folder` where `target` is; the old directory takes its name, or another one."""
    if not target.exists():
        folder.rename(target)
        return
    if _exchange(folder, target):
        return
    # two renames, where the file system knows no exchange; `recover_directory` undoes one alone
    old = temporary_path(target, OLD)
    with lock_temporary(target):  # so that nobody takes it for one that was cut off
        target.rename(old)
        try:
            folder.rename(target)
        except BaseException:  # an interrupt too
            old.rename(target)
            raise
        remove(old)


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one system call; return whether the system can."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(other))
