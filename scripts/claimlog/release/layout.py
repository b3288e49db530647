"""What lies where in a release's directory, and its checksums."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from hashlib import file_digest, sha256
from pathlib import Path

from claimlog.errors import ClaimlogError, Finding
from claimlog.log.read_file import read_bytes
from claimlog.package import Package

SUMS = "SHA256SUMS"
RELEASE = "release.json"
CHANGES = "CHANGES.md"
CHECKPOINT = "checkpoint"
VALIDATION = "validation.json"
LICENCE = "LICENSE.txt"
LOG = "log"
"""The package at the release: events, schemas with the codebook, earlier releases."""

LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[^\n]+)")
RULE = "release-files"
LINE_ENDS = "release-line-ends"
MOST_LISTED = 20
MEMBERS = 100_000
"""Most files of a release: one of a log of ten million claims has some hundreds."""

DEPTH = 16
"""Levels of directories in a release: ours have four."""

TEXT_SUFFIXES = ("", ".cff", ".csv", ".json", ".jsonld", ".md", ".ndjson", ".sql", ".txt")
CONVERTED_BYTES = 64 << 20
"""Largest file of which it is looked whether only its line ends differ."""

AGAIN = "get the release again from where it was published"


def log_of(folder: Path) -> Package:
    """Return the package that a release holds."""
    return Package(folder / LOG, archived=True)


def entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield all below a directory that is no directory itself; links are not followed.

    Raises
    ------
    ClaimlogError
        If there is more of it, or deeper, than any release has, or a directory cannot be read.
    """
    below = [(os.fspath(folder), 0)]
    found = 0
    while below:
        place, depth = below.pop()
        try:
            with os.scandir(place) as listed:
                for entry in listed:
                    found += 1
                    if found > MEMBERS:
                        message = f"holds more than {MEMBERS:,} files and directories"
                        raise ClaimlogError(f"{folder.name}: {message}, which no release does")
                    if not entry.is_dir(follow_symlinks=False):
                        yield entry
                    elif depth < DEPTH:
                        below.append((entry.path, depth + 1))
                    else:
                        message = f"holds directories more than {DEPTH} levels deep"
                        raise ClaimlogError(f"{folder.name}: {message}, which no release does")
        except OSError as error:
            raise ClaimlogError(f"{place}: cannot be read ({error.strerror})") from error


def paths(folder: Path) -> list[str]:
    """Return every file of a directory by its relative name, in order."""
    return sorted(Path(entry.path).relative_to(folder).as_posix() for entry in entries(folder))


def is_plain(path: Path) -> bool:
    """Whether a path is a regular file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hex.

    Raises
    ------
    ClaimlogError
        If it cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise ClaimlogError(f"{path}: cannot be read ({error.strerror})") from error


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every regular file of a directory, by name."""
    return {name: digest(folder / name) for name in paths(folder) if is_plain(folder / name)}


def sums(found: dict[str, str]) -> str:
    """Return the list of checksums as ``sha256sum -c`` reads it; it does not list itself."""
    return "".join(f"{found[name]}  {name}\n" for name in sorted({*found} - {SUMS}))


def check_sums(folder: Path, found: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is missing, extra or altered against the release's own list of checksums.

    Parameters
    ----------
    found
        The SHA-256 of every regular file, by name.
    """
    path = folder / SUMS
    if path.is_symlink() or not path.is_file():
        yield Finding(RULE, SUMS, "is missing, so no file can be checked", remedy=AGAIN)
        return
    text = read_bytes(path, SUMS).decode("utf-8", errors="replace")
    listed, findings = _listed(text.replace("\r\n", "\n"))
    yield from findings
    there = paths(folder)
    converted = [SUMS] if "\r\n" in text else []
    for name in sorted({*listed, *there} - {SUMS}):
        flaw = _file_flaw(folder / name, listed.get(name), found.get(name), name in there)
        if flaw == CONVERTED:
            converted.append(name)
        elif flaw:
            remedy = "remove it" if name not in listed else AGAIN
            yield Finding(RULE, name, flaw, remedy=remedy)
    if converted:
        # one cause, one line: a version control system or an editor did it to all text files
        message = f"{len(converted)} text files have other line ends than the release, this first"
        remedy = "unpack the archive again, and keep core.autocrlf of git off"
        yield Finding(LINE_ENDS, converted[0], message, remedy=remedy)


CONVERTED = "has carriage returns that the release does not have"


def _listed(text: str) -> tuple[dict[str, str], list[Finding]]:
    """Return the digests of a list of checksums by name, and what is wrong with the list."""
    listed: dict[str, str] = {}
    findings = []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        match = LINE.fullmatch(line)
        if match is None or match["name"] in listed:
            message = "is no line of a checksum and a name"
            findings.append(Finding(RULE, SUMS, message, number, remedy=AGAIN))
            if len(findings) == MOST_LISTED:
                break
            continue
        listed[match["name"]] = match["digest"]
    if sums(listed) != text and not findings:
        message = "is not in the order and form of a release"
        findings.append(Finding(RULE, SUMS, message, remedy=AGAIN))
    return listed, findings


def _file_flaw(path: Path, expected: str | None, found: str | None, is_there: bool) -> str | None:
    """Say how a file differs from what the list of checksums says of it, or return None."""
    if not is_there:
        return f"is missing, {SUMS} lists it"
    if path.is_symlink():
        return "is a symbolic link"
    if found is None:
        return "is no regular file"
    if expected is None:
        return f"is not listed in {SUMS}"
    if found == expected:
        return None
    if path.suffix in TEXT_SUFFIXES and path.stat().st_size <= CONVERTED_BYTES:
        plain = read_bytes(path, str(path)).replace(b"\r\n", b"\n")
        if sha256(plain).hexdigest() == expected:
            return CONVERTED
    return f"is altered: its SHA-256 is not that in {SUMS}"
