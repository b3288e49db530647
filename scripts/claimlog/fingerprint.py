"""Fingerprints of what a build depends on: one of all its inputs, one of the code alone.

Imports nothing heavy, so that an unchanged build answers at once.
"""

from __future__ import annotations

import importlib.metadata
import os
import stat
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import unidata_version

from claimlog.checkout import Checkout
from claimlog.errors import ClaimlogError
from claimlog.file_digests import FileDigests
from claimlog.git import CheckoutError
from claimlog.limits import (
    DEFINITION_BYTES,
    DEFINITION_FILES,
    FILE_BYTES,
    TEXT_BYTES,
    TEXTS_BYTES,
    TEXTS_FILES,
)
from claimlog.package import DESCRIPTOR, Package
from claimlog.untrusted_files import consists_of_holes, files_below, parse_json, read_regular

MEMORY_BYTES = 1 << 20
"""Bytes of rows up to which a log is read into memory; of a larger one the parts are cached."""

MANIFEST = "batch.json"
TAKEDOWNS = "takedowns.json"
LIBRARIES = (
    *("adbc-driver-sqlite", "frictionless", "jsonschema", "narwhals", "numpy", "orjson"),
    *("pandera", "polars", "pyarrow", "referencing", "regex", "rfc8785"),
)
"""What reads, checks, computes or writes what stands in a build."""

NOT_BUILDING = (
    *("__main__.py", "cli", "dataset", "desk", "edit", "interchange", "release", "site", "spark"),
    "start",
)
"""Modules that no build can depend on: they lie above `build` in the import contract."""


class Fingerprint(NamedTuple):
    """What a build is made from, as two hashes in hex.

    Attributes
    ----------
    inputs
        Of data, schemas, code, libraries and options.
    code
        Of schemas, code and libraries: how rows are read, checked and compiled.
    """

    inputs: str
    code: str


def bytes_of_rows(package: Package) -> int:
    """Return the size of the files of rows of all batches."""
    return sum(path.stat().st_size for path in files_of_rows(package))


def is_cached(package: Package) -> bool:
    """Whether a package's log is so large that its parts are cached."""
    return not package.archived and bytes_of_rows(package) > MEMORY_BYTES


def files_of_rows(package: Package) -> list[Path]:
    """Return the files of rows of all batches."""
    kinds = ("ndjson", "parquet")
    paths = (path for kind in kinds for path in package.events.glob(f"*/*.{kind}"))
    return [path for path in paths if stat.S_ISREG(path.lstat().st_mode)]


def package_digests(package: Package) -> FileDigests:
    """Return digests of a package's files, noted if its log is one that is cached."""
    return FileDigests(package if is_cached(package) else None)


def build_fingerprint(package: Package, as_of: str | None, texts: Path | None) -> Fingerprint:
    """Return the fingerprint of everything that a build depends on.

    Nothing is checked yet, so only what a batch or the index of releases may hold is read, and of
    a batch only files of the size that its manifest gives. Of anything else, which validation
    names, its kind and size stand for its content.
    """
    digests = package_digests(package)
    code = code_fingerprint(package)
    digest = sha256(code.encode())
    for name, content in _log_files(package, digests):
        digest.update(f"{name}\0".encode(errors="surrogateescape") + content)
    if texts is not None:
        _add_files(digest, texts, digests)
    digests.save()
    digest.update(f"as-of={as_of} git={_git_state(package)}".encode())
    return Fingerprint(digest.hexdigest(), code)


def code_fingerprint(package: Package) -> str:
    """Return a hash of what decides how a row is read, checked and compiled.

    These are the schemas and what `tool_fingerprint` covers.
    """
    digest = sha256()
    _add_files(digest, package.schemas, FileDigests(), package.root)
    _add_files(digest, package.root / TAKEDOWNS, FileDigests(), package.root)
    digest.update(tool_fingerprint().encode())
    return digest.hexdigest()


@cache
def tool_fingerprint() -> str:
    """Return a hash of the modules that a build may import, the libraries, and Python.

    With Python come its tables of Unicode.
    """
    digest = sha256()
    for path in sorted(Path(__file__).parent.iterdir()):
        if path.name not in NOT_BUILDING:
            _add_files(digest, path, FileDigests())
    digest.update(f"{sys.version}{unidata_version}\0".encode())
    for library in LIBRARIES:
        digest.update(f"{library}={importlib.metadata.version(library)}\0".encode())
    return digest.hexdigest()


