"""The sites that lie in archives of releases, put beside each other as they were published."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import Package
from claimlog.release.archive import extract_archive
from claimlog.release.layout import (
    GET_AGAIN,
    SITE,
    SUMS,
    SUMS_LINE,
    is_regular_file,
    relative_paths,
    sha256_of_file,
)
from claimlog.release.make import release_paths


def has_site(entry: ReleaseEntry) -> bool:
    """Whether the archive of a release holds its pages."""
    return "site" in entry.data


def copy_site(package: Package, entry: ReleaseEntry, target: Path) -> None:
    """Copy the pages in a release's directory or archive in ``dist/`` to `target`.

    Raises
    ------
    ClaimlogError
        If the release is not there, or a page is not the one that the index vouches for.
    """
    with _release_folder(package, entry) as folder:
        shown = f"dist/{folder.name}"
        sums = folder / SUMS
        if not is_regular_file(sums) or sha256_of_file(sums) != entry.data["files"].get(SUMS):
            raise ClaimlogError(
                f"{shown}/{SUMS}: is not the one that {entry.display_path} names; {GET_AGAIN}"
            )
        lines = sums.read_text("utf-8").splitlines()
        listed = {
            match["name"]: match["digest"] for match in map(SUMS_LINE.fullmatch, lines) if match
        }
        there = [f"{SITE}/{name}" for name in relative_paths(folder / SITE)]
        for name in sorted({*there, *(name for name in listed if name.startswith(f"{SITE}/"))}):
            path = folder / name
            if not is_regular_file(path) or sha256_of_file(path) != listed.get(name):
                raise ClaimlogError(f"{shown}/{name}: is not as released; {GET_AGAIN}")
            copy = target / Path(name).relative_to(SITE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


@contextmanager
def _release_folder(package: Package, entry: ReleaseEntry) -> Iterator[Path]:
    """Yield the directory of a release; an archive is unpacked for as long."""
    name = str(package.descriptor["name"])
    folder, archive = release_paths(name, str(entry.version), package.root / "dist")
    package.refuse_links(folder)
    package.refuse_links(archive)
    if folder.is_dir():
        yield folder
    elif archive.is_file():
        with tempfile.TemporaryDirectory(prefix="claimlog-") as scratch:
            yield extract_archive(archive, Path(scratch))
    else:
        raise ClaimlogError(
            f"{package.relative(archive)}: is not here; put it there from where release "
            f"{entry.version} was published, or make every release again: make rebuild-releases"
        )
