"""The sites that lie in archives of releases, put beside each other as they were published."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
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

OFFERED = rb'((?:parquet/|csv/)?[\w-]+\.(?:parquet|csv|db|json))(?=")'
"""Files of a release to download, as its pages link to them below its directory."""


def has_site(entry: ReleaseEntry) -> bool:
    """Whether the archive of a release holds its pages."""
    return "site" in entry.data


def copy_site(package: Package, entry: ReleaseEntry, target: Path) -> None:
    """Copy the pages of a release in ``dist/`` to `target`, with the files that they offer.

    In an archive these files lie beside ``site/``, and here in it, since another release has files
    of the same names: links to them lose one step up, and nothing else of a page changes.

    Raises
    ------
    ClaimlogError
        If the release is not there, or a file is not the one that the index vouches for.
    """
    with _release_folder(package, entry) as folder:
        listed = _listed_digests(folder, entry)
        there = {f"{SITE}/{name}" for name in relative_paths(folder / SITE)}
        offered: set[str] = set()
        for name in sorted({*there, *(name for name in listed if name.startswith(f"{SITE}/"))}):
            data = _read_listed(folder, name, listed)
            below = name.removeprefix(f"{SITE}/")
            if below.endswith(".html"):
                data, files = _with_files_inside(data, below.count("/"))
                offered |= files
            _write(target / below, data)
        for name in sorted(offered.intersection(listed)):
            _write(target / name, _read_listed(folder, name, listed))


def _with_files_inside(page: bytes, depth: int) -> tuple[bytes, set[str]]:
    """Return a page whose links to files beside the site lead into it, and the names of these."""
    outside = re.compile(rb'(?<==")' + re.escape(b"../" * (depth + 1)) + OFFERED)
    names = {match[1].decode("utf-8", "replace") for match in outside.finditer(page)}
    return outside.sub(lambda match: b"../" * depth + match[1], page), names


def _listed_digests(folder: Path, entry: ReleaseEntry) -> dict[str, str]:
    """Return the digests of a release's files by its list of checksums, which the index names."""
    sums = folder / SUMS
    if not is_regular_file(sums) or sha256_of_file(sums) != entry.files.get(SUMS):
        raise ClaimlogError(
            f"dist/{folder.name}/{SUMS}: is not the one that {entry.display_path} names; "
            f"{GET_AGAIN}"
        )
    matches = map(SUMS_LINE.fullmatch, sums.read_text("utf-8").splitlines())
    return {match["name"]: match["digest"] for match in matches if match}


def _read_listed(folder: Path, name: str, listed: Mapping[str, str]) -> bytes:
    path = folder / name
    data = path.read_bytes() if is_regular_file(path) else b""
    if sha256(data).hexdigest() != listed.get(name):
        raise ClaimlogError(f"dist/{folder.name}/{name}: is not as released; {GET_AGAIN}")
    return data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


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
