"""Publishing a directory whole: write beside it, sync, and swap by renaming."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.package import sync_directory


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
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-new-", dir=target.parent))
    except OSError as error:
        raise ClaimlogError(
            f"{shown}: cannot be written ({error.strerror}); give the directory write permission"
        ) from error
    try:
        yield folder
        folder.chmod(0o755)
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
        if path.is_dir():
            sync_directory(path)
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_directory(folder)


def _swap(folder: Path, target: Path, retired: Path) -> None:
    shutil.rmtree(retired, ignore_errors=True)
    if target.exists():
        target.rename(retired)
    try:
        folder.rename(target)
    except OSError:
        retired.rename(target)
        raise
    sync_directory(target.parent)
    shutil.rmtree(retired, ignore_errors=True)
