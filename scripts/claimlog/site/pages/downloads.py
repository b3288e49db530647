"""The page of downloads, and the files that it offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.build_files import build_files, files_by_name
from claimlog.site.datasette_internals import AsgiFileDownload, AsgiStream
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.spreadsheet import safe_csv
from claimlog.site.store import Store

MEDIA_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".db": "application/vnd.sqlite3",
    ".json": "application/json",
}


async def downloads(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the files of the build with rows, bytes and SHA-256."""
    files = build_files(store)
    parquet = [row for row in files if row["format"] == "parquet"]
    return {
        "title": "Downloads",
        "database": next((row for row in files if row["file"] == f"{store.name}.db"), None),
        "parquet": parquet,
        "others": [row for row in files if row["file"].endswith(".json")],
        "bytes": sum(row["bytes"] for row in parquet),
        "example": next(
            (row["file"] for row in parquet if row["name"] == "claims"),
            parquet[0]["file"] if parquet else None,
        ),
    }


async def download(store: Store, request: PageRequest) -> AsgiFileDownload | AsgiStream:
    """Send a file that the descriptor lists by exactly that name, or a table of it as CSV."""
    name = request.identifiers["file"]
    files = files_by_name(store)
    if name.endswith(".csv"):
        table, _ = files.get(f"{name.removesuffix('.csv')}.parquet", (None, None))
        if table is not None and table.is_file():
            return safe_csv(table)
    path, _ = files.get(name, (None, None))
    if path is None or not path.is_file():
        raise PageNotFound(
            f"There is no file {name[:60]} to download. The page Downloads lists them."
        )
    return AsgiFileDownload(str(path), path.name, MEDIA_TYPES.get(path.suffix))
