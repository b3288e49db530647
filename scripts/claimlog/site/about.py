"""Pages about the whole: the first page here, and the imports that register the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.fold.corroboration import independent
from claimlog.release.cite import cite
from claimlog.site import browse, coding, files, history
from claimlog.site.kept import kept
from claimlog.site.known import facts_of, releases, told
from claimlog.site.linked import linked_dataset
from claimlog.site.overview import plots
from claimlog.site.pages import Asked, page
from claimlog.site.store import Row, Store

__all__ = ["browse", "coding", "files", "history", "home"]

COUNTED = {
    "claims": "select count(*) as n from claims",
    "articles": "select count(distinct source_id) as n from claims",
    "actors": "select count(*) as n from actors",
    "incidents": "select count(*) as n from incidents",
}


@page(r"(?:/index|/(?=\.json))?", "claimlog_home.html")
async def home(store: Store, _asked: Asked) -> Mapping[str, Any]:
    """Return what a stranger wants to know first."""
    config = told(store.datasette)
    facts = await facts_of(store)
    known = await releases(store)
    return {
        "title": "Who says what, on whose word",
        "head": {key: config.get("head", {}).get(key) for key in ("title", "description")},
        "counts": await kept(store, "counts", counts),
        "release": known[0] if known else None,
        "citation": cite(facts, [], "apa").strip() if facts else None,
        "questions": await questions(store),
        "plots": await kept(store, "plots", plots),
        "jsonld": linked_dataset(store, facts, files.listed_files(store)),
    }


async def counts(store: Store) -> Row:
    """Return how much there is of what; origins that rest on one another count once."""
    found = {}
    for name, sql in COUNTED.items():
        row = await store.row(sql)
        found[name] = row["n"] if row else 0
    rows = await store.rows("select distinct origin_id from claims where origin_id is not null")
    lineage: dict[str, list[tuple[str, str]]] = {}
    for edge in await store.rows(
        "select source_id, derived_from_id, certainty from source_lineage"
    ):
        work = (edge["derived_from_id"], edge["certainty"])
        lineage.setdefault(edge["source_id"], []).append(work)
    found["independent_origins"] = independent({row["origin_id"] for row in rows}, lineage)
    return found


async def questions(store: Store) -> list[Row]:
    """Return the canned queries, as the server has them."""
    found = await store.datasette.get_canned_queries(store.name, None)
    return [
        {
            "name": name,
            "title": query.get("title") or name,
            "description": query.get("description") or "",
        }
        for name, query in found.items()
    ]
