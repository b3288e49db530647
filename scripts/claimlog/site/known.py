"""What the server was told about the dataset, beside the database."""

from __future__ import annotations

from typing import Any

from claimlog.release.metadata import Facts
from claimlog.site.store import Row, Store


def told(datasette: Any) -> dict[str, Any]:
    """Return what the build wrote for this plugin: descriptor, codebook version, tree."""
    found: dict[str, Any] = datasette.plugin_config("claimlog") or {}
    return found


async def releases(store: Store) -> list[Row]:
    """Return the releases that a database knows, newest first."""
    return await store.rows("select * from releases order by tree_size desc, version desc")


async def facts_of(store: Store) -> Facts | None:
    """Return what a citation says of the release that a store is, or of the newest one it knows."""
    config = told(store.datasette)
    known = await releases(store)
    wanted = next((row for row in known if store.frozen in (None, row["version"])), None)
    if wanted is None or "head" not in config:
        return None
    return Facts(
        head={**config["head"], "version": wanted["version"]},
        version=wanted["version"],
        date=wanted["date"],
        tables={},
        rows={},
        files=(),
        tree_size=wanted["tree_size"],
        root=wanted["root"],
        codebook_version=config["codebook_version"],
        changes="",
    )
