"""The archive of a release: a zip whose bytes depend on nothing but its files.

Members are stored, not deflated, in order of name and with a fixed date. So the bytes depend on no
compression library, and an archive that is deflated, misordered or doubled was not written here.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import Any, cast

from claimlog.errors import MAKE_ROOM, ClaimlogError
from claimlog.release.release_limits import DIRECTORY_BYTES, MAX_DEPTH, MAX_FILES, NAME_BYTES
from claimlog.release.walk_release import relative_paths
from claimlog.zip_listing import large_directory_size

DATE = (1980, 1, 1, 0, 0, 0)
MODE = 0o644 << 16
HEADER = struct.Struct("<26xHH")
"""A member's header up to its name: lengths of name and extra field (APPNOTE.TXT, 4.3.7)."""

UNREADABLE_ZIP = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
    *(RuntimeError, ValueError, LookupError),
)
"""What `zipfile` raises for a file that is no zip, damaged or encrypted, or a missing member."""

UNPACKED_FOLDER, REWRITTEN_FILE = "unpacked", "again.zip"
"""Names in the scratch directory: the unpacked archive, and the same written again to compare."""

REMEDY = "get the archive again from where the release was published"


def write_archive(folder: Path, target: Path) -> None:
    """Write the files of `folder` as a zip; their names begin with the folder's."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in relative_paths(folder):
            if (folder / name).is_file():
                info = zipfile.ZipInfo(f"{folder.name}/{name}", DATE)
                info.create_system = 3
                info.external_attr = MODE
                info.file_size = (folder / name).stat().st_size  # the header states it
                with (folder / name).open("rb") as file, archive.open(info, "w") as member:
                    shutil.copyfileobj(file, member)


def extract_archive(source: Path, target: Path) -> Path:
    """Unpack an archive of `write_archive` into the empty directory `target`; return its folder.

    Nothing is written outside `target`, and nothing before the sizes of all members add up to the
    archive's own.

    Raises
    ------
    ClaimlogError
        If it is no such archive, with the member at fault; or if there is no room for it.
    """
    try:
        with _opened(source) as archive:
            folder = _checked_folder(source, archive)
            _require_room(source, target)
            unpacked = target / UNPACKED_FOLDER
            unpacked.mkdir()
            for info in archive.infolist():
                path = unpacked / info.filename
                # not `target` itself: if it was removed meanwhile, the command is being ended
                for parent in reversed(PurePosixPath(info.filename).parents[:-1]):
                    (unpacked / parent).mkdir(exist_ok=True)
                with archive.open(info) as member, path.open("wb") as copy:
                    shutil.copyfileobj(member, copy)
        again = target / REWRITTEN_FILE
        write_archive(unpacked / folder, again)
        same = filecmp.cmp(again, source, shallow=False)
        again.unlink()
    except UNREADABLE_ZIP as error:
        raise ClaimlogError(f"{source.name}: is damaged or no zip ({error}); {REMEDY}") from error
    except OSError as error:
        raise _system_error(source, target, error) from error
    if not same:
        raise ClaimlogError(
            f"{source.name}: is not byte for byte as claimlog writes an archive; {REMEDY}"
        )
    return unpacked / folder


def extract_member(source: Path, name: str, target: Path) -> None:
    """Unpack one member of an archive of `write_archive` into the new file `target`.

    Raises
    ------
    ClaimlogError
        If it is no such archive, has no such member, or there is no room for it.
    """
    try:
        with _opened(source) as archive:
            _checked_folder(source, archive)
            _require_room(source, target.parent, 1)
            with archive.open(name) as member, target.open("xb") as copy:
                shutil.copyfileobj(member, copy)
    except UNREADABLE_ZIP as error:
        reason = str(error).strip("'\"")
        raise ClaimlogError(
            f"{source.name}: holds no {name} that can be read ({reason}); {REMEDY}"
        ) from error
    except OSError as error:
        raise _system_error(source, target, error) from error


def read_member(source: Path, name: str, most: int) -> bytes | None:
    """Return the bytes of a file in an archive of `write_archive`; None if it is not in it.

    Parameters
    ----------
    name
        Relative to the one folder of the archive.
    most
        Bytes that it may have.

    Raises
    ------
    ClaimlogError
        If it is no such archive, or the file is larger.
    """
    try:
        with _opened(source) as archive:
            member = f"{_checked_folder(source, archive)}/{name}"
            if member not in archive.NameToInfo:
                return None
            if archive.getinfo(member).file_size > most:
                raise _member_error(source, member, f"it is larger than {most:,} bytes")
            return archive.read(member)
    except UNREADABLE_ZIP as error:
        raise ClaimlogError(f"{source.name}: is damaged or no zip ({error}); {REMEDY}") from error
    except OSError as error:
        raise ClaimlogError(f"{source}: cannot be read ({error.strerror or error})") from error


def member_digests(source: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in an archive of `write_archive`, by its name in the folder.

    Raises
    ------
    ClaimlogError
        If it is no such archive.
    """
    found = {}
    try:
        with _opened(source) as archive:
            folder = _checked_folder(source, archive)
            for info in archive.infolist():
                with archive.open(info) as member:
                    name = info.filename.removeprefix(f"{folder}/")
                    found[name] = file_digest(cast("Any", member), "sha256").hexdigest()
    except UNREADABLE_ZIP as error:
        raise ClaimlogError(f"{source.name}: is damaged or no zip ({error}); {REMEDY}") from error
    except OSError as error:
        raise ClaimlogError(f"{source}: cannot be read ({error.strerror or error})") from error
    return found


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive, unless its list of members alone would take much memory: all of it is read.

    Raises
    ------
    ClaimlogError
        If the list is longer than that of a release can be.
    """
    with source.open("rb") as file:
        if (large_directory_size(file) or 0) > DIRECTORY_BYTES:
            raise ClaimlogError(
                f"{source.name}: its list of members has more than {DIRECTORY_BYTES:,} bytes, "
                f"which no release needs; {REMEDY}"
            )
        with zipfile.ZipFile(file) as archive:
            yield archive


def _require_room(source: Path, target: Path, times: int = 2) -> None:
    """Refuse an archive for which the disk has no room; unpacking writes it twice, to compare."""
    needed, free = times * source.stat().st_size, shutil.disk_usage(target).free
    if needed > free:
        raise ClaimlogError(
            f"{source.name}: wants {needed:,} bytes in {target.parent}, which has {free:,}; "
            f"{MAKE_ROOM}"
        )


def _system_error(source: Path, target: Path, error: OSError) -> ClaimlogError:
    """Return the error for a failure of the system, which says nothing about the archive."""
    if error.errno == errno.EFBIG:
        remedy = "raise ulimit -f, or the limits with --limits"
        return ClaimlogError(f"{target.parent}: no file so large may be written here; {remedy}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ClaimlogError(f"{target.parent}: is full ({error.strerror}); {MAKE_ROOM}")
    where = error.filename or source
    return ClaimlogError(f"{where}: {error.strerror or error}; the archive was not checked")


def _checked_folder(source: Path, archive: zipfile.ZipFile) -> str:
    """Return the one folder that all members lie in.

    Raises
    ------
    ClaimlogError
        If a member's name, size or place is not as `write_archive` makes it.
    """
    members = archive.infolist()
    if len(members) > MAX_FILES:
        raise ClaimlogError(f"{source.name}: has more than {MAX_FILES:,} members; {REMEDY}")
    names: set[str] = set()
    directories: set[str] = set()
    folders = set()
    for info in members:
        parts = PurePosixPath(info.filename).parts
        plain = "/".join(parts) == info.filename and "\\" not in info.filename
        if info.filename.startswith("/") or ".." in parts or not plain or len(parts) < 2:
            raise _member_error(source, info.filename, "its name could lead out of the directory")
        if len(parts) > MAX_DEPTH + 1:
            raise _member_error(
                source, info.filename, f"it lies more than {MAX_DEPTH} directories deep"
            )
        if any(len(os.fsencode(part)) > NAME_BYTES for part in parts):
            raise _member_error(
                source, info.filename, f"a part of its name has more than {NAME_BYTES} bytes"
            )
        if info.filename in names:
            raise _member_error(source, info.filename, "it is there twice")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise _member_error(source, info.filename, "it is compressed, which a release never is")
        names.add(info.filename)
        directories.update("/".join(parts[:at]) for at in range(1, len(parts)))
        folders.add(parts[0])
    for name in sorted(names & directories):
        raise _member_error(source, name, "other members lie in it as in a directory")
    _refuse_overlap(source, members, archive.start_dir)
    if len(folders) != 1:
        raise ClaimlogError(f"{source.name}: holds no single directory of a release; {REMEDY}")
    return folders.pop()


def _refuse_overlap(source: Path, members: Sequence[zipfile.ZipInfo], end: int) -> None:
    """Refuse members that do not follow each other from the first byte to the directory.

    Members that share bytes would unpack to many times the archive's size.
    """
    position = 0
    with source.open("rb") as file:
        for info in members:
            file.seek(position)
            head = file.read(HEADER.size)
            if info.header_offset != position or len(head) < HEADER.size:
                raise _member_error(
                    source, info.filename, "it does not follow the member before it"
                )
            name, extra = HEADER.unpack(head)
            position += HEADER.size + name + extra + info.file_size
            if position > end:
                raise _member_error(
                    source, info.filename, "it claims to be larger than the archive"
                )
    if position != end:
        raise ClaimlogError(f"{source.name}: holds bytes that belong to no member; {REMEDY}")


def _member_error(source: Path, name: str, reason: str) -> ClaimlogError:
    return ClaimlogError(f"{source.name}: member {name[:200]!r} is refused: {reason}; {REMEDY}")
