"""What a build depends on, as one hash: whether there is anything to do.

Imports nothing heavy, so that an unchanged build answers at once.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.git import CheckoutError
from claimlog.limits import (
    DEFINITION_BYTES,
    DEFINITION_FILES,
    FILE_BYTES,
    TEXT_BYTES,
    TEXTS_BYTES,
    TEXTS_FILES,
)
from claimlog.package import DESCRIPTOR, Package, read_json
from claimlog.state import require_own_state
from claimlog.untrusted_files import files_below, parse_json, read_regular

MEMORY_BYTES = 16 << 20
"""Bytes of rows up to which a log is read into memory; of a larger one the parts are cached."""

MANIFEST = "batch.json"
NOTES = "cache/digests.json"
LIBRARIES = ("adbc-driver-sqlite", "narwhals", "pandera", "polars", "pyarrow")

NOT_BUILDING = ("__main__.py", "cli", "edit", "release", "site", "spark")
"""What of this package no build can depend on: it lies above `build` in the import contract."""


def bytes_of_rows(package: Package) -> int:
    """Return the size of the files of rows of all batches."""
    return sum(path.stat().st_size for path in files_of_rows(package))


def files_of_rows(package: Package) -> list[Path]:
    """Return the files of rows of all batches."""
    kinds = ("ndjson", "parquet")
    paths = (path for kind in kinds for path in package.events.glob(f"*/*.{kind}"))
    return [path for path in paths if stat.S_ISREG(path.lstat().st_mode)]


MTIME_GRANULARITY = 2_000_000_000
"""Nanoseconds within which a file's time may not tell a second change from the first."""


@dataclass(frozen=True)
class StatSignature:
    """What tells, without reading a file, that it is what it was, as git does.

    Attributes
    ----------
    state
        Its size in bytes, when its content and when anything about it changed (nanoseconds since
        1970), and its inode.
    at
        When it was looked at, in nanoseconds since 1970. As text: they are more than a number of
        JSON holds exactly.
    """

    state: str
    at: str

    @classmethod
    def of(cls, path: Path) -> StatSignature:
        """Look at a file.

        Raises
        ------
        OSError
            If there is none.
        """
        now = time.time_ns()
        stat = path.stat()
        times = f"{stat.st_mtime_ns} {stat.st_ctime_ns}"
        return cls(f"{stat.st_size} {times} {stat.st_ino}", str(now))

    @classmethod
    def load(cls, found: Mapping[str, str]) -> StatSignature:
        """Return what `asdict` gave; raises KeyError, TypeError or ValueError for anything else."""
        return cls(str(found["state"]), str(int(found["at"])))

    def same(self, now: StatSignature) -> bool:
        """Whether a file seen again is for sure the same: it was not new when it was looked at."""
        return (
            self.state == now.state
            and int(self.at) - int(self.state.split()[1]) >= MTIME_GRANULARITY
        )


class FileDigests:
    """SHA-256 of files, computed again only for files that changed since they were noted.

    Without a file to note in, every file is read every time.
    """

    def __init__(self, notes: Path | None = None) -> None:
        self.notes = notes
        self._known: dict[str, list[str]] = {}
        self._used: dict[str, list[str]] = {}
        if notes is not None:
            with contextlib.suppress(ClaimlogError):
                found = read_json(notes, "notes of digests")
                self._known = {path: known for path, known in found.items() if _is_note(known)}

    def of(self, path: Path) -> str:
        """Return the digest of a file, in hex."""
        now = StatSignature.of(path)
        known = self._known.get(str(path))
        if known is None or not StatSignature(known[0], known[1]).same(now):
            try:
                with path.open("rb") as handle:
                    known = [now.state, now.at, file_digest(handle, "sha256").hexdigest()]
            except OSError as error:  # of a failed read the system does not say of what
                raise ClaimlogError(f"{path}: cannot be read ({error.strerror})") from error
        self._known[str(path)] = self._used[str(path)] = known
        return known[2]

    def save(self) -> None:
        """Note what was asked for, and nothing else."""
        if self.notes is not None:
            self.notes.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self.notes, json.dumps(self._used).encode())


def _is_note(known: object) -> bool:
    """Whether this is what `FileDigests` notes: state of the file, when it was read, digest."""
    return (
        isinstance(known, list)
        and len(known) == 3
        and all(isinstance(part, str) for part in known)
        and known[1].isascii()
        and known[1].isdigit()
    )


def package_digests(package: Package) -> FileDigests:
    """Return digests of a package's files, noted if its log is one that is cached."""
    is_noted = not package.archived and bytes_of_rows(package) > MEMORY_BYTES
    return FileDigests(require_own_state(package) / NOTES if is_noted else None)


