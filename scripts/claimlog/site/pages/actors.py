"""The page of actors by type: in how many claims each acts, is acted upon, or speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.page import PageRequest, memoize_page
from claimlog.site.store import Row, Store

TYPES = ("state", "alliance", "agency", "organization", "person", "group", "territory", "media")
"""Types of actors in the order in which they are listed."""

ROLES = ("from", "to", "speaker")
"""Who acts or holds the attitude, who is acted upon, and who speaks."""

LISTED, LISTED_TYPES = 300, 50
"""Actors of one type that the page lists, and types."""


@memoize_page
async def actors(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return all actors by type, with the number of claims in each role."""
    counts: dict[str, dict[str, int]] = {}
    for row in await store.rows(
        "select actor_id, role, count(*) as claims from claim_actors group by actor_id, role"
    ):
        counts.setdefault(row["actor_id"], {})[row["role"]] = row["claims"]
    rows = await store.rows(
        "select a.actor_id, a.name, a.actor_type, a.iso3, a.part_of, p.name as part_of_name "
        "from actors a left join actors p on p.actor_id = a.part_of "
        "order by a.name collate nocase, a.actor_id"
    )
    groups: dict[str, list[Row]] = {}
    for row in rows:
        row["claims"] = {role: counts.get(row["actor_id"], {}).get(role, 0) for role in ROLES}
        groups.setdefault(row["actor_type"], []).append(row)
    codes = await store.codes()
    order = sorted(groups, key=lambda kind: (TYPES.index(kind) if kind in TYPES else 99, kind))
    return {
        "title": "Actors",
        "total": len(rows),
        "more_types": max(0, len(order) - LISTED_TYPES),
        "groups": [
            {
                "type": kind,
                "label": codes.entry("actor_type", kind)["label"],
                "definition": codes.entry("actor_type", kind)["definition"],
                "count": len(groups[kind]),
                "actors": groups[kind][:LISTED],
            }
            for kind in order[:LISTED_TYPES]
        ],
    }
