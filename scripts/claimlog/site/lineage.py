"""Lineage of sources: what each rests on, and how that is called on a page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from claimlog.fold.corroboration import Lineage
from claimlog.site.store import Codes, Row, Store

Given = TypeVar("Given")
Counted = TypeVar("Counted")


async def count_origins(
    count: Callable[[Given, Lineage], Counted], given: Given, store: Store
) -> Counted:
    """Return what is counted by the lineage of all sources, in a thread.

    It is walked for each group of origins, which takes long where many sources rest on many.
    """
    return await asyncio.to_thread(count, given, await source_lineage(store))


async def source_lineage(store: Store) -> Lineage:
    """Return what each source rests on (work, certainty), by any relation."""
    return await store.memoize("lineage", _source_lineage)


async def _source_lineage(store: Store) -> Lineage:
    edges: Lineage = {}
    for row in await store.rows("select source_id, derived_from_id, certainty from source_lineage"):
        edges.setdefault(row["source_id"], []).append((row["derived_from_id"], row["certainty"]))
    return edges


def labelled_edge(codes: Codes, edge: Row) -> Row:
    """Return an edge of the lineage with the labels of its relation and certainty."""
    return {
        **edge,
        "relation_label": codes.label("lineage_relation", edge["relation"]),
        "certainty_label": codes.label("certainty", edge["certainty"]),
    }
