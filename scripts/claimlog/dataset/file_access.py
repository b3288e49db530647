"""Reading single files of a release or build: from a directory, an archive, or an address.

Whatever is read is held against a list of checksums by the caller; nothing is kept.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import BinaryIO, Protocol
from urllib.parse import quote

from claimlog.errors import MAKE_ROOM, ClaimlogError
from claimlog.limits import FETCHED_BYTES
from claimlog.release.archive import read_member
from claimlog.release.file_name_check import FILE_NAME
from claimlog.release.release_limits import MAX_FILES
from claimlog.untrusted_files import read_regular
from claimlog.web_client import WebClient, WebError
from claimlog.web_connections import LEAST_SECONDS, LEAST_SPEED

NOT_FOUND = 404

FILE_SECONDS = 1.0
"""Seconds that a file may take beside those for its bytes, all files of a directory together: each
alone may wait two minutes for a slow server, and 100,000 of them for months."""


class FileAccess(Protocol):
    """Reads files by their names relative to the directory of a release or build."""

    @property
    def display(self) -> str:
        """Where the files are, for messages."""
        ...

    def read(self, name: str, most: int) -> bytes | None:
        """Return a file's bytes, at most so many; None if there is no such file."""
        ...


@dataclass(frozen=True)
class FolderFiles:
    """Files of a directory."""

    folder: Path

    @property
    def display(self) -> str:
        return str(self.folder)

    def read(self, name: str, most: int) -> bytes | None:
        path = self.folder / name
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError):
            pass  # a name too long, or no name: said below
        remedy = "get the release again, or build it again"
        return read_regular(path, str(path), most, self.folder, remedy)


@dataclass(frozen=True)
class ArchiveFiles:
    """Members of a release's archive."""

    archive: Path

    @property
    def display(self) -> str:
        return str(self.archive)

    def read(self, name: str, most: int) -> bytes | None:
        return read_member(self.archive, name, most)


@dataclass(frozen=True)
class AddressFiles:
    """Files below an address."""

    base: str
    client: WebClient

    @property
    def display(self) -> str:
        return self.base

    def read(self, name: str, most: int) -> bytes | None:
        # a server of a build has all of its files in one place
        for path in dict.fromkeys((name, PurePosixPath(name).name)):
            target = io.BytesIO()
            if self.write(path, target, most) is not None:
                return target.getvalue()
        return None

    def write(self, name: str, target: BinaryIO, most: int) -> int | None:
        """Write a file to one that is empty; return its size, or None if there is none."""
        try:
            return self.client.download(f"{self.base}/{quote(name)}", target, most)
        except WebError as error:
            if error.status == NOT_FOUND:
                return None
            raise


def last_part(url: str) -> str:
    """Return the last part of an address's path, whatever it is."""
    return url.partition("?")[0].rpartition("/")[2]


def copy_name(url: str, suffix: str = "") -> str:
    """Return the name of a copy of what lies at an address: a release's, or one of our own.

    A signature is held against the name that was asked for, so that it is kept where a file of a
    release can have it; anything else in an address is no name for a file of this machine.
    """
    name = last_part(url)
    return name if FILE_NAME.fullmatch(name) else f"release{suffix}"


def scratch_directory() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary directory; raises ClaimlogError if there is no room for one."""
    try:
        return tempfile.TemporaryDirectory(prefix="claimlog-")
    except OSError as error:
        raise _no_room(error) from error


def fetch_archive(client: WebClient, url: str, folder: Path, suffixes: tuple[str, ...]) -> Path:
    """Download an archive into a directory, and what lies beside it; return its path.

    Parameters
    ----------
    suffixes
        Of files beside it, in place of ``.zip``, that are taken along where they exist.

    Raises
    ------
    ClaimlogError
        If it cannot be fetched, is larger than `limits.FETCHED_BYTES`, or finds no room.
    """
    target = folder / copy_name(url, ".zip")
    beside, _, name = url.partition("?")[0].rpartition("/")
    try:
        with target.open("xb") as file:
            client.download(url, file, FETCHED_BYTES)
        for suffix in suffixes:
            files = AddressFiles(beside, client)
            data = files.read(f"{name.removesuffix('.zip')}{suffix}", 1 << 20)
            if data is not None:
                target.with_name(f"{target.name.removesuffix('.zip')}{suffix}").write_bytes(data)
    except OSError as error:
        raise _no_room(error) from error
    return target


def fetch_files(files: AddressFiles, names: Collection[str], folder: Path) -> None:
    """Write files into a directory, all of them together at most `limits.FETCHED_BYTES`.

    Raises
    ------
    ClaimlogError
        If there are more than a release has, one is missing, a name leads out of the directory or
        is none of a release's file, there is no room, or the server takes too long for them.
    """
    if len(names) > MAX_FILES:
        raise ClaimlogError(
            f"{files.display}: lists more than {MAX_FILES:,} files, which no release has"
        )
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    for name in names:
        if not FILE_NAME.fullmatch(name) or name in folders:
            raise ClaimlogError(f"{files.display}: lists {name[:100]!r}, which is no file's name")
    left = FETCHED_BYTES
    end = monotonic() + LEAST_SECONDS
    for name in names:
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("xb") as target, files.client.finishing_by(end):
                try:
                    size = files.write(name, target, left)
                except WebError as error:
                    if files.client.has_time:
                        raise
                    raise _too_slow(files) from error
        except OSError as error:
            raise _no_room(error) from error
        if size is None:
            raise ClaimlogError(f"{files.display}/{name}: is not there, and its list names it")
        left -= size
        end += FILE_SECONDS + size / LEAST_SPEED
        if monotonic() > end:
            raise _too_slow(files)


def _too_slow(files: AddressFiles) -> ClaimlogError:
    return ClaimlogError(
        f"{files.display}: its files come too slowly, a second each and {LEAST_SPEED // 1000} kB a "
        "second are the least; fetch its archive (.zip) instead"
    )


def _no_room(error: OSError) -> ClaimlogError:
    return ClaimlogError(
        f"{tempfile.gettempdir()}: cannot be written ({error.strerror}); {MAKE_ROOM}"
    )
