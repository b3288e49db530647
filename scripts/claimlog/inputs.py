"""What a build depends on, as one hash: whether there is anything to do.

Imports nothing heavy, so that an unchanged build answers at once.
"""

from __future__ import annotations

import importlib.metadata
from hashlib import sha256
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.package import DESCRIPTOR, Package, read_json

MARK = "datasette/inputs.sha256"
LIBRARIES = ("adbc-driver-sqlite", "narwhals", "pandera", "polars", "pyarrow")


def fingerprint(package: Package, as_of: str | None, texts: Path | None) -> str:
    """Return a hash of everything that a build depends on: data, schemas, code, libraries."""

    digest = sha256()
    code = Path(__file__).parent
    roots = [
        package.root / DESCRIPTOR,
        package.events,
        package.schemas,
        package.root / "releases",
        code,
    ]
    for root in [*roots, *([texts] if texts else [])]:
        paths = [root] if root.is_file() else sorted(root.rglob("*"))
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{root.name}/{path.relative_to(root).as_posix()}\0".encode())
                digest.update(sha256(path.read_bytes()).digest())
    for library in LIBRARIES:
        digest.update(f"{library}={importlib.metadata.version(library)}\0".encode())
    digest.update(f"as-of={as_of} git={_git_state(package)}".encode())
    return digest.hexdigest()


def _git_state(package: Package) -> str:
    """Return what git refs say, because released batches are checked against the last tag."""
    refs = package.root / ".git" / "refs" / "tags"
    packed = package.root / ".git" / "packed-refs"
    names = sorted(path.name for path in refs.iterdir()) if refs.is_dir() else []
    return f"{names}{packed.stat().st_mtime_ns if packed.is_file() else ''}"


def is_current(out: Path, mark: str) -> bool:
    """Whether `out` was built from the inputs that `mark` is the fingerprint of, and is intact."""
    try:
        built: dict[str, Any] = read_json(out / DESCRIPTOR, "build")
        return (out / MARK).read_text().strip() == mark and all(
            (out / resource["path"]).stat().st_size == resource["bytes"]
            for resource in built["resources"]
        )
    except (ClaimlogError, OSError):
        return False
