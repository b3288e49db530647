"""Layout of a release's directory: names of its files, and its list of checksums."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from hashlib import file_digest, sha256
from pathlib import Path

from claimlog.errors import ClaimlogError, Finding
from claimlog.log.read_file import read_bytes
from claimlog.package import LOG, SUMS, Package
from claimlog.untrusted_files import hole_flaw, is_sparse

CHANGES = "CHANGES.md"
CHECKPOINT = "checkpoint"
VALIDATION = "validation.json"
LICENCE_FILE = "LICENSE-DATA"
"""The licence of the data as the package holds it; in a release it is `LICENCE`."""

LICENCE = "LICENSE.txt"
SITE = "site"
"""The pages of the release as plain files."""

SUMS_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[^\n]+)")
SUMS_BYTES = 64 << 20
"""A list of checksums or a descriptor: ours have some hundred kB."""

RULE = "release-files"
LINE_ENDS = "release-line-ends"
MAX_LISTED = 20
MAX_MEMBERS = 100_000
"""Most files of a release: one of a log of ten million claims has some hundreds."""

MAX_DEPTH = 16
"""Levels of directories in a release: ours have four."""

TEXT_SUFFIXES = ("", ".cff", ".csv", ".json", ".jsonld", ".md", ".ndjson", ".sql", ".txt")
LINE_END_CHECK_BYTES = 64 << 20
"""Largest file that is compared without its line ends, to see whether only these differ."""

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


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, hex.

    Raises
    ------
    ClaimlogError
        If it cannot be read, or is a sparse one, which would be read for hours.
    """
    try:
        with path.open("rb") as handle:
            if flaw := hole_flaw(os.fstat(handle.fileno())):
                raise ClaimlogError(f"{path}: {flaw}; it was not read")
            return file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise ClaimlogError(f"{path}: cannot be read ({error.strerror})") from error


def sha256_of_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every regular file of a directory but sparse ones, by name."""
    return {
        name: sha256_of_file(folder / name)
        for name in relative_paths(folder)
        if is_solid_file(folder / name)
    }


def dump_sums(digests: dict[str, str]) -> str:
    """Return a list of checksums as ``sha256sum -c`` reads it, without itself."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted({*digests} - {SUMS}))


def check_sums(folder: Path, digests: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is missing, extra or altered by the release's own list of checksums.

    Parameters
    ----------
    digests
        The SHA-256 of every regular file that could be read, by name.
    """
    path = folder / SUMS
    if path.is_symlink() or not path.is_file():
        yield Finding(RULE, SUMS, "is missing, so no file can be checked", remedy=GET_AGAIN)
        return
    if flaw := hole_flaw(path.stat()):
        yield Finding(RULE, SUMS, f"{flaw}; it was not read", remedy=GET_AGAIN)
        return
    text = read_bytes(path, SUMS).decode("utf-8", errors="replace")
    listed, findings = parse_sums(text.replace("\r\n", "\n"))
    yield from findings
    there = relative_paths(folder)
    converted = [SUMS] if "\r\n" in text else []
    for name in sorted({*listed, *there} - {SUMS}):
        flaw = _file_flaw(folder / name, listed.get(name), digests.get(name), name in there)
        if flaw == LINE_ENDS_DIFFER:
            converted.append(name)
        elif flaw:
            remedy = "remove it" if name not in listed else GET_AGAIN
            yield Finding(RULE, name, flaw, remedy=remedy)
    for place, folders, files in os.walk(folder):
        if not folders and not files:
            # SQLite takes one that is called as its write-ahead log for that, and opens nothing
            name = Path(place).relative_to(folder).as_posix()
            message = "is an empty directory, which no release has"
            yield Finding(RULE, name, message, remedy="remove it")
    if converted:
        # one cause, one line: a version control system or an editor did it to all text files
        message = f"{len(converted)} text files have other line ends than the release, this first"
        remedy = "unpack the archive again, and keep core.autocrlf of git off"
        yield Finding(LINE_ENDS, converted[0], message, remedy=remedy)


LINE_ENDS_DIFFER = "has carriage returns that the release does not have"


def parse_sums(text: str) -> tuple[dict[str, str], list[Finding]]:
    """Return the digests in a list of checksums by name, and findings about the list."""
    listed: dict[str, str] = {}
    findings = []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        match = SUMS_LINE.fullmatch(line)
        if match is None or match["name"] in listed:
            message = "is no line of a checksum and a name"
            findings.append(Finding(RULE, SUMS, message, number, remedy=GET_AGAIN))
            if len(findings) == MAX_LISTED:
                break
            continue
        listed[match["name"]] = match["digest"]
    if dump_sums(listed) != text and not findings:
        message = "is not in the order and form of a release"
        findings.append(Finding(RULE, SUMS, message, remedy=GET_AGAIN))
    return listed, findings


def _file_flaw(path: Path, expected: str | None, digest: str | None, is_there: bool) -> str | None:
    """Say how a file differs from what the list of checksums says of it, or return None."""
    if not is_there:
        return f"is missing, {SUMS} lists it"
    if path.is_symlink():
        return "is a symbolic link"
    if digest is None:
        flaw = hole_flaw(path.stat()) if path.is_file() else None
        return f"{flaw}; it was not read" if flaw else "is no regular file"
    if expected is None:
        return f"is not listed in {SUMS}"
    if digest == expected:
        return None
    if path.suffix in TEXT_SUFFIXES and path.stat().st_size <= LINE_END_CHECK_BYTES:
        plain = read_bytes(path, str(path)).replace(b"\r\n", b"\n")
        if sha256(plain).hexdigest() == expected:
            return LINE_ENDS_DIFFER
    return f"is altered: its SHA-256 is not that in {SUMS}"


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
