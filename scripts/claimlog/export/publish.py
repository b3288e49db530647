"""Publishing a directory whole: write beside it, sync, and swap by renaming."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.package import sync


@contextlib.contextmanager
def publishing(target: Path, shown: str) -> Iterator[Path]:
    """Yield an empty directory beside `target` that replaces it once the block ends well.

    Whatever goes wrong, an interrupt included, `target` stays as it was.

    Raises
    ------
    ClaimlogError
        If the directory cannot be written.
    """
    retired = target.with_name(f".{target.name}-old")
    if retired.exists() and not target.exists():
        retired.rename(target)  # an earlier swap was cut off between its two renames
    _remove_abandoned(target)
    # named before it is made: an interrupt at any point finds it and removes it
    folder = target.with_name(f".{target.name}-new-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        try:
            folder.mkdir()
        except OSError as error:
            raise ClaimlogError(
                f"{shown}: cannot be written ({error.strerror}); "
                "give the directory write permission"
            ) from error
        yield folder
        _sync(folder)
        _swap(folder, target, retired)
    except OSError as error:
        raise ClaimlogError(
            f"{shown}: writing failed ({error.strerror}); nothing was replaced"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)


def _swap(folder: Path, target: Path, retired: Path) -> None:
    shutil.rmtree(retired, ignore_errors=True)
    if target.exists():
        target.rename(retired)
    try:
        folder.rename(target)
    except BaseException:  # an interrupt too
        if retired.exists() and not target.exists():
            retired.rename(target)
        raise
    sync(target.parent)
    shutil.rmtree(retired, ignore_errors=True)


def _remove_abandoned(target: Path) -> None:
    """Remove what a process that is no more began to write beside `target`."""
    for path in target.parent.glob(f".{target.name}-new-*"):
        process = path.name.removeprefix(f".{target.name}-new-").partition("-")[0]
        if process.isdecimal() and not _is_alive(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
