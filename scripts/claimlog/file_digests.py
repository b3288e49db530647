"""Stat signatures and digests of files: what did not change since it was noted is not reread."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.package_state import require_own_state
from claimlog.state_notes import read_note, write_note

NOTE = "cache/digests.json"

MTIME_GRANULARITY = 2_000_000_000
"""Nanoseconds after a change in which a second one may leave a file's time as it is."""


@dataclass(frozen=True)
class StatSignature:
    """Stat signature of a file, as in git's index.

    Attributes
    ----------
    stat
        Size in bytes, times of the last change of content and of anything (nanoseconds since
        1970), and inode.
    taken_at
        When it was taken, in nanoseconds since 1970. As text: they are more than a number of JSON
        holds exactly.
    """

    stat: str
    taken_at: str

    @classmethod
    def of(cls, path: Path) -> StatSignature:
        """Return the signature of a file.

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
    def load(cls, note: Mapping[str, str]) -> StatSignature:
        """Return what `asdict` gave; raises KeyError, TypeError or ValueError for anything else."""
        return cls(str(note["stat"]), str(int(note["taken_at"])))

    def is_same_file(self, now: StatSignature) -> bool:
        """Whether the file is surely unchanged: equal stat, and not new when it was taken."""
        age = int(self.taken_at) - int(self.stat.split()[1])
        return self.stat == now.stat and age >= MTIME_GRANULARITY


class FileDigests:
    """SHA-256 of files, computed again only for files that changed since they were noted.

    Parameters
    ----------
    package
        Where digests are noted; None to read every file every time.

    Raises
    ------
    ClaimlogError
        If the state directory is none of ours.
    """

    def __init__(self, package: Package | None = None) -> None:
        self.package = package
        self._noted: dict[str, tuple[StatSignature, str]] = {}
        self._used: dict[str, tuple[StatSignature, str]] = {}
        if package is not None:
            require_own_state(package)
            with suppress(ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
                self._noted = {
                    path: (StatSignature(*signature), digest)
                    for path, (*signature, digest) in read_note(package, NOTE)["files"].items()
                }

    def of(self, path: Path) -> str:
        """Return the digest of a file, in hex.

        Raises
        ------
        ClaimlogError
            If it cannot be read.
        """
        now = StatSignature.of(path)
        noted = self._noted.get(str(path))
        if noted is None or not noted[0].is_same_file(now):
            try:
                with path.open("rb") as handle:
                    noted = now, file_digest(handle, "sha256").hexdigest()
            except OSError as error:  # of a failed read the system does not say of what
                raise ClaimlogError(f"{path}: cannot be read ({error.strerror})") from error
        self._noted[str(path)] = self._used[str(path)] = noted
        return noted[1]

    def save(self) -> None:
        """Note the digests that were asked for, and no others; it is as good without."""
        if self.package is None:
            return
        files = {
            path: (signature.stat, signature.taken_at, digest)
            for path, (signature, digest) in self._used.items()
        }
        with suppress(OSError, ClaimlogError):
            write_note(self.package, NOTE, {"files": files})
