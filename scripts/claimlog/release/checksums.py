"""The list of checksums of a release, `SHA256SUMS`: writing it, and holding files against it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from hashlib import file_digest, sha256
from io import StringIO
from pathlib import Path

from claimlog.errors import ClaimlogError, Finding
from claimlog.log.read_file import read_bytes
from claimlog.package import SUMS
from claimlog.release.walk_release import GET_AGAIN, is_solid_file, relative_paths
from claimlog.untrusted_files import hole_flaw

SUMS_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[^\n]+)")
RULE = "release-files"
LINE_ENDS = "release-line-ends"
MAX_LISTED = 20
TEXT_SUFFIXES = ("", ".cff", ".csv", ".json", ".jsonld", ".md", ".ndjson", ".sql", ".txt")
LINE_END_CHECK_BYTES = 64 << 20
"""Largest file that is compared without its line ends, to see whether only these differ."""


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
    # one after the other: a stranger's list may have millions of lines that are none, or no end
    for number, line in enumerate(StringIO(text), 1):
        match = SUMS_LINE.fullmatch(line.removesuffix("\n"))
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
