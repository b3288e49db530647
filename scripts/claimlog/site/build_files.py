"""Files of the build that is served, as the descriptor beside its database lists them."""

from __future__ import annotations

import json
from pathlib import Path

from claimlog.package import DESCRIPTOR
from claimlog.site.store import Row, Store


def build_files(store: Store) -> list[Row]:
    """Return the files of a build with their format, rows, bytes and SHA-256."""
    return [row for _, row in files_by_name(store).values()]


def files_by_name(store: Store) -> dict[str, tuple[Path, Row]]:
    """Return path and description of each file of a build, by the name of the file."""
    if store.database.path is None:
        return {}
    folder = Path(store.database.path).resolve().parent
    try:
        descriptor = json.loads((folder / DESCRIPTOR).read_bytes())
    except (OSError, ValueError):
        return {}
    files: dict[str, tuple[Path, Row]] = {}
    for item in descriptor.get("resources", []):
        path = folder / item["path"]
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
