"""Downloads: the files of the build that is served, as its descriptor lists them."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.plugins import pm
from datasette.utils.asgi import AsgiFileDownload

from claimlog.package import DESCRIPTOR
from claimlog.site.pages import Asked, Missing, page
from claimlog.site.store import Row, Store

TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".db": "application/vnd.sqlite3",
    ".json": "application/json",
}


class Sent(Exception):
    """A page whose answer is a file: pages give data, so the file takes this way out."""

    def __init__(self, answer: AsgiFileDownload) -> None:
        super().__init__("a file")
        self.answer = answer


class Files:
    """A plugin of one hook: answers with the file that a page sent."""

    __name__ = "claimlog-files"  # of no module, so that Datasette seeks no templates beside it

    @hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]  # Datasette ships no types
    def handle_exception(self, exception: Exception) -> Generator[None, Any, None]:
        # a wrapper, because Datasette would log the file as a failure beside any other answer
        outcome = yield
        if isinstance(exception, Sent):
            outcome.force_result([exception.answer])


if not pm.has_plugin(Files.__name__):
    pm.register(Files(), Files.__name__)


@page(r"/downloads", "claimlog_downloads.html")
async def downloads(store: Store, _asked: Asked) -> Mapping[str, Any]:
    """Return the files of the build with rows, bytes and SHA-256."""
    listed = [row for _, row in _listed(store).values()]
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
async def download(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Send a file, if the descriptor of the build lists one of just that name."""
    name = asked.parts["file"]
    path, _ = _listed(store).get(name, (None, None))
    if path is None or not path.is_file():
        raise Missing(f"There is no file {name[:60]} to download. The page Downloads lists them.")
    raise Sent(AsgiFileDownload(str(path), path.name, TYPES.get(path.suffix)))


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
                "format": item.get("format") or path.suffix.removeprefix("."),
                "rows": item.get("rows"),
                "bytes": item["bytes"],
                "sha256": item["hash"].removeprefix("sha256:"),
            },
        )
    return found
