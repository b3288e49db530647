"""Opening a release or build: found, fetched if it is an address, verified, its list read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from claimlog.dataset.dataset import Dataset
from claimlog.dataset.file_access import (
    AddressFiles,
    ArchiveFiles,
    FileAccess,
    FolderFiles,
    copy_name,
    fetch_archive,
    fetch_files,
    last_part,
    scratch_directory,
)
from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.release_index import ReleaseEntry, read_index
from claimlog.package import DESCRIPTOR, RELEASE, SUMS, Package
from claimlog.release.checksums import parse_sums
from claimlog.release.release_limits import SUMS_BYTES
from claimlog.release.release_statement import STATEMENT_SUFFIX
from claimlog.release.release_verdict import Verdict
from claimlog.release.verify_process import verify_in_process
from claimlog.release.walk_release import GET_AGAIN
from claimlog.untrusted_files import parse_json
from claimlog.web_client import WebClient
from claimlog.web_origins import require_address

CHECKS = ("all", "checksums")
WEB = ("http://", "https://")


def open_dataset(
    source: str | os.PathLike[str],
    check: str = "all",
    key: str | os.PathLike[str] | None = None,
    index: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Open a release or build; `claimlog.open` says what the parameters are."""
    if check not in CHECKS:
        raise UsageError(f"check={check!r}: expected one of {', '.join(CHECKS)}")
    if check == "checksums" and (key is not None or index is not None):
        raise UsageError('check="checksums": neither key nor index is looked at; leave them out')
    verification = _Verification(check, key, index)
    if isinstance(source, str) and source.lower().startswith(WEB):
        return _open_address(source, verification)
    path = Path(source)
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError as error:  # a name too long, a directory that may not be searched
        raise UsageError(f"{str(path)[:200]}: cannot be opened ({error.strerror})") from error
    if is_folder:
        return _open_folder(path, verification)
    if not is_file:
        raise UsageError(
            f"{path}: is neither the directory nor the zip of a release, nor a build, nor an "
            "address of https"
        )
    return _release(ArchiveFiles(path), verification.verdict(path))


class _Verification:
    """How a release is checked before anything is read from it."""

    def __init__(
        self,
        check: str,
        key: str | os.PathLike[str] | None,
        index: str | os.PathLike[str] | None,
    ) -> None:
        self.is_full = check == "all"
        self.key = None if key is None else Path(key)
        self.package = None if index is None else Package.find(Path(index))

    def verdict(self, target: Path) -> Verdict | None:
        """Verify a release as `claimlog verify` does; None if only checksums are wanted.

        Raises
        ------
        ClaimlogError
            If anything is wrong with it.
        """
        if not self.is_full:
            return None
        entries: list[ReleaseEntry] | None = None
        place = ""
        if self.package is not None:
            entries, place = read_index(self.package), str(self.package.root.resolve())
        verdict = verify_in_process(target, entries, self.key, place=place)
        if verdict.findings:
            number = len(verdict.findings)
            more = f" ({number} findings; claimlog verify lists them)" if number > 1 else ""
            raise ClaimlogError(f"{target.name}: {verdict.findings[0]}{more}; nothing was read")
        if self.key is not None:
            verdict.require_signature(target.name, "nothing was read")
        return verdict


def _open_folder(folder: Path, verification: _Verification) -> Dataset:
    if (folder / SUMS).is_file() or (folder / RELEASE).is_file():
        return _release(FolderFiles(folder), verification.verdict(folder))
    if (folder / "schemas").is_dir() and (folder / DESCRIPTOR).is_file():
        folder = Package(folder).build
    if not (folder / DESCRIPTOR).is_file():
        raise UsageError(
            f"{folder}: holds neither a release nor a build; name one, or make one: claimlog build"
        )
    return _build(FolderFiles(folder), verification)


def _open_address(url: str, verification: _Verification) -> Dataset:
    url = require_address(url, "claimlog.open")
    client = WebClient()
    if last_part(url).endswith(".zip"):
        scratch = scratch_directory()
        suffixes = (STATEMENT_SUFFIX,) if verification.key else ()
        path = fetch_archive(client, url, Path(scratch.name), suffixes)
        return _release(ArchiveFiles(path), verification.verdict(path), scratch)
    files = AddressFiles(url, client)
    if files.read(SUMS, SUMS_BYTES) is None:
        if verification.is_full:
            # a server that leaves the list out must not choose that nothing is verified
            raise ClaimlogError(
                f"{url}: has no {SUMS}, so there is nothing to verify it by; if it is a build that "
                'you trust, open it with check="checksums"'
            )
        return _build(files, verification)
    if not verification.is_full:
        return _release(files, None)
    scratch = scratch_directory()
    folder = Path(scratch.name, copy_name(url))
    fetch_files(files, [SUMS, *_sums(files)], folder)
    return _release(FolderFiles(folder), verification.verdict(folder), scratch)


def _release(
    files: FileAccess,
    verdict: Verdict | None,
    scratch: tempfile.TemporaryDirectory[str] | None = None,
) -> Dataset:
    digests = _sums(files, verdict)
    descriptor, summary = (
        parse_json(_listed(files, name, digests), name) for name in (DESCRIPTOR, RELEASE)
    )
    return Dataset(files, digests, descriptor, summary, verdict, scratch)


def _build(files: FileAccess, verification: _Verification) -> Dataset:
    """Open a build, whose descriptor has the checksums of its files."""
    if verification.key is not None or verification.package is not None:
        raise UsageError(f"{files.display}: is a build, which neither key nor index vouch for")
    data = files.read(DESCRIPTOR, SUMS_BYTES)
    if data is None:
        raise ClaimlogError(f"{files.display}: holds neither {SUMS} nor {DESCRIPTOR}")
    descriptor = parse_json(data, DESCRIPTOR)
    resources = descriptor.get("resources")
    digests = {
        str(item.get("path")): str(item.get("hash")).removeprefix("sha256:")
        for item in (resources if isinstance(resources, list) else ())
        if isinstance(item, dict)
    }
    return Dataset(files, digests, descriptor, None)


def _sums(files: FileAccess, verdict: Verdict | None = None) -> dict[str, str]:
    """Return the list of checksums, which is the one that was verified if anything was."""
    data = files.read(SUMS, SUMS_BYTES)
    if data is None:
        raise ClaimlogError(f"{files.display}: holds no {SUMS}; {GET_AGAIN}")
    if verdict is not None and sha256(data).hexdigest() != verdict.sums:
        raise ClaimlogError(
            f"{files.display}: was exchanged while it was verified, {SUMS} is another one now; "
            "nothing was read, open it again"
        )
    listed, findings = parse_sums(data.decode("utf-8", "replace"))
    if findings:
        raise ClaimlogError(f"{files.display}: {findings[0]}")
    return listed


def _listed(files: FileAccess, name: str, digests: Mapping[str, str]) -> bytes:
    data = files.read(name, SUMS_BYTES)
    if data is None or sha256(data).hexdigest() != digests.get(name):
        raise ClaimlogError(
            f"{files.display}: {name} is not the file that {SUMS} lists; {GET_AGAIN}"
        )
    return data
