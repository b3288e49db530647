"""The page of incidents, and the page of each: its claims by article, and their origins."""

from __future__ import annotations

import json
from typing import Any

from claimlog.site.attribution_chains import with_chains
from claimlog.site.lineage import count_origins
from claimlog.site.lists.column_filters import (
    actor_filter,
    coded_filter,
    date_filter,
    date_sort,
)
from claimlog.site.lists.filters import ListDefinition, Sort
from claimlog.site.lists.served_list import ListAnswer, answer_list, read_served_list
from claimlog.site.merged_pages import merged_page
from claimlog.site.origin_groups import dependent_origins
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.rows_about import rows_about
from claimlog.site.store import Row, Store, json_list

LISTED = 500
"""Incidents of a page of the list."""

CLAIMS, ARTICLES, ORIGINS, LISTED_ACTORS = 200, 200, 200, 300
"""Rows that the page of an incident lists."""

ARTICLES_OF_ORIGIN = 20
"""Articles that are named for one origin."""

ACTORS = (
    "select i.rowid as row, m.actor_id as id from incident_actors m "
    "join incidents i on i.incident_id = m.incident_id"
)
DAY = "coalesce(occurred_start, occurred_end)"
SORTS = (
    date_sort("occurred", "earliest first", "incident_id", "date"),
    Sort("-date", "latest first", f"{DAY} is null, {DAY} desc, incident_id"),
    Sort("id", "by identifier", "incident_id"),
    Sort("origins", "most independent origins first", "independent_origins desc, incident_id"),
    Sort("claims", "most claims first", "claims desc, incident_id"),
)
FILTERS = (
    coded_filter("incident_type", "Type", "incident_type"),
    actor_filter("actor", "Actor", "Who is said to be responsible or affected.", ACTORS),
    date_filter("occurred", "Date"),
)


async def read_incident_list(_: Store) -> ListDefinition:
    """Return the list of incidents of any database."""
    return ListDefinition("incidents", "incident_id", SORTS, FILTERS)


async def incidents(store: Store, request: PageRequest) -> Any:
    """Return the incidents that a request selects, those without a date last, or all as a file."""
    served = await read_served_list(store, "incidents", read_incident_list)

    async def describe(answer: ListAnswer) -> Row:
        rows = await incident_rows(store, answer.rowids())
        return {**rows, "total": answer.selected.total}

    return await answer_list(store, served, request, {"title": "Incidents"}, describe, size=LISTED)


async def incident_rows(store: Store, rowids: list[int]) -> Row:
    """Return the incidents with some row numbers as the list shows them."""
    codes = await store.codes()
    rows = await store.rows(
        "select incident_id, title, incident_type, occurred, claims, articles, "
        "independent_origins, unknown_origins from json_each(:rowids) r "
        "cross join incidents i on i.rowid = r.value order by r.key",
        rowids=json.dumps(rowids),
    )
    for row in rows:
        row["type"] = codes.label("incident_type", row["incident_type"])
    return {"incidents": rows}


async def incident(store: Store, request: PageRequest) -> Any:
    """Return an incident with the claims about it by article."""
    name = request.identifiers["incident_id"]
    row = await store.row("select * from incidents where incident_id = :name", name=name)
    if row is None:
        if moved := await merged_page(store, request, "incidents", "incident", name):
            return moved
        raise PageNotFound(
            f"There is no incident {name[:60]}. Identifiers look like signal-chat-2025; the page "
            "of incidents lists them all."
        )
    codes = await store.codes()
    shares = await store.rows(
        "select c.source_id, c.origin_id, o.publisher as origin, o.title as origin_title, "
        "c.claims from (select source_id, origin_id, count(*) as claims from claims "
        "where incident_id = :name group by source_id, origin_id) c "
        "left join sources o on o.source_id = c.origin_id "
        "order by c.source_id, c.claims desc, c.origin_id",
        name=name,
    )
    rows = await store.rows(
        "select c.claim_id, c.statement, c.source_id, c.origin_id, o.publisher as origin "
        "from claims c left join sources o on o.source_id = c.origin_id "
        "where c.incident_id = :name order by c.source_id, c.start, c.claim_id limit :most",
        name=name,
        most=CLAIMS,
    )
    return {
        "title": row["title"],
        "incident": row,
        "type": codes.entry("incident_type", row["incident_type"]),
        "actors": await store.rows(
            "select a.actor_id, a.name from incident_actors m join actors a using (actor_id) "
            "where m.incident_id = :name order by a.name collate nocase limit :most",
            name=name,
            most=LISTED_ACTORS,
        ),
        **await _origins(store, shares),
        "articles": await _articles(store, shares, await with_chains(store, rows)),
        "shown": len(rows),
        "rows_about": await rows_about(store, name),
    }


async def _origins(store: Store, shares: list[Row]) -> Row:
    """Return the known origins with the articles that take from them, and what counts once."""
    origins: dict[str, Row] = {}
    for row in shares:
        if row["origin_id"] is None:
            continue
        about = {key: row[key] for key in ("origin_id", "origin", "origin_title")}
        origin = origins.setdefault(
            row["origin_id"], {**about, "claims": 0, "articles": [], "count": 0}
        )
        origin["claims"] += row["claims"]
        origin["count"] += 1
        if origin["count"] <= ARTICLES_OF_ORIGIN:
            origin["articles"].append(row["source_id"])
    dependent = await count_origins(dependent_origins, origins, store)
    listed = sorted(origins.items())[:ORIGINS]
    return {
        "origins": [{**row, **dependent[name]} for name, row in listed],
        "origins_total": len(origins),
    }


async def _articles(store: Store, shares: list[Row], claims: list[Row]) -> list[Row]:
    """Return the first articles, each with how many claims it makes and the first of these."""
    counts: dict[str, int] = {}
    for row in shares:
        counts[row["source_id"]] = counts.get(row["source_id"], 0) + row["claims"]
    listed: dict[str, list[Row]] = {name: [] for name in sorted(counts)[:ARTICLES]}
    for claim in claims:
        if claim["source_id"] in listed:
            listed[claim["source_id"]].append(claim)
    sources = await store.rows(
        "select source_id, title, publisher, published from sources "
        "where source_id in (select value from json_each(:names)) order by source_id",
        names=json_list(listed),
    )
    return [
        {**row, "count": counts[row["source_id"]], "claims": listed[row["source_id"]]}
        for row in sources
    ]
