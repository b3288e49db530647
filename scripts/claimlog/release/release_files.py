"""Files of a release's directory: names of some, and walking all of them within limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.package import LOG, Package
from claimlog.untrusted_files import hole_flaw, is_sparse

CHANGES = "CHANGES.md"
CHECKPOINT = "checkpoint"
VALIDATION = "validation.json"
LICENCE_FILE = "LICENSE-DATA"
"""The licence of the data as the package holds it; in a release it is `LICENCE`."""

LICENCE = "LICENSE.txt"
SITE = "site"
"""The pages of the release as plain files."""

MAX_MEMBERS = 100_000
"""Most files of a release: one of a log of ten million claims has some hundreds."""

MAX_DEPTH = 16
"""Levels of directories in a release: ours have four."""

GET_AGAIN = "get the release again from where it was published"


def inner_package(folder: Path) -> Package:
    """Return the package inside a release's directory."""
    return Package(folder / LOG, archived=True)


def walk_files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield every entry below a directory but directories; links are not followed.

    Raises
    ------
    ClaimlogError
        If there is more of it, or deeper, than any release has, or a directory cannot be read.
    """
    below = [(os.fspath(folder), 0)]
    count = 0
    while below:
        place, depth = below.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    count += 1
                    if count > MAX_MEMBERS:
                        message = f"holds more than {MAX_MEMBERS:,} files and directories"
                        raise ClaimlogError(f"{folder.name}: {message}, which no release does")
                    if not entry.is_dir(follow_symlinks=False):
                        yield entry
                    elif depth < MAX_DEPTH:
                        below.append((entry.path, depth + 1))
                    else:
                        message = f"holds directories more than {MAX_DEPTH} levels deep"
                        raise ClaimlogError(f"{folder.name}: {message}, which no release does")
        except OSError as error:
            raise ClaimlogError(f"{place}: cannot be read ({error.strerror})") from error


def relative_paths(folder: Path) -> list[str]:
    """Return every file of a directory by its relative name, in order."""
    return sorted(Path(entry.path).relative_to(folder).as_posix() for entry in walk_files(folder))


def is_regular_file(path: Path) -> bool:
    """Whether a path is a regular file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def is_solid_file(path: Path) -> bool:
    """Whether a path is a regular file that takes on the disk what it says, and no link to one."""
    return is_regular_file(path) and not is_sparse(path.stat())


def release_paths(name: str, version: str, out: Path) -> tuple[Path, Path]:
    """Return where directory and archive of a release of the dataset `name` lie."""
    stem = f"{name}-{version}"
    return out / stem, out / f"{stem}.zip"


def require_solid_file(path: Path, display_path: str, remedy: str = GET_AGAIN) -> None:
    """Refuse a path that is no regular file, or a sparse one, which would be read for hours.

    Raises
    ------
    ClaimlogError
        If it is not.
    """
    if not is_regular_file(path):
        raise ClaimlogError(f"{display_path}: is no regular file; put the file itself there")
    if flaw := hole_flaw(path.stat()):
        raise ClaimlogError(f"{display_path}: {flaw}; {remedy}")
