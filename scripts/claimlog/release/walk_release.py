"""Walking all files of a release's directory within limits, and telling links and holes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.release.release_limits import MAX_DEPTH, MAX_FILES, WRITTEN_BYTES
from claimlog.untrusted_files import SPARSE, disk_bytes, disk_bytes_together, hole_flaw, is_sparse

GET_AGAIN = "get the release again from where it was published"


def walk_files(
    folder: Path, most: int | None = None, kind: str = "release"
) -> Iterator[os.DirEntry[str]]:
    """Yield every entry below a directory but directories; links are not followed.

    Parameters
    ----------
    most, kind
        Entries that the directory may have, `MAX_FILES` unless given, and what it is said to be.

    Raises
    ------
    ClaimlogError
        If there is more of it, or deeper, than any such has, or a directory cannot be read.
    """
    most = MAX_FILES if most is None else most
    below = [(os.fspath(folder), 0)]
    count = 0
    while below:
        place, depth = below.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    count += 1
                    if count > most:
                        message = f"holds more than {most:,} files and directories"
                        raise ClaimlogError(f"{folder.name}: {message}, which no {kind} does")
                    if not entry.is_dir(follow_symlinks=False):
                        yield entry
                    elif depth < MAX_DEPTH:
                        below.append((entry.path, depth + 1))
                    else:
                        message = f"holds directories more than {MAX_DEPTH} levels deep"
                        raise ClaimlogError(f"{folder.name}: {message}, which no {kind} does")
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


def stored_size(target: Path) -> int:
    """Return the bytes that a file takes on disk, or those of a directory, each once."""
    if not target.is_dir():
        return disk_bytes(target.stat())
    return disk_bytes_together(entry.stat(follow_symlinks=False) for entry in walk_files(target))


def require_copy_of_own_size(folder: Path, shown: str, remedy: str, most: int, kind: str) -> None:
    """Refuse a directory whose copy would take far more of the disk than it does.

    Parameters
    ----------
    shown
        The directory as messages name it.
    most, kind
        As `walk_files` takes them.

    Raises
    ------
    ClaimlogError
        If its files have so many names, or it cannot be walked.
    """
    seen: set[tuple[int, int]] = set()
    spare = WRITTEN_BYTES
    for entry in walk_files(folder, most, kind):
        found = entry.stat(follow_symlinks=False)
        name = found.st_dev, found.st_ino
        if name in seen:
            spare -= found.st_size
        elif found.st_nlink > 1:
            seen.add(name)
    if spare < 0:
        copies = WRITTEN_BYTES - spare
        message = f"files have further names, whose copies take {copies:,} bytes"
        raise ClaimlogError(f"{shown}: {message}; {remedy}")


def require_copies_of_own_size(
    folder: Path, names: Iterable[str], shown: str, remedy: str = GET_AGAIN
) -> None:
    """Refuse files whose copies would take far more of the disk than the directory they lie in.

    A file has as many names as somebody links to it, and holes are filled in its copy.

    Parameters
    ----------
    names
        The files that are to be copied, relative to `folder`; what is not there is passed over.
    shown
        The directory as messages name it.

    Raises
    ------
    ClaimlogError
        Naming the first that is no regular file, lies behind a link, has holes, or is too much.
    """
    stats = {
        os.path.relpath(entry.path, folder): entry.stat(follow_symlinks=False)
        for entry in walk_files(folder)
    }
    # a file system that compresses keeps less of a file than a copy may take elsewhere
    sizes = {
        (found.st_dev, found.st_ino): min(found.st_size, SPARSE * disk_bytes(found))
        for found in stats.values()
    }
    left = most = WRITTEN_BYTES + sum(sizes.values())
    for name in names:
        found = stats.get(name)
        if found is None and not os.path.lexists(folder / name):
            continue
        if found is None or not stat.S_ISREG(found.st_mode):
            message = "is no regular file, or lies behind a link"
            raise ClaimlogError(f"{shown}/{name}: {message}; put the file itself there")
        if flaw := hole_flaw(found):
            raise ClaimlogError(f"{shown}/{name}: {flaw}; {remedy}")
        left -= found.st_size
        if left < 0:
            message = f"files have several names or holes, and copies more than {most:,} bytes"
            raise ClaimlogError(f"{shown}/{name}: {message}; {remedy}")