def _is_as_stated(path: Path, status: os.stat_result, size: int | None) -> bool:
    is_regular = stat.S_ISREG(status.st_mode) and status.st_size == size
    return is_regular and not consists_of_holes(path, status)


def _log_files(package: Package, digests: FileDigests) -> Iterator[tuple[str, bytes]]:
    """Yield the names of descriptor, log and index of releases, each with the bytes it adds."""
    yield DESCRIPTOR, _definition_file(package, package.root / DESCRIPTOR)
    for path in _entries(package.events):
        name = package.relative(path)
        if path.is_symlink() or not path.is_dir():
            yield name, _kind_and_size(path)
            continue
        sizes = _sizes_in_manifest(package, path)
        for inner in _entries(path):
            status = inner.lstat()
            if inner.name == MANIFEST:
                content = _definition_file(package, inner)
            elif _is_as_stated(inner, status, sizes.get(inner.name)):
                content = bytes.fromhex(digests.of(inner))
            else:
                content = _kind_and_size(inner)
            yield f"{name}/{inner.name}", content
    for path in _entries(package.root / "releases"):
        is_entry = path.suffix == ".json"
        yield (
            package.relative(path),
            _definition_file(package, path) if is_entry else _kind_and_size(path),
        )


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a directory; nothing if it is a link, or none."""
    return [] if folder.is_symlink() or not folder.is_dir() else sorted(folder.iterdir())


def _sizes_in_manifest(package: Package, batch: Path) -> dict[str, int]:
    """Return the sizes of a batch's files by its manifest; none if it cannot be read."""
    display_path = package.relative(batch / MANIFEST)
    try:
        manifest = read_regular(batch / MANIFEST, display_path, FILE_BYTES, package.root)
        files = parse_json(manifest, display_path)["files"]
        return {name: int(entry["bytes"]) for name, entry in files.items()}
    except (ClaimlogError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def _definition_file(package: Package, path: Path) -> bytes:
    """Return the digest of a file of a definition; its kind and size if it cannot be one."""
    try:
        return sha256(read_regular(path, path.name, FILE_BYTES, package.root)).digest()
    except ClaimlogError:
        return _kind_and_size(path)


def _kind_and_size(path: Path) -> bytes:
    """Return kind and size of what is not read; of a link its target too."""
    try:
        status = path.lstat()
    except OSError as error:
        return f"{error.strerror}\0".encode()
    target = os.fsencode(path.readlink()) if stat.S_ISLNK(status.st_mode) else b""
    return f"{stat.S_IFMT(status.st_mode)} {status.st_size} ".encode() + target + b"\0"


def _add_files(digest: Any, root: Path, digests: FileDigests, inside: Path | None = None) -> None:
    """Add every file under `root`.

    Nothing is read that is larger than a text or, `inside` a package, than a definition may be, or
    that a link leads to out of the package: such a link adds its target's name, a large file its
    size.
    """
    most, largest, room = TEXTS_FILES, TEXT_BYTES, TEXTS_BYTES
    if inside is not None:
        most, largest, room = DEFINITION_FILES, FILE_BYTES, DEFINITION_BYTES
    paths: list[Path] | None = [root]
    if root.is_dir():
        try:
            paths = files_below(root, most)
        except OSError:
            paths = None
    if paths is None:
        digest.update(_name_bytes(f"{root.name}: too much"))
        return
    for path in paths:
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        digest.update(
            f"{root.name}/{path.relative_to(root).as_posix()}\0".encode("utf-8", "surrogateescape")
        )
        size = path.stat().st_size
        room -= size
        if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
            digest.update(_name_bytes(str(path.resolve())))
        elif size > largest or room < 0:
            digest.update(f"{size}\0".encode())
        else:
            digest.update(bytes.fromhex(digests.of(path)))


def _name_bytes(name: str) -> bytes:
    """Return a name and what ends it, also of a file whose name is no UTF-8."""
    return f"{name}\0".encode("utf-8", "surrogateescape")


def _git_state(package: Package) -> str:
    """Return the tags of the checkout, because released batches are checked against the last."""
    try:
        return Checkout.of(package).release_tags()
    except CheckoutError:
        return ""
