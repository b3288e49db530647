"""The cache of a log that is read from its parts: what earlier commands read, and its tree.

The cache says nothing that the log does not say: removing it costs time only. Parts are found by
the SHA-256 of the file that they were read from, so a batch that changed is read again; what was
read by other code, schemas or libraries is not used.
"""

from __future__ import annotations

import re
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any

from claimlog.errors import ClaimlogError, reason
from claimlog.file_digests import StatSignature
from claimlog.fingerprint import TAKEDOWNS, code_fingerprint
from claimlog.log.merkle import CompactRange
from claimlog.log.stream_file import Lines, Times
from claimlog.log.stream_parts import PartFile
from claimlog.package import Package
from claimlog.package_state import acquire_lock, open_lock, require_own_state, state_folder
from claimlog.state_notes import read_note, write_note

NOTE = "cache/state.json"
FORMAT = 6
PART = re.compile(r"\.?[a-z0-9]+(?:-[a-z0-9_]+)+-[0-9]+\.parquet")
"""How files of parts are called, and were by earlier versions; nothing else in their folder is ours
to remove."""

LOCK_SECONDS = 60
"""How long a command waits for another one to read the log."""

PART_SECONDS = 3600
"""How long a part is kept that the log needs no more, for commands that began with it."""


@dataclass(frozen=True)
class FileRecord:
    """A file of a batch as it was read into parts."""

    rows: int
    bytes: int
    sha256: str
    times: Times | None
    excess: int
    parts: tuple[PartFile, ...]

    @classmethod
    def of(cls, lines: Lines, parts: Sequence[PartFile]) -> FileRecord:
        return cls(lines.rows, lines.size, lines.sha256, lines.times, lines.excess, tuple(parts))

    def lines(self) -> Lines:
        """Return the file as the rules of integrity look at it: without rows."""
        return Lines(self.rows, self.sha256, self.bytes, times=self.times, excess=self.excess)

    @classmethod
    def load(cls, found: dict[str, Any]) -> FileRecord:
        """Return a record from JSON; raises as `Cache.load` expects."""
        parts = [
            PartFile(p["name"], p["rows"], p["sha256"], tuple(p["ids"])) for p in found["parts"]
        ]
        times = Times(*found["times"]) if found["times"] else None
        sizes = found["rows"], found["bytes"], found["sha256"]
        return cls(*sizes, times, found["excess"], tuple(parts))


@dataclass(frozen=True)
class TreeRecord:
    """The tree after a batch whose files have these keys: its compact range."""

    keys: tuple[str, ...]
    size: int
    peaks: tuple[bytes | None, ...]

    def tree(self) -> CompactRange:
        return CompactRange(self.size, self.peaks)


