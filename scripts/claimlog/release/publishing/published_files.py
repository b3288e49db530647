"""The files of a release that are published: its archive, verified, and what lies beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5, sha256
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.escaping import plain_line
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import Package
from claimlog.release.published_archive import verify_published_archive
from claimlog.release.publishing.note_check import NOTE_SUFFIXES, require_note_of_release
from claimlog.release.signed_note import NOTE_BYTES
from claimlog.untrusted_files import RIGHT_FILE, read_regular

Say = Callable[[str], None]
"""Prints a line about what was done."""

SHOWN = 100
"""Characters of a name, or of other words of a service, in a message."""


@contextmanager
def documented_answers(address: str, service: str, place: str) -> Iterator[None]:
    """Turn what an answer of another form than documented leads to into one message.

    Parameters
    ----------
    place
        What to look at there.

    Raises
    ------
    ClaimlogError
        If a value is missing, or of another type.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ClaimlogError(
            f"{address}: answers otherwise than {service} documents "
            f"({type(error).__name__}: {str(error)[:100]}); look at the {place} there"
        ) from error


@dataclass(frozen=True)
class PublishedFile:
    """A file as it is published; ``md5`` is what InvenioRDM knows files by."""

    name: str
    path: Path
    size: int
    sha256: str
    md5: str

    @classmethod
    def of(cls, path: Path, name: str) -> PublishedFile:
        """Return a file of the disk under a name; raises OSError."""
        digests = sha256(), md5(usedforsecurity=False)
        size = 0
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                size += len(piece)
                for digest in digests:
                    digest.update(piece)
        return cls(name, path, size, digests[0].hexdigest(), digests[1].hexdigest())


@dataclass(frozen=True)
class ReleaseFiles:
    """The files of one release, and what vouches for its archive.

    Attributes
    ----------
    files
        The archive first, the entry of the index last: who sees that has all the others.
    sentence
        The verdict on the archive.
    log
        The log of the package, which was read to verify it.
    key
        Public key that signed what is signed; None if signatures were not checked.
    """

    entry: ReleaseEntry
    files: tuple[PublishedFile, ...]
    sentence: str
    log: Log = field(repr=False)
    key: Path | None = None

    @property
    def names(self) -> set[str]:
        return {file.name for file in self.files}

    def foreign_files(self, names: Iterable[str]) -> str:
        """Return which files at a service are none of these, for a message; empty if none is."""
        others = sorted({*names} - self.names)
        if not others:
            return ""
        first, more = plain_line(others[0])[:SHOWN], len(others) - 1
        if more:
            return f"{first} and {more:,} more, which are no files of this release"
        return f"{first}, which is no file of this release"

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


def verified_files(
    package: Package, index: list[ReleaseEntry], entry: ReleaseEntry, out: Path, key: Path | None
) -> ReleaseFiles:
    """Return the files of a release to publish, after its archive was verified.

    Parameters
    ----------
    out
        Where archive and signatures lie.
    key
        Public key that must have signed the release and every note beside it; None leaves
        signatures unchecked, and a note must still be one about this release.

    Raises
    ------
    ClaimlogError
        If the archive is not there, not whole, or not the one that the index names, or the entry
        disagrees with the log; or if a note beside it is about something else.
    """
    log = read(package)
    log.require_readable()
    archive, verdict = verify_published_archive(log, index, entry, out, key, "published")
    try:
        files = [*_files(log, entry, archive, key)]
    except OSError as error:
        raise ClaimlogError(f"{error.filename}: cannot be read ({error.strerror})") from error
    if files[0].sha256 != entry.issues[-1]["archive"]["sha256"]:
        raise ClaimlogError(f"{archive}: changed while it was verified; run this again")
    return ReleaseFiles(entry, tuple(files), verdict.sentence, log, key)


def _files(
    log: Log, entry: ReleaseEntry, archive: Path, key: Path | None
) -> Iterator[PublishedFile]:
    """Yield each file, a note beside the archive after it was checked; raises OSError."""
    package, stem = log.package, archive.name.removesuffix(".zip")
    yield PublishedFile.of(archive, archive.name)
    for suffix in NOTE_SUFFIXES:
        path = archive.with_name(f"{stem}{suffix}")
        if not os.path.lexists(path):
            continue
        shown = package.relative(path)
        # a clone may bring a link there to what its user would never publish
        data = read_regular(path, shown, NOTE_BYTES, path.parent, RIGHT_FILE)
        require_note_of_release(data, suffix, shown, log, entry, key)
        file = PublishedFile.of(path, path.name)
        if file.sha256 != sha256(data).hexdigest():
            raise ClaimlogError(f"{shown}: changed while it was checked; run this again")
        yield file
    yield PublishedFile.of(package.root / entry.display_path, f"{stem}.json")
