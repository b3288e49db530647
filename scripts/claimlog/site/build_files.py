"""Files of the build that is served, as the descriptor beside its database lists them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.limits import DOCUMENT_BYTES
from claimlog.media_types import JSON
from claimlog.package import DESCRIPTOR
from claimlog.site.store import Row, Store
from claimlog.untrusted_files import parse_json, read_regular

DESCRIPTION = "The descriptor: what every table and column of these files means, with their hashes."

Files = dict[str, tuple[Path, Row]]
"""Path and description of each file of a build, by the name of the file."""


async def build_files(store: Store) -> list[Row]:
    """Return the files of a build with their format, rows, bytes and SHA-256."""
    return [row for _, row in (await files_by_name(store)).values()]


async def files_by_name(store: Store) -> Files:
    """Return path and description of each file of a build, its descriptor among them."""
    return await store.memoize("files of the build", _read_files)


async def _read_files(store: Store) -> Files:
    if store.database.path is None:
        return {}
    folder = Path(store.database.path).resolve().parent
    try:
        data = read_regular(folder / DESCRIPTOR, DESCRIPTOR, DOCUMENT_BYTES)
        descriptor = parse_json(data, DESCRIPTOR)
    except ClaimlogError:
        return {}
    resources = [
        *descriptor.get("resources", []),
        {
            "name": "descriptor",
            "path": DESCRIPTOR,
            "title": "Data Package",
            "description": DESCRIPTION,
            "mediatype": JSON,
            "bytes": len(data),
            "hash": f"sha256:{sha256(data).hexdigest()}",
        },
    ]
    files: Files = {}
    for item in resources:
        path = folder / item["path"]
        if not _is_of_build(path, folder):
            continue
        files[path.name] = (
            path,
            {
                "file": path.name,
                "name": item["name"],
                "title": item.get("title") or item["name"],
                "description": item.get("description") or "",
                "mediatype": item["mediatype"],
                "format": item.get("format") or path.suffix.removeprefix("."),
                "rows": item.get("rows"),
                "bytes": item["bytes"],
                "sha256": item["hash"].removeprefix("sha256:"),
            },
        )
    return files


def _is_of_build(path: Path, folder: Path) -> bool:
    """Whether a path leads to a regular file of a build by no link; a clone may bring its build."""
    try:
        return path.resolve(strict=True) == path and path.is_relative_to(folder) and path.is_file()
    except (OSError, ValueError, RuntimeError):
        return False
