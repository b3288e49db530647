"""The sites that lie in archives of releases, put beside each other as they were published."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.limits import STATE_BYTES
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import SUMS, Package
from claimlog.release.archive import extract_archive
from claimlog.release.checksums import parse_sums
from claimlog.release.file_name_check import SITE_FILE
from claimlog.release.release_file_names import SITE, release_paths
from claimlog.release.walk_release import GET_AGAIN, relative_paths, require_copies_of_own_size
from claimlog.untrusted_files import copy_regular, read_regular

OFFERED = rb'((?:parquet/|csv/)?[\w-]+\.(?:parquet|csv|db|json))(?=")'
"""Files of a release to download, as its pages link to them below its directory."""

PAGE_BYTES = 64 << 20
"""Of a page, which is held to change its links; other files are copied in pieces."""


def copy_site(package: Package, entry: ReleaseEntry, target: Path) -> None:
    """Copy the pages of a release in ``dist/`` to `target`, with the files that they offer.

    In an archive these files lie beside ``site/``, and here in it, since another release has files
    of the same names: links to them lose one step up, and nothing else of a page changes.

    Raises
    ------
    ClaimlogError
        If the release is not there, holds a page by a name that no page has, or a file is not the
        one that the index vouches for.
    """
    with _release_folder(package, entry) as folder:
        release = ListedFiles(folder, entry)
        offered: set[str] = set()
        require_copies_of_own_size(folder, release.pages, f"dist/{folder.name}")
        for name in release.pages:
            place = _place(target, name.removeprefix(f"{SITE}/"))
            if name.endswith(".html"):
                page = release.read_page(name)
                page, files = _with_files_inside(page, name.count("/") - 1)
                place.write_bytes(page)
                offered |= files
            else:
                release.copy_file(name, place)
        offered &= release.names
        require_copies_of_own_size(folder, sorted(offered), f"dist/{folder.name}")
        for name in sorted(offered):
            release.copy_file(name, _place(target, name))


class ListedFiles:
    """The files of a release in ``dist/`` that are those of its list of checksums.

    A stranger's checkout brings the release together with the index that names its list.

    Attributes
    ----------
    names
        The files that are listed and are there.
    pages
        Those of ``site/``, in order.

    Raises
    ------
    ClaimlogError
        If the list is not the one of the last issue, or names a page that is not there, or whose
        name is none of a page.
    """

    def __init__(self, folder: Path, entry: ReleaseEntry) -> None:
        self._folder = folder
        self._listed = self._digests(entry)
        there = {*relative_paths(folder)}
        self.names = there.intersection(self._listed)
        pages = {name for name in {*self._listed, *there} if name.startswith(f"{SITE}/")}
        self.pages = sorted(pages)
        for name in self.pages:
            if name not in self.names or not SITE_FILE.fullmatch(name):
                raise self._error(name, "is no page of the release, or is not there")

    def _digests(self, entry: ReleaseEntry) -> dict[str, str]:
        path = self._folder / SUMS
        data = read_regular(path, self._shown_path(SUMS), STATE_BYTES, self._folder, GET_AGAIN)
        if sha256(data).hexdigest() != entry.files.get(SUMS):
            raise self._error(SUMS, f"is not the one that {entry.display_path} names")
        listed, findings = parse_sums(data.decode("utf-8", "replace"))
        if findings:
            raise self._error(SUMS, findings[0].message)
        return listed

    def read_page(self, name: str) -> bytes:
        """Return a page as it was released."""
        shown = self._shown_path(name)
        data = read_regular(self._folder / name, shown, PAGE_BYTES, self._folder, GET_AGAIN)
        self._require_digest(name, sha256(data).hexdigest())
        return data

    def copy_file(self, name: str, target: Path) -> None:
        """Copy a file as it was released to a place where nothing is."""
        path, shown = self._folder / name, self._shown_path(name)
        digest = copy_regular(path, shown, target, self._folder, GET_AGAIN)
        self._require_digest(name, digest)

    def _require_digest(self, name: str, digest: str) -> None:
        if digest != self._listed[name]:
            raise self._error(name, "is not as released")

    def _error(self, name: str, flaw: str) -> ClaimlogError:
        return ClaimlogError(f"{self._shown_path(name)}: {flaw}; {GET_AGAIN}")

    def _shown_path(self, name: str) -> str:
        return f"dist/{self._folder.name}/{name}"


def _with_files_inside(page: bytes, depth: int) -> tuple[bytes, set[str]]:
    """Return a page whose links to files beside the site lead into it, and the names of these."""
    outside = re.compile(rb'(?<==")' + re.escape(b"../" * (depth + 1)) + OFFERED)
    names = {match[1].decode("utf-8", "replace") for match in outside.finditer(page)}
    return outside.sub(lambda match: b"../" * depth + match[1], page), names


def _place(target: Path, name: str) -> Path:
    """Return where a file of a name lies below `target`, with its directory made."""
    path = target / name
    if not path.resolve().is_relative_to(target.resolve()):
        raise ClaimlogError(f"{name}: leads out of the site; {GET_AGAIN}")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _release_folder(package: Package, entry: ReleaseEntry) -> Iterator[Path]:
    """Yield the directory of a release; an archive is unpacked for as long."""
    name = str(package.descriptor["name"])
    folder, archive = release_paths(name, str(entry.version), package.dist)
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