def input_fingerprint(package: Package, as_of: str | None, texts: Path | None) -> str:
    """Return a hash of everything that a build depends on: data, schemas, code, libraries.

    Nothing is checked yet, so only what a batch or the index of releases may hold is read, and of
    a batch only files of the size that its manifest gives. Of anything else, which validation
    names, it enters what it is and how large.
    """
    digests = package_digests(package)
    digest = sha256(code_fingerprint(package).encode())
    for name, content in _data(package, digests):
        digest.update(f"{name}\0".encode(errors="surrogateescape") + content)
    if texts is not None:
        _add(digest, texts, digests)
    digests.save()
    digest.update(f"as-of={as_of} git={_git_state(package)}".encode())
    return digest.hexdigest()


def code_fingerprint(package: Package) -> str:
    """Return a hash of what decides how a row is read, checked and compiled.

    These are the schemas, the modules of this package that a build may import, and the libraries.
    """
    digest = sha256()
    _add(digest, package.schemas, FileDigests(), package.root)
    for path in sorted(Path(__file__).parent.iterdir()):
        if path.name not in NOT_BUILDING:
            _add(digest, path, FileDigests())
    for library in LIBRARIES:
        digest.update(f"{library}={importlib.metadata.version(library)}\0".encode())
    return digest.hexdigest()


def _data(package: Package, digests: FileDigests) -> Iterator[tuple[str, bytes]]:
    """Yield the files of descriptor, log and index of releases, and what stands for each."""
    yield DESCRIPTOR, _small(package, package.root / DESCRIPTOR)
    for path in _entries(package.events):
        shown = package.relative(path)
        if path.is_symlink() or not path.is_dir():
            yield shown, _look(path)
            continue
        listed = _listed(package, path)
        for inner in _entries(path):
            found = inner.lstat()
            if inner.name == MANIFEST:
                content = _small(package, inner)
            elif stat.S_ISREG(found.st_mode) and listed.get(inner.name) == found.st_size:
                content = bytes.fromhex(digests.of(inner))
            else:
                content = _look(inner)
            yield f"{shown}/{inner.name}", content
    for path in _entries(package.root / "releases"):
        is_entry = path.suffix == ".json"
        yield package.relative(path), _small(package, path) if is_entry else _look(path)


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a directory; nothing if it is a link, or none."""
    return [] if folder.is_symlink() or not folder.is_dir() else sorted(folder.iterdir())


def _listed(package: Package, batch: Path) -> dict[str, int]:
    """Return the sizes of files that a batch's manifest gives; none if it cannot be read."""
    shown = package.relative(batch / MANIFEST)
    try:
        manifest = read_regular(batch / MANIFEST, shown, FILE_BYTES, package.root)
        files = parse_json(manifest, shown)["files"]
        return {name: int(listed["bytes"]) for name, listed in files.items()}
    except (ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def _small(package: Package, path: Path) -> bytes:
    """Return the digest of a file that is read as one of the definition is, or how it looks."""
    try:
        return sha256(read_regular(path, path.name, FILE_BYTES, package.root)).digest()
    except ClaimlogError:
        return _look(path)


def _look(path: Path) -> bytes:
    """Return what is there instead of a file that is read, and how large it is."""
    try:
        found = path.lstat()
    except OSError as error:
        return f"{error.strerror}\0".encode()
    target = os.fsencode(path.readlink()) if stat.S_ISLNK(found.st_mode) else b""
    return f"{stat.S_IFMT(found.st_mode)} {found.st_size} ".encode() + target + b"\0"


def _add(digest: Any, root: Path, digests: FileDigests, inside: Path | None = None) -> None:
    """Add every file under `root`.

    Nothing is read that is larger than a text or, `inside` a package, a definition may be, or that
    leads out of the package: a link out of it is no more than its target's name, a large file no
    more than its size.
    """
    most, largest, room = TEXTS_FILES, TEXT_BYTES, TEXTS_BYTES
    if inside is not None:
        most, largest, room = DEFINITION_FILES, FILE_BYTES, DEFINITION_BYTES
    paths: list[Path] | None = [root]
    if root.is_dir():
        try:
            paths = files_below(root, most)
        except OSError:
            paths = None
    if paths is None:
        digest.update(f"{root.name}: too much\0".encode())
        return
    for path in paths:
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        digest.update(f"{root.name}/{path.relative_to(root).as_posix()}\0".encode())
        size = path.stat().st_size
        room -= size
        if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
            digest.update(f"{path.resolve()}\0".encode())
        elif size > largest or room < 0:
            digest.update(f"{size}\0".encode())
        else:
            digest.update(bytes.fromhex(digests.of(path)))


def _git_state(package: Package) -> str:
    """Return the tags of the checkout, because released batches are checked against the last."""
    try:
        return Checkout.of(package).release_tags()
    except CheckoutError:
        return ""
