"""The page of downloads, and the files that it offers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasette import NotFound

from claimlog.site.build_files import build_files, files_by_name
from claimlog.site.csv_stream import safe_csv
from claimlog.site.delivery.file_response import FileResponse
from claimlog.site.delivery.preconditions import request_headers
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.protection.piece_stream import PieceStream
from claimlog.site.store import Store


async def downloads(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the files of the build with rows, bytes and SHA-256."""
    files = await build_files(store)
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


async def download(store: Store, request: PageRequest) -> FileResponse | PieceStream:
    """Send a file that the descriptor lists by exactly that name, or a table of it as CSV."""
    name = request.identifiers["file"]
    files = await files_by_name(store)
    if name.endswith(".csv"):
        table, _ = files.get(f"{name.removesuffix('.csv')}.parquet", (None, None))
        if table is not None and table.is_file():
            return safe_csv(store.datasette, table)
    path, row = files.get(name, (None, None))
    if path is None or row is None or not path.is_file():
        raise PageNotFound(
            f"There is no file {name[:60]} to download. The page Downloads lists them."
        )
    return FileResponse(path, request.headers, row["sha256"])


async def database_file(datasette: Any, request: Any) -> FileResponse:
    """Send the database of the build, or of a release, as Datasette's own address gives it.

    Datasette would send all of it in pieces of 4 kB, and no part.
    """
    name = request.url_vars["database"]
    database = datasette.databases.get(name)
    if database is None or database.is_mutable or database.path is None:
        raise NotFound("There is no database of that name.")
    path, headers = Path(database.path), request_headers(request.scope["headers"])
    store = Store(datasette, name)
    listed, row = (await files_by_name(store)).get(path.name, (None, None))
    stated = row["sha256"] if row is not None and listed == path.resolve() else None
    return FileResponse(path, headers, stated)
