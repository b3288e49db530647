"""Where a build may be written: a place with nothing but an earlier build, whichever made it.

A build is replaced as a whole, and with it whatever lies in its directory.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from claimlog.build_notes import FINGERPRINT_FILE, LOGICAL, UNLISTED
from claimlog.errors import ClaimlogError, reason
from claimlog.limits import MANIFEST_BYTES
from claimlog.package import DESCRIPTOR, VALIDATION, Package
from claimlog.untrusted_files import parse_json, read_regular

OWN_FILES = frozenset((*UNLISTED, FINGERPRINT_FILE, LOGICAL, VALIDATION))
SERVED = "datasette/releases"
"""Where a server that was told to serve a build in its place puts databases of releases."""

BESIDE_DATABASE = ("-journal", "-shm", "-wal")
"""What SQLite puts beside a database."""

DATABASES = (".db", ".new", *(f".db{end}" for end in BESIDE_DATABASE))

OF_PROGRAMS = ("_SUCCESS", ".DS_Store")
"""What Hadoop and macOS write into directories, and no person."""

REMEDY = "name another directory with --out, or move what is yours elsewhere"


def require_build_place(package: Package, out: Path) -> None:
    """Refuse to replace anything but a build, by a replacement that the user may have named.

    Raises
    ------
    ClaimlogError
        If `out` is a symbolic link, or exists and is neither empty nor a build, or holds a file
        that no build has.
    """
    package.refuse_links(out)
    shown = package.relative(out)
    if out.is_symlink():
        raise ClaimlogError(
            f"{shown}: is a symbolic link; name the directory itself with --out, or remove the link"
        )
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not out.is_dir() or not _is_build(out):
        raise ClaimlogError(
            f"{shown}: exists and is no build of ours; "
            "name another directory with --out, or remove it yourself"
        )
    try:
        if (name := _foreign_file(out, shown)) is not None:
            raise ClaimlogError(f"{shown}/{name}: is no file of the build there; {REMEDY}")
    except OSError as error:
        raise ClaimlogError(f"{shown}: cannot be read ({reason(error)}); {REMEDY}") from error


def _is_build(out: Path) -> bool:
    """Whether a directory has the mark of a build, of either engine; a release has neither."""
    return (out / DESCRIPTOR).is_file() and any(
        (out / name).is_file() for name in (FINGERPRINT_FILE, LOGICAL)
    )


def _foreign_file(out: Path, shown: str) -> str | None:
    """Return the name of a file that is not of the build in a directory; None if there is none."""
    own = OWN_FILES | _listed_files(out, shown)
    folders = {str(PurePosixPath(name).parent) for name in own}
    for folder, inner, names in os.walk(out):
        for name in (*names, *(name for name in inner if Path(folder, name).is_symlink())):
            path = Path(folder, name).relative_to(out).as_posix()
            if path in own or (folder == str(out / SERVED) and name.endswith(DATABASES)):
                continue
            if name in OF_PROGRAMS and str(PurePosixPath(path).parent) in folders:
                continue
            return path
    return None


def _listed_files(out: Path, shown: str) -> frozenset[str]:
    """Return the names of files that the descriptor of a build lists, and what SQLite adds."""
    data = read_regular(out / DESCRIPTOR, f"{shown}/{DESCRIPTOR}", MANIFEST_BYTES, out, REMEDY)
    try:
        resources = parse_json(data, DESCRIPTOR).get("resources")
    except ClaimlogError:  # its remedy is one for files of a checkout
        resources = None
    if not isinstance(resources, list):
        raise ClaimlogError(
            f"{shown}/{DESCRIPTOR}: lists no files, so that nobody knows which are those of a "
            f"build; if nothing of yours lies there, remove {shown} yourself"
        )
    listed = set[str]()
    for resource in resources:
        paths = resource.get("path") if isinstance(resource, dict) else None
        listed |= {str(path) for path in (paths if isinstance(paths, list) else [paths]) if path}
    beside = {name + end for name in listed if name.endswith(".db") for end in BESIDE_DATABASE}
    return frozenset(listed | beside)
