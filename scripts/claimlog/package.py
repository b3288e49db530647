"""The package on disk: where its parts lie, its descriptor, and its thresholds."""

from __future__ import annotations

import csv
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, UsageError
from claimlog.ijson import decode

DESCRIPTOR = "datapackage.json"


@dataclass(frozen=True)
class Package:
    """A directory with ``datapackage.json``, ``events/`` and ``schemas/``."""

    root: Path

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
        with (self.schemas / "thresholds.csv").open(encoding="utf-8", newline="") as handle:
            return {row["name"]: int(row["value"]) for row in csv.DictReader(handle)}

    def relative(self, path: Path) -> str:
        """Return `path` as messages show it: relative to the package where it lies inside."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)


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


def write_durably(path: Path, data: bytes) -> None:
    """Replace `path` by `data` atomically: temporary file, fsync, rename, fsync of directory."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        # mkstemp makes private files; the log is for everybody to read
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Flush a file, or a directory's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
