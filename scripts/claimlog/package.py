"""The package on disk: where its parts lie, its descriptor, and its thresholds."""

from __future__ import annotations

import csv
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from glob import escape
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, UnconfirmedError, UsageError
from claimlog.ijson import decode

DESCRIPTOR = "datapackage.json"


@dataclass(frozen=True)
class Package:
    """A directory with ``datapackage.json``, ``events/`` and ``schemas/``.

    Attributes
    ----------
    archived
        Whether it is the log inside a release, which is a stranger's: git is never asked about it.
    """

    root: Path
    archived: bool = False

    @classmethod
    def find(cls, start: Path) -> Package:
        """Return the package at `start` or in the nearest directory above it.

        Raises
        ------
        UsageError
            If neither `start` nor a directory above it holds a package.
        """
        for folder in (start.absolute(), *start.absolute().parents):
            if (folder / DESCRIPTOR).is_file() and (folder / "schemas").is_dir():
                return cls(folder)
        raise UsageError(
            f"{start}: no {DESCRIPTOR} with a schemas/ beside it here or above; "
            "run inside a package or name one with --package DIR"
        )

    @property
    def events(self) -> Path:
        return self.root / "events"

    @property
    def schemas(self) -> Path:
        return self.root / "schemas"

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def state(self) -> Path:
        """Open batches, staging and the lock: never part of the dataset."""
        return self.root / ".claimlog"

    @cached_property
    def descriptor(self) -> dict[str, Any]:
        """The descriptor: the only home of name, version and licence."""
        return read_json(self.root / DESCRIPTOR, self.relative(self.root / DESCRIPTOR))

    @cached_property
    def thresholds(self) -> dict[str, int]:
        """Limits and sizes, from ``schemas/thresholds.csv``, which gives each its reason."""
        shown = "schemas/thresholds.csv"
        rows = read_table(self.root / shown, shown, ("name", "value", "unit", "reason"))
        for line, row in enumerate(rows, 2):
            if not re.fullmatch("[0-9]{1,15}", row["value"]):
                raise ClaimlogError(f"{shown}:{line}: {row['value']!r} is no whole number; mend it")
        return Thresholds({row["name"]: int(row["value"]) for row in rows})

    def relative(self, path: Path) -> str:
        """Return `path` as messages show it: relative to the package where it lies inside."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)


class Thresholds(dict[str, int]):
    """Numbers by name; one that is not there is said to be missing."""

    def __missing__(self, name: str) -> int:
        raise ClaimlogError(f"schemas/thresholds.csv: has no {name}; restore it from git")


def read_json(path: Path, shown: str) -> dict[str, Any]:
    """Read a file that holds one I-JSON object.

    Raises
    ------
    ClaimlogError
        If the file is absent, unreadable or not one I-JSON object in UTF-8.
    """
    try:
        return decode(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ClaimlogError(f"{shown}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ClaimlogError(
            f"{shown}: not valid JSON: {error}; mend it or restore it from git"
        ) from error


def read_table(path: Path, shown: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a CSV file that has exactly these columns.

    Raises
    ------
    ClaimlogError
        If the file is absent, unreadable, or not a CSV file in UTF-8 with these columns.
    """
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            header, *lines = [row for row in csv.reader(handle, strict=True) if row] or [[]]
    except OSError as error:
        raise ClaimlogError(f"{shown}: cannot be read ({error.strerror})") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ClaimlogError(
            f"{shown}: not a CSV file in UTF-8: {error}; mend it or restore it from git"
        ) from error
    if header != list(columns):
        raise ClaimlogError(
            f"{shown}: its columns are {', '.join(header)[:200] or 'none'}, expected "
            f"{', '.join(columns)}; restore it from git"
        )
    for number, row in enumerate(lines, 1):
        if len(row) != len(columns):
            raise ClaimlogError(
                f"{shown}: row {number} has {len(row)} cells, expected {len(columns)}; "
                "quote a cell that holds a comma, or restore the file from git"
            )
    return [dict(zip(columns, row, strict=True)) for row in lines]


def write_durably(path: Path, data: bytes) -> None:
    """Replace `path` by `data` atomically: temporary file, fsync, rename, fsync of directory.

    Raises
    ------
    OSError
        If it cannot be written; `path` is as it was.
    UnconfirmedError
        If it was replaced, and the disk does not confirm it.
    """
    remove_abandoned(path)
    temporary = beside(path)
    try:
        with temporary.open("xb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        # whatever the umask: the log is for everybody to read
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    confirm(path.parent, path.name)


def confirm(folder: Path, shown: str) -> None:
    """Flush a directory's entries after a rename that put `shown` into place.

    Raises
    ------
    UnconfirmedError
        If that fails: the rename itself holds for every process, but may not outlast a power cut.
    """
    try:
        sync(folder)
    except OSError as error:
        raise UnconfirmedError(
            f"{shown}: is in place, but the disk does not confirm it ({error.strerror}); "
            "look after the disk and run this again"
        ) from error


def beside(target: Path) -> Path:
    """Return a name beside `target` to write under, which says whose process it belongs to."""
    return target.with_name(f".{target.name}-new-{os.getpid()}-{secrets.token_hex(4)}")


def remove_abandoned(target: Path) -> None:
    """Remove what a process that is no more began to write beside `target`."""
    for path in target.parent.glob(f".{escape(target.name)}-new-*"):
        process = path.name.removeprefix(f".{target.name}-new-").partition("-")[0]
        if process.isdecimal() and not _is_alive(int(process)):
            remove(path)


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
    except ProcessLookupError:
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
