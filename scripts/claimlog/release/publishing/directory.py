"""Publishing a release in a directory: of a web server, a shared disk, a checkout of pages.

Each file appears whole or not at all, and the entry of the index comes last: who sees it has all
that it names. A file that is there with other content is never replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from claimlog.errors import ClaimlogError, reason
from claimlog.files import copy_durably
from claimlog.release.layout import sha256_of_file, walk_files
from claimlog.release.publishing.release_files import PublishedFile, ReleaseFiles, Say
from claimlog.swap import publish_directory

SITE_FOLDERS = ("site", "tile")
"""Directories of static pages and of the log's tiles, replaced as a whole."""

SITE_FILES = ("checkpoint", "versions.js")
"""Files beside them, replaced as the log and the list of releases grow."""


@dataclass(frozen=True)
class DirectoryPlan:
    """What is to be copied where.

    Attributes
    ----------
    files
        Files of the release that the directory lacks.
    folders, notes
        Directories and files of the site that lie beside the archive.
    """

    target: Path
    files: tuple[PublishedFile, ...]
    folders: tuple[Path, ...]
    notes: tuple[Path, ...]


def plan_directory(release: ReleaseFiles, target: Path) -> DirectoryPlan:
    """Return what a directory lacks of a release.

    Raises
    ------
    ClaimlogError
        If a file of the release is there with other content.
    """
    missing = []
    for file in release.files:
        path = target / file.name
        if not path.exists() and not path.is_symlink():
            missing.append(file)
        elif not path.is_file() or path.is_symlink() or sha256_of_file(path) != file.sha256:
            raise ClaimlogError(
                f"{path}: is there and is not the file of this release; what was published never "
                "changes, so take another directory, or move it away"
            )
    beside = release.files[0].path.parent
    folders = tuple(beside / name for name in SITE_FOLDERS if (beside / name).is_dir())
    notes = tuple(beside / name for name in SITE_FILES if (beside / name).is_file())
    return DirectoryPlan(target, tuple(missing), folders, notes)


def copy_release(plan: DirectoryPlan, release: ReleaseFiles, say: Say) -> None:
    """Copy what a plan names, and check afterwards that all of it is there.

    Raises
    ------
    ClaimlogError
        If something cannot be written, or is another file afterwards.
    """
    target = plan.target
    try:
        target.mkdir(parents=True, exist_ok=True)
        for folder in plan.folders:
            _copy_folder(folder, target / folder.name, say)
        for note in plan.notes:
            copy_durably(note, target / note.name)
            say(f"copied {note.name}")
        for file in release.files:
            if file not in plan.files:
                say(f"{file.name} is there already")
                continue
            copy_durably(file.path, target / file.name)
            say(f"copied {file.name}, {file.size:,} bytes")
    except OSError as error:
        raise ClaimlogError(
            f"{target}: cannot be written ({reason(error)}); make room or give the right to, and "
            "run this again"
        ) from error
    for file in release.files:
        if sha256_of_file(target / file.name) != file.sha256:
            raise ClaimlogError(
                f"{target / file.name}: is not the file that was copied; look after the disk, "
                "remove it, and run this again"
            )


def _copy_folder(source: Path, target: Path, say: Say) -> None:
    """Replace a directory by a copy of another one, unless it holds the same."""
    if target.is_dir() and not target.is_symlink() and _digest(source) == _digest(target):
        say(f"{target.name}/ is there already")
        return
    with publish_directory(target, str(target)) as fresh:
        shutil.copytree(source, fresh, dirs_exist_ok=True, symlinks=True)
    say(f"copied {target.name}/")


def _digest(folder: Path) -> str:
    """Return a hash of all names and contents below a directory."""
    whole = sha256()
    for line in sorted(_lines(folder)):
        whole.update(line.encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def _lines(folder: Path) -> Iterator[str]:
    for entry in walk_files(folder):
        path = Path(entry.path)
        kind = "link" if entry.is_symlink() else sha256_of_file(path)
        yield f"{path.relative_to(folder).as_posix()}\0{kind}\n"
