"""Databases of releases, put beside the latest build and checked against the release index."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from claimlog.command_limits import allow_writing
from claimlog.errors import ClaimlogError
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import Package
from claimlog.release.archive import extract_member
from claimlog.release.checksums import sha256_of_file
from claimlog.release.plain_database import require_plain_database
from claimlog.release.walk_release import GET_AGAIN, require_solid_file
from claimlog.site.chosen_releases import chosen_releases
from claimlog.site.sound_database import StatedRows, require_sound_database
from claimlog.site.store import release_database_name

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
    return [_place(package, entry, folder / FOLDER) for entry in chosen_releases(package, versions)]


def _place(package: Package, entry: ReleaseEntry, folder: Path) -> Path:
    """Link or copy the database of a release into `folder`, unless it is there.

    What lies there afterwards is what the index names, and computes nothing when it is read: a
    stranger's checkout brings index and database together.
    """
    name = str(package.descriptor["name"])
    stem = f"{name}-{entry.version}"
    expected = entry.files.get(f"{name}.db")
    if expected is None:
        raise ClaimlogError(f"{entry.display_path}: names no {name}.db; {GET_AGAIN}")
    target = folder / f"{release_database_name(name, str(entry.version))}.db"
    shown = package.relative(target)
    for place in (folder.parent, folder):
        if place.is_symlink():
            raise ClaimlogError(f"{package.relative(place)}: is a link; remove it and build again")
    if target.is_symlink() or not _is_in_place(target, shown, entry, expected):
        folder.mkdir(parents=True, exist_ok=True)
        new = target.with_suffix(".new")
        new.unlink(missing_ok=True)
        try:
            _fetch(package, entry, stem, new)
            if sha256_of_file(new) != expected:
                raise ClaimlogError(
                    f"{package.relative(package.root / 'dist')}/{stem}: its database is not the "
                    f"one that {entry.display_path} names; {GET_AGAIN}"
                )
            _require_database(new, f"dist/{stem}/{name}.db", entry)
            _remove(target)
            new.rename(target)
        finally:
            new.unlink(missing_ok=True)
    return target


def _is_in_place(target: Path, shown: str, entry: ReleaseEntry, expected: str) -> bool:
    """Return whether a database was put in its place before."""
    if not target.is_file():
        return False
    require_solid_file(target, shown)
    if sha256_of_file(target) != expected:
        return False
    _require_database(target, shown, entry)
    return True


def _require_database(path: Path, shown: str, entry: ReleaseEntry) -> None:
    # first by a process of its own: reading the list of its tables may never end
    require_sound_database(path, shown, StatedRows.of_release(entry))
    require_plain_database(path, shown)


def _fetch(package: Package, entry: ReleaseEntry, stem: str, target: Path) -> None:
    """Link or copy the database of a release from where it was made, or out of its archive."""
    dist = package.dist
    name = f"{package.descriptor['name']}.db"
    database, archive = dist / stem / name, dist / f"{stem}.zip"
    if database.exists() or database.is_symlink():
        require_solid_file(database, package.relative(database))
        allow_writing(stem, database.stat().st_size)
        try:
            os.link(database, target)
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(database, target)
    elif archive.exists():
        require_solid_file(archive, package.relative(archive))
        allow_writing(stem, archive.stat().st_size)
        extract_member(archive, f"{stem}/{name}", target)
    else:
        raise ClaimlogError(
            f"{package.relative(database)}: the database of release {entry.version} is not here; "
            f"put {archive.name} into {package.relative(dist)}/ from where it was published, or "
            "make every release again: make rebuild-releases"
        )


def _remove(target: Path) -> None:
    """Remove what is in the place of a database, if it is no directory."""
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise ClaimlogError(
            f"{target.name}: is in the way ({error.strerror}); remove it"
        ) from error
