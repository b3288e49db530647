"""The Web Annotation of a claim, from the tables of a build."""

from __future__ import annotations

from claimlog.interchange.web_annotation import annotation
from claimlog.site.plugin_config import cited_release
from claimlog.site.store import Row, Store


async def claim_annotation(store: Store, claim_id: str) -> Row | None:
    """Return the last version of a claim as an annotation; None if there is no such claim."""
    row = await store.row(
        "select * from claim_versions where claim_id = :name order by version desc limit 1",
        name=claim_id,
    )
    if row is None:
        return None
    source = await store.row(
        "select language, text_sha256 from sources where source_id = :id", id=row["source_id"]
    )
    release = await cited_release(store)
    is_released = release is not None and row["valid_from_seq"] < release.tree_size
    return annotation(row, source, release if is_released else None)
