"""The package on disk: where its parts lie, its descriptor, and reading files of its definition."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from claimlog import __version__
from claimlog.errors import ClaimlogError, UsageError
from claimlog.escaping import is_utf_8
from claimlog.files import write_durably
from claimlog.interrupt_handler import replacing
from claimlog.limits import (
    DEFINITION_BYTES,
    DEFINITION_FILES,
    DEPTH,
    DOCUMENT_BYTES,
    FILE_BYTES,
    MANIFEST_BYTES,
)
from claimlog.untrusted_files import files_below, parse_json, parse_table, read_regular

DESCRIPTOR = "datapackage.json"
CHANGELOG = "CHANGELOG.md"

LOG = "log"
"""In a release: the package as released, events, schemas with the codebook, earlier releases."""

REPLACED = "replaced.json"
"""Name of the note of files that a command replaces together."""

DIST = "dist"
"""Directory into which releases are written, unless another is named."""

SUMS = "SHA256SUMS"
VALIDATION = "validation.json"
"""In a build and in a release: what validation checked, skipped and failed."""

RELEASE = "release.json"

SCHEMA_PATH = re.compile(
    r"schemas/(?:(?:tables/)?\w[\w-]*\.json|past/[a-z][a-z0-9_]*\.[0-9]{1,6}\.json"
    r"|(?:deprecations|requirements|rules|thresholds|upcasts)\.csv|queries/[a-z][a-z0-9_]*\.sql"
    r"|codebook/(?:codebook\.json|(?:decisions|steps|variables|codes/\w[\w-]*)\.csv))",
    re.ASCII,
)
"""Path of a file that a definition can consist of. Whatever else lies below ``schemas/`` may be a
repository with commands of its own, or a module: nothing of it is taken along."""

STAMP = "claimlog"
"""Key of the descriptor that says what the package was made with: ``version`` of claimlog,
``schemas`` (`DEFINITION_FORMAT`), ``files`` that claimlog wrote and their SHA-256."""

DEFINITION_FORMAT = 1
"""Version of what files under ``schemas/`` can say. It rises when a claimlog could no longer read
what one of today reads; then an older one says so, and a newer one still reads what is older."""


def require_utf_8_path(folder: Path, remedy: str = "name it in UTF-8") -> None:
    """Refuse a path whose bytes are not UTF-8, which libraries that read tables cannot open.

    Raises
    ------
    UsageError
        With the remedy.
    """
    if not is_utf_8(str(folder)):
        raise UsageError(f"{folder}: the path is not UTF-8; {remedy}")


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

        The log inside a release that was unpacked is ``archived``: whatever is written into it, a
        cache too, would make it another release.

        Raises
        ------
        UsageError
            If neither `start` nor a directory above it holds a package, or its path is not UTF-8,
            which libraries that read tables ask for.
        """
        for folder in (start.absolute(), *start.absolute().parents):
            if (folder / DESCRIPTOR).is_file() and (folder / "schemas").is_dir():
                require_utf_8_path(folder)
                for place in (folder, folder.resolve()):  # which a link may name otherwise
                    if place.name == LOG and all(
                        (place.parent / name).is_file() for name in (RELEASE, SUMS)
                    ):
                        return cls(place, archived=True)
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
    def dist(self) -> Path:
        """Releases that were made here, and what downloads and deltas brought of others."""
        return self.root / DIST

    @property
    def state(self) -> Path:
        """Open batches, staging and the lock: never part of the dataset."""
        return self.root / ".claimlog"

    @property
    def replacement_note(self) -> Path:
        """What files were that a command replaces together; it is there only until that ends."""
        return self.state / REPLACED

    @cached_property
    def descriptor(self) -> dict[str, Any]:
        """The descriptor: the only home of name, version and licence.

        Raises
        ------
        ClaimlogError
            As `json` does, or if the package needs a newer claimlog.
        """
        about = self.json(DESCRIPTOR)
        if flaw := newer_format_flaw(about.get(STAMP)):
            raise ClaimlogError(f"{DESCRIPTOR}: {flaw}")
        return about

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
        return parse_json(self.data(name), name)

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
        return parse_table(self.data(name), name, columns, optional)

    def text(self, name: str) -> str:
        """Read a file of the package's definition that is text in UTF-8.

        Raises
        ------
        ClaimlogError
            As `json` does.
        """
        try:
            return self.data(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ClaimlogError(f"{name}: is not text in UTF-8; mend it") from error

    def data(self, name: str) -> bytes:
        """Read a file of the package's definition: every one here, and nothing that it names.

        Raises
        ------
        ClaimlogError
            If it is absent, unreadable, too large or outside of the package.
        """
        if name.startswith("schemas/"):
            _ = self._schemas_size
        return read_regular(self.root / name, name, FILE_BYTES, self.root)

    @cached_property
    def _schemas_size(self) -> int:
        """Bytes under ``schemas/``; too much to read is refused before any of it is read."""
        try:
            paths = files_below(self.schemas, DEFINITION_FILES)
            size = sum(path.lstat().st_size for path in paths or ())
        except OSError as error:
            raise ClaimlogError(f"schemas: cannot be read ({error.strerror})") from error
        if paths is None or size > DEFINITION_BYTES:
            raise ClaimlogError(
                f"schemas: holds more than {DEFINITION_FILES:,} files or {DEFINITION_BYTES:,} "
                f"bytes, or directories more than {DEPTH} deep; take out what is no schema"
            )
        return size

    def document(self, path: Path) -> str:
        """Read a page for people that lies in the package.

        Raises
        ------
        ClaimlogError
            If it is absent, unreadable, too large, outside of the package or not UTF-8.
        """
        try:
            return self.document_bytes(path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ClaimlogError(f"{self.relative(path)}: not UTF-8; restore it from git") from error

    def document_bytes(self, path: Path) -> bytes:
        """Read a page for people that lies in the package; raises as `document` does."""
        return read_regular(path, self.relative(path), DOCUMENT_BYTES, self.root)

    def write(self, path: Path, data: bytes) -> None:
        """Replace a file of the package durably, and make directories that it lies in.

        One that is a link is replaced itself.

        Raises
        ------
        ClaimlogError
            If it is not below the package, or a directory on the way to it is a link.
        OSError
            If it cannot be written.
        """
        place, root = path.absolute(), self.root.absolute()
        if not place.is_relative_to(root) or ".." in place.relative_to(root).parts:
            raise ClaimlogError(
                f"{path}: is not below the package, and nothing else is written; restore the file "
                "that names it from git"
            )
        self.refuse_links(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data)
        self.forget()

    def remove(self, path: Path) -> None:
        """Remove a file of the package if it exists; of a symbolic link, the link.

        Raises
        ------
        ClaimlogError
            If a directory on the way to it is a link.
        OSError
            If it cannot be removed.
        """
        self.refuse_links(path)
        with replacing():
            path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Forget what was read: it is read again where it may have been written meanwhile."""
        for name in ("descriptor", "_schemas_size"):
            self.__dict__.pop(name, None)

    def refuse_links(self, path: Path) -> None:
        """Refuse a place to write to where a directory of the package on the way is a link.

        Git carries links, so that a clone can have a directory that leads to somebody's home.

        Raises
        ------
        ClaimlogError
            Naming the link.
        """
        root = self.root.absolute()
        for folder in path.absolute().parents:
            if folder != root and folder.is_relative_to(root) and folder.is_symlink():
                raise ClaimlogError(
                    f"{folder.relative_to(root).as_posix()}: is a symbolic link, through which "
                    "nothing is written; put a directory there, or name where it leads with --out"
                )

    def relative(self, path: Path) -> str:
        """Return `path` as messages show it: relative to the package where it lies inside."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)


def newer_format_flaw(stamp: object) -> str | None:
    """Say that this claimlog is too old for a package, or return None.

    Parameters
    ----------
    stamp
        What the package says that it was made with (`STAMP`), as it stands there.
    """
    made = stamp if isinstance(stamp, dict) else {}
    form = made.get("schemas")
    if not isinstance(form, int) or form <= DEFINITION_FORMAT:
        return None
    return (
        f"needs claimlog {str(made.get('version'))[:20]!r} or newer (its schemas are of version "
        f"{form}, and this is claimlog {__version__}, which reads up to {DEFINITION_FORMAT}); "
        "install the wheel in its tool/ or in its last release, or run make there"
    )


def read_json(path: Path, shown: str) -> dict[str, Any]:
    """Read a file of ours or of a release that holds one I-JSON object.

    Files of a package's definition are read by `Package.json`.

    Raises
    ------
    ClaimlogError
        If the file is absent, unreadable or not one I-JSON object in UTF-8.
    """
    return parse_json(read_regular(path, shown, MANIFEST_BYTES), shown)
