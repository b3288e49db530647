"""The releases index: a JSON file for each release in ``releases/``, committed, never changed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import total_ordering
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimlog.errors import ClaimlogError, UsageError, reason
from claimlog.escaping import short_line
from claimlog.limits import RELEASES, RELEASES_BYTES, RELEASES_VALUES
from claimlog.package import DESCRIPTOR, Package
from claimlog.schema.json_schemas import MOST_SAID, RELEASE_VERSION, own_shape, shape_error
from claimlog.strict_json import is_same_json
from claimlog.untrusted_files import parse_json

if TYPE_CHECKING:
    from claimlog.log.event_log import Log

FOLDER = "releases"
VERSION = RELEASE_VERSION
ABOUT_THE_FILES = ("site", "commit", "archive", "files", "reissues")
"""What an entry states beside what ``release.json``, one of these files, repeats."""


@total_ordering
@dataclass(frozen=True)
class Version:
    """A semantic version of three numbers (https://semver.org)."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version that `text` writes.

        Raises
        ------
        UsageError
            If it is not three numbers joined by dots.
        """
        match = VERSION.fullmatch(text)
        if match is None:
            raise UsageError(f"{text}: is no version; expected three numbers, as 1.2.0")
        return cls(*(int(part) for part in match.groups()))

    def __lt__(self, other: Version) -> bool:
        return self._parts < other._parts

    def __str__(self) -> str:
        return ".".join(map(str, self._parts))

    @property
    def _parts(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch

    def after(self, level: str) -> Version:
        """Return the next version of a level: major, minor or patch."""
        return {
            "major": Version(self.major + 1, 0, 0),
            "minor": Version(self.major, self.minor + 1, 0),
            "patch": Version(self.major, self.minor, self.patch + 1),
        }[level]


@dataclass(frozen=True)
class ReleaseEntry:
    """An entry of the releases index; `display_path` is its file as messages name it."""

    data: Mapping[str, Any]
    display_path: str

    @property
    def version(self) -> Version:
        return Version.parse(self.data["version"])

    @property
    def date(self) -> str:
        return str(self.data["date"])

    @property
    def size(self) -> int:
        return int(self.data["tree"]["size"])

    @property
    def root(self) -> str:
        return str(self.data["tree"]["root"])

    @property
    def issues(self) -> list[Mapping[str, Any]]:
        """What the entry says of each issue's ``archive`` and ``files``, the first one first."""
        return [self.data, *self.data.get("reissues", ())]

    @property
    def files(self) -> Mapping[str, str]:
        """The SHA-256 of the files of the last issue, by name: the one that may be shown and used.

        Those of the first issue, which may hold rows that were taken down since, are
        ``issues[0]["files"]``.
        """
        files: Mapping[str, str] = self.issues[-1]["files"]
        return files

    def issue_with(self, name: str, digest: str | None) -> Mapping[str, Any]:
        """Return the issue in which a file has a SHA-256; the last one by default."""
        issues = reversed(self.issues)  # one that was entered twice is the later one
        return next((one for one in issues if one["files"].get(name) == digest), self.issues[-1])

    def is_of(self, stem: str) -> bool:
        """Whether it is of the release whose directory is called so, NAME-VERSION."""
        return bool(self.data["archive"]["path"] == f"{stem}.zip")

    @property
    def has_pages(self) -> bool:
        """Whether the archive holds the release's pages as files."""
        return "site" in self.data

    @property
    def summary(self) -> dict[str, Any]:
        """What ``release.json`` of the release says, if the entry is true."""
        return {name: value for name, value in self.data.items() if name not in ABOUT_THE_FILES}

    def summary_flaw(self, summary: Mapping[str, Any]) -> str | None:
        """Say what the entry states otherwise than ``release.json`` of the release, if anything."""
        own = self.summary
        others = [
            name
            for name in {**own, **summary}
            if not is_same_json(own.get(name), summary.get(name))
        ]
        if not others:
            return None
        return f"states another {short_line(others[0])} than release.json of {self.version}"

    def log_flaw(self, log: Log) -> str | None:
        """Say how the entry disagrees with a log of this dataset, or return None.

        A log that got its origin later is still the log of an entry without one.
        """
        batches = self.data["batches"]
        size, root = log.trees[batches - 1] if batches <= len(log.trees) else (0, b"")
        if (size, root.hex()) != (self.size, self.root):
            return (
                f"release {self.version} held {self.size} rows in {batches} batches with root "
                f"{self.root[:16]}…; the log does not begin with them"
            )
        origin = log.definition.descriptor.get("logOrigin")
        stated = self.data.get("log_origin", origin)
        if stated != origin:
            return f'is of the log {stated}; "logOrigin" in {DESCRIPTOR} is {origin or "not there"}'
        return None


@dataclass(frozen=True)
class Mark:
    """A release as the log sees it: everything before row `size`."""

    version: str
    date: str
    size: int
    root: str


def read_index(package: Package) -> list[ReleaseEntry]:
    """Return the releases of a package, oldest first.

    Raises
    ------
    ClaimlogError
        If an entry is malformed, misnamed, or does not extend the one before it; or if there are
        more than an index has.
    """
    paths = _index_files(package)
    for path in paths:
        if path.suffix != ".json" or not VERSION.fullmatch(path.stem):
            shown = package.relative(path)
            raise ClaimlogError(
                f"{shown}: does not belong in the index; expected VERSION.json, move it out of "
                f"{FOLDER}/"
            )
    contents = {path: package.data(package.relative(path)) for path in paths}
    values = sum(data.count(b",") for data in contents.values())
    if values > RELEASES_VALUES:  # each of which is looked at
        raise ClaimlogError(
            f"{FOLDER}: its files hold more than {RELEASES_VALUES:,} values, more than an index "
            "has; take out what is no release"
        )
    entries = (_entry(package, path, data) for path, data in contents.items())
    found = sorted(entries, key=lambda entry: entry.version)
    for before, after in itertools.pairwise(found):
        if after.size < before.size or (after.size == before.size and after.root != before.root):
            raise ClaimlogError(
                f"{after.display_path}: its tree of {after.size} rows does not extend that of "
                f"{before.data['version']} ({before.size}); restore the entry from git"
            )
        origin = before.data.get("log_origin")
        if origin is not None and after.data.get("log_origin") != origin:
            raise ClaimlogError(
                f"{after.display_path}: its log_origin is not {origin}, which the log of "
                f"{before.data['version']} has for good; restore the entry from git"
            )
    return found


def _index_files(package: Package) -> list[Path]:
    """Return the files of the index, in order; more than are read are refused before that."""
    folder = package.root / FOLDER
    try:
        with os.scandir(folder) as entries:
            paths = [Path(entry.path) for entry in itertools.islice(entries, RELEASES + 1)]
        size = sum(path.stat().st_size for path in paths)
    except FileNotFoundError as error:
        if not os.path.lexists(folder):
            return []
        raise _unreadable(package, error) from error
    except OSError as error:
        raise _unreadable(package, error) from error
    if len(paths) > RELEASES or size > RELEASES_BYTES:
        raise ClaimlogError(
            f"{FOLDER}: holds more than {RELEASES:,} files or {RELEASES_BYTES:,} bytes, more than "
            "an index has; take out what is no release"
        )
    # a name with a dot in front is of a file that a release was cut off at writing
    return sorted(path for path in paths if not path.name.startswith("."))


def _unreadable(package: Package, error: OSError) -> ClaimlogError:
    place = package.relative(Path(error.filename or package.root / FOLDER))
    return ClaimlogError(f"{place}: cannot be read ({reason(error)}); restore it from git")


def _entry(package: Package, path: Path, content: bytes) -> ReleaseEntry:
    display_path = package.relative(path)
    data = parse_json(content, display_path)
    error = shape_error(data, own_shape("release"))
    if error is not None:
        place = "/".join(map(str, error.path)) or "the entry"
        raise ClaimlogError(
            f"{display_path}: {place}: {error.message[:MOST_SAID]}; restore it from git"
        )
    if data["version"] != path.stem:
        raise ClaimlogError(
            f"{display_path}: says version {data['version']}; restore the file's name"
        )
    if not all(
        issue["archive"]["path"].endswith(f"-{path.stem}.zip")
        for issue in (data, *data.get("reissues", ()))
    ):
        raise ClaimlogError(
            f"{display_path}: archive/path: is not NAME-{path.stem}.zip; restore it from git"
        )
    return ReleaseEntry(data, display_path)


def find_entry(index: Sequence[ReleaseEntry], version: str, name: str) -> ReleaseEntry:
    """Return the entry of a version of the dataset `name`.

    Raises
    ------
    UsageError
        If the version is malformed or was never released.
    """
    requested = Version.parse(version)
    for entry in index:
        if entry.version == requested:
            return entry
    known = ", ".join(str(entry.version) for entry in index) or "none"
    raise UsageError(f"{version}: is no release of {name}; known are {known}")


def find_entry_of_log(log: Log, version: str, releases: Sequence[ReleaseEntry]) -> ReleaseEntry:
    """Return the entry of a version among releases, if the log begins with what it says.

    Raises
    ------
    UsageError
        If the version is malformed or was never released.
    ClaimlogError
        If the entry disagrees with the log.
    """
    name = str(log.definition.descriptor["name"])
    entry = find_entry(releases, version, name)
    require_agreement(entry, log)
    return entry


def require_agreement(entry: ReleaseEntry, log: Log) -> None:
    """Refuse an entry that disagrees with the log.

    Raises
    ------
    ClaimlogError
        Saying in what.
    """
    if flaw := entry.log_flaw(log):
        raise ClaimlogError(f"{entry.display_path}: {flaw}; restore them from git")


def release_marks(
    index: Sequence[ReleaseEntry], descriptor: Mapping[str, Any], size: int, root: str
) -> list[Mark]:
    """Return the releases among the first `size` rows of a log, oldest first.

    Parameters
    ----------
    descriptor
        ``datapackage.json``. The log inside a release gives its day there as ``created``; what it
        holds beyond the releases of the index is then that release.
    """
    marks = [
        Mark(str(entry.version), entry.date, entry.size, entry.root)
        for entry in index
        if entry.size <= size
    ]
    if created := descriptor.get("created"):
        marks.append(Mark(str(descriptor["version"]), str(created)[:10], size, root))
    return marks
