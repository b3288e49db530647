"""What lies where in a release's directory, and its checksums."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

from claimlog.errors import Finding
from claimlog.package import Package

SUMS = "SHA256SUMS"
RELEASE = "release.json"
CHANGES = "CHANGES.md"
CHECKPOINT = "checkpoint"
LOG = "log"
"""The package at the release: events, schemas with the codebook, earlier releases."""

LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[^\n]+)")
RULE = "release-files"
AGAIN = "get the release again from where it was published"


def log_of(folder: Path) -> Package:
    """Return the package that a release holds."""
    return Package(folder / LOG, archived=True)


def paths(folder: Path) -> list[str]:
    """Return every file of a directory by its relative name, in order."""
    found = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file but the list of checksums itself."""
    return {name: digest(folder / name) for name in paths(folder) if name != SUMS}


def sums(found: dict[str, str]) -> str:
    """Return the list of checksums as ``sha256sum -c`` reads it."""
    return "".join(f"{value}  {name}\n" for name, value in sorted(found.items()))


def check_sums(folder: Path) -> Iterator[Finding]:
    """Yield what is missing, extra or altered against the release's own list of checksums."""
    path = folder / SUMS
    if not path.is_file():
        yield Finding(RULE, SUMS, "is missing, so no file can be checked", remedy=AGAIN)
        return
    listed: dict[str, str] = {}
    text = path.read_bytes().decode("utf-8", errors="replace")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        match = LINE.fullmatch(line)
        if match is None or match["name"] in listed:
            yield Finding(RULE, SUMS, "is no line of a checksum and a name", number, remedy=AGAIN)
            continue
        listed[match["name"]] = match["digest"]
    if sums(listed) != text:
        yield Finding(RULE, SUMS, "is not in the order and form of a release", remedy=AGAIN)
    there = paths(folder)
    for name in sorted(set(listed) | (set(there) - {SUMS})):
        if name not in there:
            yield Finding(RULE, name, f"is missing, {SUMS} lists it", remedy=AGAIN)
        elif name not in listed:
            yield Finding(RULE, name, f"is not listed in {SUMS}", remedy="remove it")
        elif (folder / name).is_symlink():
            yield Finding(RULE, name, "is a symbolic link", remedy=AGAIN)
        elif digest(folder / name) != listed[name]:
            yield Finding(
                RULE, name, f"is altered: its SHA-256 is not that in {SUMS}", remedy=AGAIN
            )
