"""Downloads: the files of the build that is served, as its descriptor lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasette.utils.asgi import AsgiFileDownload, AsgiStream

from claimlog.package import DESCRIPTOR
from claimlog.site.pages import Asked, Missing, page
from claimlog.site.spreadsheet import safe_csv
from claimlog.site.store import Row, Store

TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".db": "application/vnd.sqlite3",
    ".json": "application/json",
}


@page(r"/downloads", "claimlog_downloads.html")
async def downloads(store: Store, _asked: Asked) -> Mapping[str, Any]:
    """Return the files of the build with rows, bytes and SHA-256."""
    listed = listed_files(store)
    parquet = [row for row in listed if row["format"] == "parquet"]
    return {
        "title": "Downloads",
        "database": next((row for row in listed if row["file"] == f"{store.name}.db"), None),
        "parquet": parquet,
        "others": [row for row in listed if row["file"].endswith(".json")],
        "bytes": sum(row["bytes"] for row in parquet),
        "example": next(
            (row["file"] for row in parquet if row["name"] == "claims"),
            parquet[0]["file"] if parquet else None,
        ),
    }


@page(r"/downloads/(?P<file>[^/]+)", "claimlog_missing.html")
async def download(store: Store, asked: Asked) -> AsgiFileDownload | AsgiStream:
    """Send a file that the descriptor of the build lists by just that name, or a table as CSV."""
    name = asked.parts["file"]
    if name.endswith(".csv"):
        table, _ = _listed(store).get(f"{name.removesuffix('.csv')}.parquet", (None, None))
        if table is not None and table.is_file():
            return safe_csv(table)
    path, _ = _listed(store).get(name, (None, None))
    if path is None or not path.is_file():
        raise Missing(f"There is no file {name[:60]} to download. The page Downloads lists them.")
    return AsgiFileDownload(str(path), path.name, TYPES.get(path.suffix))


def listed_files(store: Store) -> list[Row]:
    """Return the files of the build that is served, as its descriptor lists them."""
    return [row for _, row in _listed(store).values()]


def _listed(store: Store) -> dict[str, tuple[Path, Row]]:
    """Return the files of a build that is served, by name: where each lies and what it is."""
    at = store.datasette.databases[store.name].path
    if at is None:
        return {}
    folder = Path(at).resolve().parent
    try:
        descriptor = json.loads((folder / DESCRIPTOR).read_bytes())
    except (OSError, ValueError):
        return {}
    found = {}
    for item in descriptor.get("resources", []):
        path = folder / item["path"]
        found[path.name] = (
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
    return found
