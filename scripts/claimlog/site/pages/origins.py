"""The page of origins: which works the articles go back to, and which are independent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import islice
from typing import Any

from claimlog.fold.corroboration import Lineage, count_independent
from claimlog.site.drawing.origin_graph import draw_origin_graph, find_cycles
from claimlog.site.lineage import labelled_edge, source_lineage
from claimlog.site.origin_groups import dependent_origins
from claimlog.site.page import PageRequest, memoize_page
from claimlog.site.store import Row, Store

DRAWN = 40
"""Sources in the drawing: those with most claims."""

LISTED = 50
"""Rows of each table of the page."""

UNKNOWN = 12
"""Articles with claims of unknown origin that are named."""

CIRCLES, CIRCLE = 20, 20
"""Circles of sources that rest on one another, and the sources of each that are named."""

NOTICES = 8
"""Origins with several articles that are named above the table, which lists them as well."""

ARTICLES = 12
"""Articles that the table names for one origin."""


@memoize_page
async def origins(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the graph of articles and works, and for each origin what rests on it."""
    sources = {
        row["source_id"]: row
        for row in await store.rows(
            "select source_id, title, kind, publisher, published from sources order by source_id"
        )
    }
    shares = await store.rows(
        "select origin_id, source_id, count(*) as claims from claims group by origin_id, source_id"
    )
    derived = await _derivations(store)
    cited = await store.rows(
        "select c.source_id, t.source_id as on_id, count(distinct c.claim_id) as claims "
        "from attributions t cross join claims c using (claim_id) where t.source_id > '' "
        "group by c.source_id, t.source_id order by c.source_id, t.source_id"
    )
    lineage = await source_lineage(store)
    return await asyncio.to_thread(_page, sources, shares, derived, cited, lineage)


def _page(
    sources: Mapping[str, Row],
    shares: list[Row],
    derived: list[Row],
    cited: list[Row],
    lineage: Lineage,
) -> Row:
    """Return the page from the rows that it is made of."""
    edges = _edges(derived, cited)
    ranked, unknown = _origins(sources, shares)
    dependent = dependent_origins((row["origin_id"] for row in ranked), lineage)
    for row in ranked:
        row |= dependent[row["origin_id"]]
    nodes = _nodes(sources, shares, edges, ranked)
    node_ids = {row["source_id"] for row in nodes}
    pairs = ((edge["source_id"], edge["on_id"]) for edge in edges)
    return {
        "title": "Who relies on whom",
        "graph": draw_origin_graph(
            nodes, [edge for edge in edges if {edge["source_id"], edge["on_id"]} <= node_ids]
        ),
        "undrawn": len(sources) - len(nodes),
        "origins": ranked[:LISTED],
        "total": len(ranked),
        "independent": count_independent(dependent, lineage),
        "shared": [row for row in ranked if row["count"] > 1][:NOTICES],
        "unknown": unknown[:UNKNOWN],
        "unknown_total": len(unknown),
        "articles": sum(row["kind"] == "copy" for row in sources.values()),
        "lineage": [_with_publishers(row, sources) for row in derived][:LISTED],
        "lineage_total": len(derived),
        "citations": [_with_publishers(row, sources) for row in cited][:LISTED],
        "citations_total": len(cited),
        "circles": [
            names if len(names) <= CIRCLE else [*names[: CIRCLE - 2], "…", names[-1]]
            for names in islice(find_cycles(pairs), CIRCLES)
        ],
    }


async def _derivations(store: Store) -> list[Row]:
    """Return the edges of the lineage with their labels."""
    codes = await store.codes()
    rows = await store.rows(
        "select source_id, derived_from_id as on_id, relation, certainty, evidence "
        "from source_lineage order by source_id, relation, derived_from_id"
    )
    return [labelled_edge(codes, row) for row in rows]


def _with_publishers(row: Row, sources: Mapping[str, Row]) -> Row:
    """Return an edge with the publishers at its ends."""
    return {
        **row,
        "publisher": sources[row["source_id"]]["publisher"],
        "on": sources[row["on_id"]]["publisher"],
    }


def _edges(derived: list[Row], cited: list[Row]) -> list[Row]:
    """Return one edge for each pair of sources: how it is derived, and how many claims cite it."""
    pairs: dict[tuple[str, str], Row] = {}
    for row in [*derived, *cited]:
        edge = pairs.setdefault(
            (row["source_id"], row["on_id"]),
            {"source_id": row["source_id"], "on_id": row["on_id"], "kind": "cited", "claims": 0},
        )
        if "relation" in row and edge["kind"] != "wasDerivedFrom":
            edge["kind"] = row["relation"]
            edge["certainty"] = row["certainty"]
        edge["claims"] += row.get("claims", 0)
    return [pairs[pair] for pair in sorted(pairs)]


def _origins(sources: Mapping[str, Row], shares: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the origins with the articles that rest on them, and the claims without one."""
    group_by_origin: dict[str, list[Row]] = {}
    unknown: list[Row] = []
    for row in shares:
        publisher = sources[row["source_id"]]["publisher"]
        one = {"source_id": row["source_id"], "publisher": publisher, "claims": row["claims"]}
        if row["origin_id"] is None:
            unknown.append(one)
        else:
            group_by_origin.setdefault(row["origin_id"], []).append(one)
    origins = []
    for name, articles in group_by_origin.items():
        articles.sort(key=lambda row: (-row["claims"], row["source_id"]))
        origins.append(
            {
                "origin_id": name,
                "publisher": sources[name]["publisher"],
                "title": sources[name]["title"],
                "claims": sum(row["claims"] for row in articles),
                "count": len(articles),
                "articles": articles[:ARTICLES],
            }
        )
    origins.sort(key=lambda row: (-row["count"], -row["claims"], row["origin_id"]))
    return origins, unknown


def _nodes(
    sources: Mapping[str, Row], shares: list[Row], edges: list[Row], origins: list[Row]
) -> list[Row]:
    """Return the sources to draw, with how many claims they make and how many come from them."""
    makes: dict[str, int] = {}
    for row in shares:
        makes[row["source_id"]] = makes.get(row["source_id"], 0) + row["claims"]
    gives = {row["origin_id"]: row for row in origins}
    in_edges = {edge[key] for edge in edges for key in ("source_id", "on_id")}
    rows = [
        {
            **{key: row[key] for key in ("source_id", "kind", "publisher", "title")},
            "makes": makes.get(name, 0),
            "gives": gives[name]["claims"] if name in gives else 0,
            "shared_by": gives[name]["count"] if name in gives else 0,
        }
        for name, row in sources.items()
        if name in in_edges or name in makes
    ]
    rows.sort(key=lambda row: (-max(row["makes"], row["gives"]), row["source_id"]))
    return sorted(rows[:DRAWN], key=lambda row: row["source_id"])
