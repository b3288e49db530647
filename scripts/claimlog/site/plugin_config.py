"""What the build wrote about the dataset into this plugin's configuration, and the releases."""

from __future__ import annotations

from typing import Any

from claimlog.log.column_beginnings import AddedColumns
from claimlog.release.metadata import ReleaseMetadata
from claimlog.site.datasette_internals import site_metadata
from claimlog.site.store import Row, Store


def dataset_metadata(datasette: Any) -> dict[str, Any]:
    """Return what the build wrote for this plugin, empty for a server without it.

    Returns
    -------
    dict
        ``head``: what the package's descriptor says of the dataset; ``codebook_version``;
        ``tree_size`` and ``root`` of the log; ``presentation``: what ``schemas/site.json`` says;
        ``claim_references``: the stream that a column of claims refers to; ``registers``;
        ``taken_down``: the rows of the log that were taken down, if there are any.
        ``added_columns``: by stream, the columns that came with a later schema version, and the
        first batch that has each; ``retired_columns``: by stream, those that new rows leave empty.
        ``paged_releases``: versions of releases whose archives hold their pages.
    """
    # datasette.plugin_config would read a file where the package says {"$file": …}
    plugins = site_metadata(datasette).get("plugins") or {}
    config: dict[str, Any] = plugins.get("claimlog") or {}
    return config


def added_columns(datasette: Any, stream: str) -> AddedColumns:
    """Return the columns of a stream that its first rows did not have."""
    added: AddedColumns = dataset_metadata(datasette).get("added_columns", {}).get(stream, {})
    return added


def retired_columns(datasette: Any, stream: str) -> list[str]:
    """Return the columns of a stream that new rows leave empty, because they are retired."""
    retired: list[str] = dataset_metadata(datasette).get("retired_columns", {}).get(stream, [])
    return retired


async def release_rows(store: Store) -> list[Row]:
    """Return the releases that a database knows, newest first."""
    return await store.rows("select * from releases order by tree_size desc, version desc")


async def cited_release(store: Store) -> ReleaseMetadata | None:
    """Return what a citation says of the release that a store is, or of the newest it knows."""
    config = dataset_metadata(store.datasette)
    rows = await release_rows(store)
    release = next((row for row in rows if store.release in (None, row["version"])), None)
    if release is None or "head" not in config:
        return None
    return release_metadata(config, release)


def release_metadata(config: dict[str, Any], release: Row) -> ReleaseMetadata:
    """Return a row of the releases with the package's descriptor, as citations take it."""
    return ReleaseMetadata(
        head={**config["head"], "version": release["version"]},
        version=release["version"],
        date=release["date"],
        tables={},
        rows={},
        files=(),
        tree_size=release["tree_size"],
        root=release["root"],
        codebook_version=config["codebook_version"],
        coders=tuple(config.get("coders", ())),
        has_pages=release["version"] in config.get("paged_releases", ()),
    )
