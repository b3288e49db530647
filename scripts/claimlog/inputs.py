"""What a build depends on, as one hash: whether there is anything to do.

Imports nothing heavy, so that an unchanged build answers at once.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError
from claimlog.git import CheckoutError
from claimlog.package import DESCRIPTOR, Package, read_json, write_durably

LARGE = 200 << 20
"""Bytes of rows up to which a log is held in memory, where it fills some six times as much."""

NOTES = "cache/digests.json"
LIBRARIES = ("adbc-driver-sqlite", "narwhals", "pandera", "polars", "pyarrow")


def is_large(package: Package) -> bool:
    """Whether the rows of a log are more than is held in memory."""
    return sum(path.stat().st_size for path in files_of_rows(package)) > LARGE


def files_of_rows(package: Package) -> list[Path]:
    """Return the files of rows of all batches."""
    kinds = ("ndjson", "parquet")
    return [path for kind in kinds for path in package.events.glob(f"*/*.{kind}")]


RACE = 2_000_000_000
"""Nanoseconds within which a file's time may not tell a second change from the first."""


@dataclass(frozen=True)
class Seen:
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
    def of(cls, path: Path) -> Seen:
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
    def load(cls, found: Mapping[str, str]) -> Seen:
        """Return what `asdict` gave; raises KeyError, TypeError or ValueError for anything else."""
        return cls(str(found["state"]), str(int(found["at"])))

    def same(self, now: Seen) -> bool:
        """Whether a file seen again is for sure the same: it was not new when it was looked at."""
        return self.state == now.state and int(self.at) - int(self.state.split()[1]) >= RACE


class Digests:
    """SHA-256 of files, taken anew only where a file is not for sure the one noted (`Seen`).

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
        now = Seen.of(path)
        known = self._known.get(str(path))
        if known is None or not Seen(known[0], known[1]).same(now):
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
    """Whether this is what `Digests` notes: state of the file, when it was read, digest."""
    return (
        isinstance(known, list)
        and len(known) == 3
        and all(isinstance(part, str) for part in known)
        and known[1].isascii()
        and known[1].isdigit()
    )


def digests_of(package: Package) -> Digests:
    """Return digests of a package's files, noted if its log is large."""
    return Digests(package.state / NOTES if is_large(package) else None)


def fingerprint(package: Package, as_of: str | None, texts: Path | None) -> str:
    """Return a hash of everything that a build depends on: data, schemas, code, libraries."""
    digests = digests_of(package)
    data = [package.root / DESCRIPTOR, package.events, package.root / "releases"]
    digest = sha256(code_fingerprint(package).encode())
    _add(digest, data, digests, package.root)
    _add(digest, [texts] if texts else [], digests)
    digests.save()
    digest.update(f"as-of={as_of} git={_git_state(package)}".encode())
    return digest.hexdigest()


def code_fingerprint(package: Package) -> str:
    """Return a hash of what decides how a row is read and checked: schemas, code, libraries."""
    digest = sha256()
    _add(digest, [package.schemas], Digests(), package.root)
    _add(digest, [Path(__file__).parent], Digests())
    for library in LIBRARIES:
        digest.update(f"{library}={importlib.metadata.version(library)}\0".encode())
    return digest.hexdigest()


def _add(digest: Any, roots: Sequence[Path], digests: Digests, inside: Path | None = None) -> None:
    """Add every file under `roots`; a link that leads out of `inside` is no more than its target's
    name, because nothing that is read is there."""
    for root in roots:
        paths = [root] if root.is_file() else sorted(root.rglob("*"))
        for path in paths:
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            digest.update(f"{root.name}/{path.relative_to(root).as_posix()}\0".encode())
            if inside and not path.resolve().is_relative_to(inside.resolve()):
                digest.update(f"{path.resolve()}\0".encode())
            else:
                digest.update(bytes.fromhex(digests.of(path)))


def _git_state(package: Package) -> str:
    """Return the tags of the checkout, because released batches are checked against the last."""
    try:
        return Checkout.of(package).release_tags()
    except CheckoutError:
        return ""
