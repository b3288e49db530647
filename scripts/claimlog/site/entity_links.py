"""Links to the entities that a row refers to, with what they are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from claimlog.file_names import path_segment
from claimlog.schema.register_config import RegisterConfig
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Row, Store, json_list

LABELS = {
    "sources": ("source_id", "title"),
    "actors": ("actor_id", "name"),
    "incidents": ("incident_id", "title"),
    "claims": ("claim_id", "statement"),
}
"""By stream with a page for each entity, its identifier and what it is called."""


def register_configs(datasette: Any) -> tuple[RegisterConfig, ...]:
    """Return the registers of a served dataset, which a release may lack: see `store_registers`."""
    return tuple(map(RegisterConfig.from_json, dataset_metadata(datasette).get("registers", ())))


async def store_registers(store: Store) -> tuple[RegisterConfig, ...]:
    """Return the registers as a database has them, each with those columns that are there."""
    return await store.memoize("registers", _store_registers)


async def _store_registers(store: Store) -> tuple[RegisterConfig, ...]:
    tables = await store.tables()
    limited = (one.limited_to(tables) for one in register_configs(store.datasette))
    return tuple(one for one in limited if one is not None)


async def entity_links(store: Store, stream: str, names: Iterable[str]) -> list[Row]:
    """Return identifier, label and path of entities; one that is not live is its own label."""
    wanted = [*dict.fromkeys(map(str, names))]  # a release may hold what is no identifier
    known = await stream_labels(store)
    if stream not in known or not wanted:
        return [{"id": name, "label": name, "path": None} for name in wanted]
    key, label = known[stream]
    rows = await store.rows(
        f'select "{key}" as id, "{label}" as label from "{stream}" '
        f'where "{key}" in (select value from json_each(:names))',
        names=json_list(wanted),
    )
    labels = {row["id"]: row["label"] for row in rows}
    return [
        {
            "id": name,
            "label": labels.get(name) or name,
            "path": f"/{stream}/{path_segment(name)}",
        }
        for name in wanted
    ]


async def actor_names(store: Store, actors: Iterable[str]) -> dict[str, str]:
    """Return the names of those actors that are registered."""
    rows = await store.rows(
        "select actor_id, name from actors where actor_id in (select value from json_each(:ids))",
        ids=json_list(actors),
    )
    return {row["actor_id"]: row["name"] for row in rows}


async def stream_labels(store: Store) -> dict[str, tuple[str, str]]:
    """Return, by stream with pages, its identifier and the column by which its rows are called."""
    found = await store_registers(store)
    return LABELS | {one.name: (one.id, one.label or one.id) for one in found}
