"""What earlier runs read of a large log: its parts, and the tree as far as it was verified.

The cache says nothing that the log does not say: removing it costs time only. Parts are found by
the SHA-256 of the file that they were read from, so a batch that changed is read again; what was
read by other code, schemas or libraries is not used.
"""

from __future__ import annotations

import fcntl
import json
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, UnconfirmedError
from claimlog.files import write_durably
from claimlog.fingerprint import Seen, code_fingerprint
from claimlog.log.merkle import CompactRange
from claimlog.log.parts import Kept, Part
from claimlog.package import Package, read_json
from claimlog.state import open_lock, state_folder

STATE = "state.json"
FORMAT = 3
PART = re.compile(r"[0-9]{4,}-[a-z0-9-]+-[0-9]+-[0-9]+\.parquet")
"""What `parts.keep` calls a part; nothing else in the folder is ours to remove."""


@dataclass(frozen=True)
class Verified:
    """The tree after a batch whose files have these keys: its compact range."""

    keys: tuple[str, ...]
    size: int
    peaks: tuple[bytes | None, ...]

    def tree(self) -> CompactRange:
        return CompactRange(self.size, self.peaks)


@dataclass(frozen=True)
class Built:
    """A build of a directory: what it was built from, and what its validation counted.

    Attributes
    ----------
    mark
        Fingerprint of its inputs.
    size, root
        Number of rows, and the root over them, hex.
    releases
        The releases (version, rows) that the log had.
    checked
        How many rows of claims each rule checked.
    """

    mark: str
    size: int
    root: str
    releases: tuple[tuple[str, int], ...]
    checked: dict[str, int]

    @classmethod
    def load(cls, found: dict[str, Any]) -> Built:
        """Return what was kept as JSON; raises as the cache's `load` expects."""
        releases = tuple((str(version), int(size)) for version, size in found["releases"])
        head = (found["mark"], found["size"], found["root"])
        return cls(*head, releases, found["checked"])


@dataclass
class Cache:
    """The cache of one package, in a folder of its own.

    Attributes
    ----------
    files
        What was read, by key of the file (`reading`).
    verified
        The tree after each batch.
    built
        What was built, by directory; one in the package is named from its root.
    seen
        How each part looked when it was known to be as it was written.
    told
        Why what is there is not used.
    """

    folder: Path
    code: str
    files: dict[str, Kept] = field(default_factory=dict)
    verified: list[Verified] = field(default_factory=list)
    built: dict[str, Built] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    told: str | None = None

    @property
    def parts(self) -> Path:
        return self.folder / "parts"

    def load(self) -> None:
        """Read what is there; what cannot be used is forgotten, and `told` says why."""
        self.parts.mkdir(parents=True, exist_ok=True)
        if not (self.folder / STATE).is_file():
            return
        try:
            state = read_json(self.folder / STATE, STATE)
            if (state["format"], state["code"]) != (FORMAT, self.code):
                self.told = "the cache was made by other code, schemas or libraries: not used"
                return
            if state.pop("sha256") != _digest(state):
                raise ValueError("it is not what was saved")
            self.seen = {name: Seen.load(found) for name, found in state["seen"].items()}
            self.files = {
                key: kept
                for key, found in state["files"].items()
                if self._whole(kept := Kept.load(found))
            }
            self.verified = [
                Verified(
                    tuple(found["keys"]),
                    found["size"],
                    tuple(bytes.fromhex(peak) if peak else None for peak in found["peaks"]),
                )
                for found in state["verified"]
            ]
            self.built = {out: Built.load(found) for out, found in state["built"].items()}
        except (ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
            self.files, self.verified, self.built, self.seen = {}, [], {}, {}
            self.told = "the cache cannot be read: not used"

    def _whole(self, kept: Kept) -> bool:
        """Whether every part is there as it was written."""
        try:
            return all(self._same(part) for part in kept.parts)
        except OSError:
            return False

    def _same(self, part: Part) -> bool:
        path = self.parts / part.name
        if part.name != path.name or not stat.S_ISREG(path.lstat().st_mode):
            raise ValueError("a part is a file in the folder of parts")
        now = Seen.of(path)
        if part.name in self.seen and self.seen[part.name].same(now):
            return True
        with path.open("rb") as handle:
            if file_digest(handle, "sha256").hexdigest() != part.sha256:
                return False
        self.seen[part.name] = now
        return True

    def save(self) -> bool:
        """Write the state, remove the parts that it does not name, and return whether that worked.

        A build is as good without.
        """
        try:
            self._save()
        except (OSError, UnconfirmedError):
            return False
        return True

    def _save(self) -> None:
        named = {part.name for kept in self.files.values() for part in kept.parts}
        for name in named:
            now = Seen.of(self.parts / name)
            # what changed since it was looked at is hashed when it is next asked for
            if self.seen.setdefault(name, now).state == now.state:
                self.seen[name] = now
        state = {
            "format": FORMAT,
            "code": self.code,
            "files": {key: kept.as_dict() for key, kept in self.files.items()},
            "verified": [
                {
                    "keys": verified.keys,
                    "size": verified.size,
                    "peaks": [peak.hex() if peak else None for peak in verified.peaks],
                }
                for verified in self.verified
            ],
            "seen": {name: asdict(seen) for name, seen in self.seen.items() if name in named},
            "built": {out: asdict(found) for out, found in self.built.items()},
        }
        state["sha256"] = _digest(state)
        write_durably(self.folder / STATE, json.dumps(state).encode())
        for path in self.parts.iterdir():
            if path.name not in named and PART.fullmatch(path.name) and not path.is_dir():
                path.unlink()  # a link itself, never what it leads to

    def known(self, keys: Sequence[Sequence[str]]) -> list[Verified]:
        """Return the verified trees of the leading batches whose files have these keys."""
        found = []
        for verified, now in zip(self.verified, keys, strict=False):
            if verified.keys != tuple(now):
                break
            found.append(verified)
        return found


def _digest(state: dict[str, Any]) -> str:
    """Return a hash of a state, to know by that it is what was saved."""
    return sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


@contextmanager
def cached(package: Package, fresh: bool = False) -> Iterator[Cache]:
    """Yield the cache of a package, locked; while another run uses it, an empty one.

    If `fresh`, what is there is not read, and replaced.
    """
    folder = state_folder(package, "cache")
    code = code_fingerprint(package)
    lock = open_lock(package, "cache")
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with tempfile.TemporaryDirectory(prefix="cache-", dir=package.state) as name:
                other = Cache(Path(name), code)
                other.load()
                other.told = "another build uses the cache: everything is read again"
                yield other
            return
        cache = Cache(folder, code)
        if fresh:
            cache.parts.mkdir(exist_ok=True)
        else:
            cache.load()
        yield cache
    finally:
        with suppress(OSError):
            lock.close()  # which gives the lock back, and has nothing to write
