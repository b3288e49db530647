"""The page of all sources: the articles and the works behind them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from claimlog.site.lineage import labelled_edge
from claimlog.site.page import PageRequest
from claimlog.site.store import Row, Store

LISTED = 500
"""Sources of a kind that the page lists."""

WORKS = 12
"""Works that are named of those that a source was derived from."""

CLAIM_COUNTS = {
    "copy": "select source_id as name, count(*) as claims from claims group by source_id",
    "work": "select origin_id as name, count(*) as claims from claims "
    "where origin_id is not null group by origin_id",
}
"""Claims by source: those that an article makes, and those that go back to a work."""


async def sources(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return all articles and the works behind them."""
    codes = await store.codes()
    groups = []
    for kind, sql in CLAIM_COUNTS.items():
        counts = {row["name"]: row["claims"] for row in await store.rows(sql)}
        rows = await store.rows(
            "select source_id, title, publisher, publisher_id, published, reliability, text_length "
            "from sources where kind = :kind order by source_id limit :most",
            kind=kind,
            most=LISTED + 1,
        )
        edges = await _edges_of(store, [row["source_id"] for row in rows])
        groups.append(
            {
                "kind": kind,
                "definition": codes.entry("source_kind", kind)["definition"],
                "more": len(rows) > LISTED,
                "sources": [
                    {
                        **row,
                        "reliability_label": codes.label("reliability", row["reliability"]),
                        "claims": counts.get(row["source_id"], 0),
                        "derived_from": [
                            labelled_edge(codes, edge) for edge in edges[row["source_id"]][:WORKS]
                        ],
                        "has_more_works": len(edges[row["source_id"]]) > WORKS,
                    }
                    for row in rows[:LISTED]
                ],
            }
        )
    return {"title": "Sources", "groups": groups}


async def _edges_of(store: Store, names: list[str]) -> defaultdict[str, list[Row]]:
    """Return what each of some sources was derived from: the first works, and one more."""
    edges: defaultdict[str, list[Row]] = defaultdict(list)
    for edge in await store.rows(
        "select l.source_id, l.derived_from_id, l.relation, l.certainty, s.publisher from "
        "(select l.*, row_number() over "
        "(partition by l.source_id order by l.derived_from_id, l.relation) as place "
        "from json_each(:names) n join source_lineage l on l.source_id = n.value) l "
        "join sources s on s.source_id = l.derived_from_id where place <= :most "
        "order by l.source_id, l.derived_from_id, l.relation",
        names=json.dumps(names),
        most=WORKS + 1,
    ):
        edges[edge["source_id"]].append(edge)
    return edges
