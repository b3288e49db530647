"""Where a release is written: what claimlog made there before gives way, and all else stays.

Two checkouts may release one version into a directory that both write to. So what lies there is
held against the release that is written by whatever says which one it is: the log that it holds,
signatures beside it, and the entry of the index that `publish directory` puts there last.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.log.release_index import ReleaseEntry
from claimlog.package import DESCRIPTOR, SUMS, Package
from claimlog.release.archive import member_digests, read_member
from claimlog.release.authenticity import CHECKPOINT_SUFFIX
from claimlog.release.checkpoint import parse_checkpoint
from claimlog.release.checksums import parse_sums, sha256_of_file
from claimlog.release.release_file_names import release_paths
from claimlog.release.release_limits import SUMS_BYTES
from claimlog.release.release_statement import (
    STATEMENT_SUFFIX,
    ReleaseStatement,
    parse_statement,
)
from claimlog.release.walk_release import is_solid_file, relative_paths, require_solid_file
from claimlog.untrusted_files import parse_json, read_regular

STAYS = "so it stays; name another directory with --out, or move it away"


def require_own_release(
    package: Package, name: str, version: str, out: Path, trees: Collection[tuple[int, bytes]]
) -> None:
    """Refuse a place where something else lies than a release of this log that claimlog made.

    A link, which a clone may bring, gives way, and what it leads to stays.

    Parameters
    ----------
    name, version
        Of the release that is written to `out`.
    trees
        Sizes and roots that the log has had.

    Raises
    ------
    ClaimlogError
        Naming the directory, a file in it, or the archive.
    """
    folder, archive = release_paths(name, version, out)
    if folder.exists() and not folder.is_symlink():
        _require_own_folder(folder, package.relative(folder), name, version, trees)
    if archive.exists() and not archive.is_symlink():
        require_own_archive(package, archive, name, version, trees)


def _require_own_folder(
    folder: Path, shown: str, name: str, version: str, trees: Collection[tuple[int, bytes]]
) -> None:
    """Refuse a directory that holds a file which is none of the release; it may be empty."""
    sums = descriptor = b""
    if folder.is_dir():
        if not (files := relative_paths(folder)):
            return
        with suppress(ClaimlogError):
            sums, descriptor = (
                read_regular(folder / file, file, SUMS_BYTES, folder) for file in (SUMS, DESCRIPTOR)
            )
    if not _describes(descriptor, name, version):
        raise ClaimlogError(f"{shown}: is no directory of release {version} of {name}, {STAYS}")
    _require_own_log(descriptor, shown, version, trees)
    solid = {file for file in files if is_solid_file(folder / file)}
    digests = {file: sha256_of_file(folder / file) if file in solid else "" for file in files}
    _require_own_files(digests, sums, shown, version)


def _require_own_files(digests: Mapping[str, str], sums: bytes, shown: str, version: str) -> None:
    """Refuse a release with a file that is none of it, or was changed."""
    listed, _ = parse_sums(sums.decode("utf-8", "replace"))
    for file, digest in digests.items():
        if file == SUMS or digest == listed.get(file):
            continue
        if file in listed and digest:
            message = f"was changed after release {version} was made"
        else:
            message = f"is no file of release {version}"
        raise ClaimlogError(f"{shown}/{file}: {message}, {STAYS}")


def _require_own_log(
    descriptor: bytes, shown: str, version: str, trees: Collection[tuple[int, bytes]]
) -> None:
    """Refuse a release that another checkout made of another log."""
    log = parse_json(descriptor, DESCRIPTOR).get("log")
    stated = (log.get("tree_size"), log.get("root")) if isinstance(log, dict) else None
    if stated not in [(size, root.hex()) for size, root in trees]:
        message = f"is of release {version} of another log, which this one does not continue"
        raise ClaimlogError(f"{shown}: {message}, {STAYS}")


def require_own_archive(
    package: Package,
    archive: Path,
    name: str,
    version: str,
    trees: Collection[tuple[int, bytes]],
    others: Collection[str] = (),
) -> None:
    """Refuse a file in the place of an archive that is none, or of another release or log.

    Parameters
    ----------
    trees
        Sizes and roots that the log has had.
    others
        SHA-256 of ``SHA256SUMS`` of issues that it may not be.

    Raises
    ------
    ClaimlogError
        Naming it.
    """
    shown = package.relative(archive)
    try:
        require_solid_file(archive, shown)
        descriptor, sums = (
            read_member(archive, file, SUMS_BYTES) or b"" for file in (DESCRIPTOR, SUMS)
        )
        digests = member_digests(archive)
    except ClaimlogError:
        descriptor = sums = b""
        digests = {}
    if not _describes(descriptor, name, version):
        raise ClaimlogError(f"{shown}: is no archive of release {version} of {name}, {STAYS}")
    if sha256(sums).hexdigest() in others:
        raise ClaimlogError(f"{shown}: is another issue of {version} by the index, {STAYS}")
    _require_own_log(descriptor, shown, version, trees)
    _require_own_files(digests, sums, shown, version)


def _describes(descriptor: bytes, name: str, version: str) -> bool:
    try:
        found = parse_json(descriptor, DESCRIPTOR)
    except ClaimlogError:
        return False
    return (found.get("name"), found.get("version")) == (name, version)


def require_same_issue(
    package: Package, out: Path, release: ReleaseStatement, earlier: Collection[str] = ()
) -> None:
    """Refuse a place where a signature or an entry of an index is of another issue of a release.

    Parameters
    ----------
    release
        What a signature would state of the issue that is written to `out`.
    earlier
        SHA-256 of ``SHA256SUMS`` of issues that it takes the place of.

    Raises
    ------
    ClaimlogError
        Naming the file, also if it is no signature at all.
    """
    known = {release.sums, *earlier}
    for suffix, is_of in (
        (STATEMENT_SUFFIX, _is_statement_of),
        (CHECKPOINT_SUFFIX, _is_checkpoint_of),
        (".json", _is_no_other_entry),
    ):
        path = out / f"{release.name}-{release.version}{suffix}"
        if os.path.lexists(path) and not is_of(path, release, known):
            raise ClaimlogError(
                f"{package.relative(path)}: is not of this issue of {release.version}, {STAYS} if "
                "nobody has that one"
            )


def _is_statement_of(path: Path, release: ReleaseStatement, known: Collection[str]) -> bool:
    try:
        _, found = parse_statement(_read_beside(path), path.name)
    except ClaimlogError:
        return False
    own = (release.name, release.version)
    return (found.name, found.version) == own and found.sums in known


def _is_checkpoint_of(path: Path, release: ReleaseStatement, _: Collection[str]) -> bool:
    try:
        found, _signatures = parse_checkpoint(_read_beside(path), path.name)
    except ClaimlogError:
        return False
    return (found.size, found.root.hex()) == (release.size, release.root)


def _is_no_other_entry(path: Path, _: ReleaseStatement, known: Collection[str]) -> bool:
    """Whether a file is an entry of known issues, or none at all: nothing is written to it."""
    try:
        found = ReleaseEntry(parse_json(_read_beside(path), path.name), path.name)
        return any(issue["files"][SUMS] in known for issue in found.issues)
    except (ClaimlogError, KeyError, TypeError):
        return True


def _read_beside(path: Path) -> bytes:
    return read_regular(path, path.name, SUMS_BYTES, path.parent)
