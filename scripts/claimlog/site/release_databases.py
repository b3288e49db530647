"""Databases of releases, put beside the latest build and checked against the release index."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.release_index import Entry, find, read_index
from claimlog.package import Package
from claimlog.release.layout import AGAIN, digest
from claimlog.site.store import release_database_name

ALL = "all"
FOLDER = Path("datasette") / "releases"
"""Where the databases lie in a build; Datasette names each as its file."""


def place_releases(package: Package, folder: Path, versions: str) -> list[Path]:
    """Put the databases of releases into a build, and return where they are.

    Parameters
    ----------
    versions
        Versions separated by commas, or ``all`` of the index.

    Raises
    ------
    ClaimlogError
        If a release is not in ``dist/``, or its database is not what the index says.
    UsageError
        If a version was never released.
    """
    index = read_index(package)
    names = [name.strip() for name in versions.split(",") if name.strip()]
    if not names:
        raise UsageError("--releases: name versions, as 0.1.0,0.2.0, or say all")
    entries = index if names == [ALL] else [find(index, name, package) for name in names]
    by_version = {entry.version: entry for entry in entries}
    return [_place(package, entry, folder / FOLDER) for entry in by_version.values()]


def _place(package: Package, entry: Entry, folder: Path) -> Path:
    """Link or copy the database of a release into `folder`, unless it is there."""
    name = str(package.descriptor["name"])
    stem = f"{name}-{entry.version}"
    expected = entry.data["files"][f"{name}.db"]
    target = folder / f"{release_database_name(name, str(entry.version))}.db"
    if target.is_file() and digest(target) == expected:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    dist = package.root / "dist"
    database, archive = dist / stem / f"{name}.db", dist / f"{stem}.zip"
    if database.is_file():
        try:
            os.link(database, target)
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(database, target)
    elif archive.is_file():
        _unpack(archive, f"{stem}/{name}.db", target, package)
    else:
        raise ClaimlogError(
            f"{package.relative(database)}: the database of release {entry.version} is not here; "
            f"put {archive.name} into {package.relative(dist)}/ from where it was published, or "
            "make every release again: make rebuild-releases"
        )
    if digest(target) != expected:
        target.unlink()
        raise ClaimlogError(
            f"{package.relative(dist)}/{stem}: its database is not the one that {entry.shown} "
            f"names; {AGAIN}"
        )
    return target


def _unpack(archive: Path, member: str, target: Path, package: Package) -> None:
    """Extract one member of an archive to a path."""
    try:
        with (
            zipfile.ZipFile(archive) as files,
            files.open(member) as source,
            target.open("wb") as copy,
        ):
            shutil.copyfileobj(source, copy)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        target.unlink(missing_ok=True)
        raise ClaimlogError(
            f"{package.relative(archive)}: holds no {member} that can be read ({error}); {AGAIN}"
        ) from error
