"""The package on disk: where its parts lie, its descriptor, and reading files of its definition."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import (
    DEFINITION_BYTES,
    DEFINITION_FILES,
    FILE_BYTES,
    STATE_BYTES,
)
from claimlog.untrusted_files import parse_json, parse_table, read_regular

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
        return self.json(DESCRIPTOR)

    def json(self, name: str) -> dict[str, Any]:
        """Read a file of the package's definition that holds one I-JSON object.

        Parameters
        ----------
        name
            The file, relative to the package.

        Raises
        ------
        ClaimlogError
            If it is absent, unreadable, too large, outside of the package or not such an object.
        """
        return parse_json(self._read(name), name)

    def table(
        self, name: str, columns: Sequence[str], optional: Sequence[str] = ()
    ) -> list[dict[str, str]]:
        """Read a CSV file of the package's definition that has exactly these columns.

        Parameters
        ----------
        optional
            Columns that may follow, all of them or none; empty where they do not.

        Raises
        ------
        ClaimlogError
            As `json` does.
        """
        return parse_table(self._read(name), name, columns, optional)

    def _read(self, name: str) -> bytes:
        """Every file of a definition is read here, and nothing that it names is opened by it."""
        if name.startswith("schemas/"):
            _ = self._schemas_size
        return read_regular(self.root / name, name, FILE_BYTES, self.root)

    @cached_property
    def _schemas_size(self) -> int:
        """Bytes under ``schemas/``; too much to read is refused before any of it is read."""
        files = size = 0
        waiting = [self.schemas]
        try:
            while waiting:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        files += 1
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(Path(entry.path))
                        else:
                            size += entry.stat(follow_symlinks=False).st_size
                        if files > DEFINITION_FILES or size > DEFINITION_BYTES:
                            raise ClaimlogError(
                                f"schemas: holds more than {DEFINITION_FILES:,} files or "
                                f"{DEFINITION_BYTES:,} bytes; take out what is no schema"
                            )
        except OSError as error:
            raise ClaimlogError(f"schemas: cannot be read ({error.strerror})") from error
        return size

    def relative(self, path: Path) -> str:
        """Return `path` as messages show it: relative to the package where it lies inside."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)


def read_json(path: Path, shown: str) -> dict[str, Any]:
    """Read a file of ours or of a release that holds one I-JSON object.

    Files of a package's definition are read by `Package.json`.

    Raises
    ------
    ClaimlogError
        If the file is absent, unreadable or not one I-JSON object in UTF-8.
    """
    return parse_json(read_regular(path, shown, STATE_BYTES), shown)