@dataclass
class Cache:
    """The cache of one package, in a folder of its own.

    Attributes
    ----------
    package
        Whose log it is; the cache is noted in its state directory.
    code
        Fingerprint of the code, schemas and libraries that read the log now.
    files
        What was read of each file, by the key that `read_log` gives it.
    used
        Keys of the files that the log holds now.
    trees
        The tree after each batch.
    signatures
        The stat signature of each part when it was known to be as it was written.
    why_empty
        Why what is there is not used, for the user; None if it is used, or nothing was there.
    scratch
        The temporary directory that it is, where the cache of the package cannot be used.
    lock
        The lock that this command holds on it; None in a temporary directory.
    """

    package: Package
    folder: Path
    code: str
    files: dict[str, FileRecord] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    trees: list[TreeRecord] = field(default_factory=list)
    signatures: dict[str, StatSignature] = field(default_factory=dict)
    why_empty: str | None = None
    scratch: tempfile.TemporaryDirectory[str] | None = None
    lock: IO[bytes] | None = None

    @property
    def parts(self) -> Path:
        return self.folder / "parts"

    def load(self) -> None:
        """Read what is there; what cannot be used is forgotten, and `why_empty` says why."""
        if not (self.package.state / NOTE).is_file():
            return
        try:
            state = read_note(self.package, NOTE)
            if (state["format"], state["code"]) != (FORMAT, self.code):
                self.why_empty = "the cache was made by other code, schemas or libraries: not used"
                return
            self.signatures = {
                name: StatSignature.load(found) for name, found in state["signatures"].items()
            }
            self.files = {
                key: record
                for key, found in state["files"].items()
                if self._is_whole(record := FileRecord.load(found))
            }
            self.trees = [
                TreeRecord(
                    tuple(found["keys"]),
                    found["size"],
                    tuple(bytes.fromhex(peak) if peak else None for peak in found["peaks"]),
                )
                for found in state["trees"]
            ]
        except (ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
            self.files, self.trees, self.signatures = {}, [], {}
            self.why_empty = "the cache cannot be read: not used"

    def _is_whole(self, record: FileRecord) -> bool:
        """Whether every part is there as it was written."""
        try:
            return all(self._is_intact(part) for part in record.parts)
        except OSError:
            return False

    def _is_intact(self, part: PartFile) -> bool:
        path = self.parts / part.name
        if part.name != path.name or not stat.S_ISREG(path.lstat().st_mode):
            raise ValueError("a part is a file in the folder of parts")
        now = StatSignature.of(path)
        if part.name in self.signatures and self.signatures[part.name].is_same_file(now):
            return True
        with path.open("rb") as handle:
            if file_digest(handle, "sha256").hexdigest() != part.sha256:
                return False
        self.signatures[part.name] = now
        return True

    def trees_of(self, keys: Iterable[Sequence[str]]) -> list[TreeRecord]:
        """Return the known trees of the leading batches, whose files have these keys."""
        found = []
        for record, now in zip(self.trees, keys, strict=False):
            if record.keys != tuple(now):
                break
            found.append(record)
        return found

    def save(self) -> bool:
        """Write the state, remove parts that it does not name, and return whether that worked.

        A command is as good without.
        """
        if self.scratch is not None:
            return True
        try:
            self._save()
        except (OSError, ClaimlogError):
            return False
        return True

    def _save(self) -> None:
        # an open batch comes and goes, and has the same files when it is sealed
        self.files = {
            key: record
            for key, record in self.files.items()
            if key in self.used or all(self._is_recent(part.name) for part in record.parts)
        }
        named = {part.name for record in self.files.values() for part in record.parts}
        for name in named:
            now = StatSignature.of(self.parts / name)
            # what changed since it was looked at is hashed when it is next asked for
            known = self.signatures.setdefault(name, now)
            if known.stat == now.stat and not known.is_same_file(now):
                self.signatures[name] = now
        state = {
            "format": FORMAT,
            "code": self.code,
            "files": {key: asdict(record) for key, record in self.files.items()},
            "trees": [
                {
                    "keys": record.keys,
                    "size": record.size,
                    "peaks": [peak.hex() if peak else None for peak in record.peaks],
                }
                for record in self.trees
            ],
            "signatures": {
                name: asdict(signature)
                for name, signature in self.signatures.items()
                if name in named
            },
        }
        write_note(self.package, NOTE, state)
        for path in self.parts.iterdir():
            # a link itself, never what it leads to
            is_ours = path.name not in named and PART.fullmatch(path.name) and not path.is_dir()
            if is_ours and not self._is_recent(path.name):
                path.unlink()

    def _is_recent(self, name: str) -> bool:
        try:
            return time.time() - (self.parts / name).lstat().st_mtime < PART_SECONDS
        except OSError:
            return False


@contextmanager
def open_cache(package: Package, code: str | None = None, fresh: bool = False) -> Iterator[Cache]:
    """Yield the cache of a package, which no other command reads into meanwhile.

    An empty one in a temporary directory takes its place for a log in an archive, where nothing
    can be written or locked, and while another command holds the cache for longer than
    `LOCK_SECONDS`.

    Parameters
    ----------
    code
        The fingerprint of the code, if it is known already.
    fresh
        Whether what is there is not read, and replaced.

    Raises
    ------
    ClaimlogError
        If the package's state directory is none of ours, or rows were taken down meanwhile: what
        was read may hold them, and is removed.
    """
    if code is None:
        code = "" if package.archived else code_fingerprint(package)
    lock, why = (None, None) if package.archived else _lock(package)
    if lock is None:
        yield _temporary(package, code, why)
        return
    taken = _takedowns(package)
    try:
        cache = Cache(package, state_folder(package, "cache"), code, lock=lock)
        cache.parts.mkdir(exist_ok=True)
        if not fresh:
            cache.load()
        try:
            yield cache
        finally:
            # whoever took them down emptied the cache after that, but not of what was written later
            if _takedowns(package) != taken:
                empty_cache(package)
                raise ClaimlogError(
                    f"{TAKEDOWNS}: was changed while the log was read; run this again"
                )
    finally:
        with suppress(OSError):
            lock.close()  # which gives the lock back, and has nothing to write


def _takedowns(package: Package) -> str | None:
    """Return what tells a record of takedowns from another one; None if there is none."""
    try:
        return StatSignature.of(package.root / TAKEDOWNS).stat
    except OSError:
        return None


def held_parts(package: Package) -> list[Path]:
    """Return the folder of parts if another command holds the cache, and may write rows there."""
    folder = require_own_state(package) / "cache"
    if not (folder / "lock").is_file():
        return []
    try:
        with open_lock(package, "cache") as lock:
            return [] if acquire_lock(lock, 0) else [folder / "parts"]
    except ClaimlogError:  # nothing can be written or locked here
        return []


def empty_cache(package: Package) -> None:
    """Remove what the cache holds of the log, for rows that may lie nowhere any more.

    Raises
    ------
    ClaimlogError
        If the package's state directory is none of ours, or a part cannot be removed.
    """
    folder = require_own_state(package) / "cache"
    if not folder.is_dir():
        return
    try:
        (package.state / NOTE).unlink(missing_ok=True)
        for path in (folder / "parts").glob("*.parquet"):
            if PART.fullmatch(path.name) and not path.is_dir():
                path.unlink()
    except OSError as error:
        name = package.relative(Path(error.filename or folder))
        raise ClaimlogError(
            f"{name}: cannot be removed ({reason(error)}), and may hold rows that were taken down; "
            "remove it"
        ) from error


def _lock(package: Package) -> tuple[IO[bytes] | None, str | None]:
    """Lock the cache; return None where that is impossible, and why if another command holds it."""
    try:
        lock = open_lock(package, "cache")
        if acquire_lock(lock, LOCK_SECONDS):
            return lock, None
    except ClaimlogError as error:
        if isinstance(error.__cause__, OSError):
            return None, None  # nothing can be written or locked here
        raise
    lock.close()
    return None, "another command holds the cache: all of the log is read again"


def _temporary(package: Package, code: str, why: str | None) -> Cache:
    folder = tempfile.TemporaryDirectory(prefix="claimlog-parts-")
    cache = Cache(package, Path(folder.name), code, why_empty=why, scratch=folder)
    cache.parts.mkdir()
    return cache
