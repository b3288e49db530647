"""The page of disputes: pairs of claims of which one disputes or qualifies the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.schema.link_relations import DISPUTES, QUALIFIES
from claimlog.site.attribution_chains import attribution_chains
from claimlog.site.page import PageRequest
from claimlog.site.pagination import Pagination
from claimlog.site.store import Row, Store
from claimlog.site.topic import read_topic

DISPUTING = (DISPUTES, QUALIFIES)
PAGE_SIZE = 50
"""Pairs of one relation on a page."""


async def disputes(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return pairs of claims of which one disputes or qualifies the other, by relation.

    The query may name one relation, and a page of it.
    """
    codes = await store.codes()
    counts = {
        row["relation"]: row["n"]
        for row in await store.rows("select relation, count(*) as n from links group by relation")
    }
    only = request.query.get("relation")
    if only not in DISPUTING:
        only = None
    groups = []
    for relation in [only] if only else DISPUTING:
        total = counts.get(relation, 0)
        pagination = (
            Pagination.of(request, total, PAGE_SIZE) if only else Pagination(1, total, PAGE_SIZE)
        )
        groups.append(
            {
                "relation": relation,
                "label": codes.entry("relation", relation)["label"],
                "definition": codes.entry("relation", relation)["definition"],
                **pagination.position(),
                "pairs": await _pairs(store, relation, pagination),
            }
        )
    return {
        "title": "Disputes",
        "groups": groups,
        "only": only,
        "others": [
            {
                "relation": code,
                "label": codes.entry("relation", code)["label"],
                "count": counts[code],
            }
            for code in sorted(set(counts) - set(DISPUTING))
        ],
    }


async def _pairs(store: Store, relation: str, pagination: Pagination) -> list[Row]:
    """Return the pairs of one page, each side with its attribution chain."""
    topic = await read_topic(store)
    rows = await store.rows(
        f"select {topic.independent_origins('f')} as from_origins, "
        f"{topic.independent_origins('t')} as to_origins, "
        "l.link_id, l.basis, l.note, f.claim_id as from_id, f.statement as from_statement, "
        "f.source_id as from_source, fs.publisher as from_publisher, t.claim_id as to_id, "
        "t.statement as to_statement, t.source_id as to_source, ts.publisher as to_publisher "
        "from links l join claims f on f.claim_id = l.from_claim_id "
        "join sources fs on fs.source_id = f.source_id "
        "join claims t on t.claim_id = l.to_claim_id "
        "join sources ts on ts.source_id = t.source_id "
        "where l.relation = :relation order by l.link_id limit :most offset :offset",
        relation=relation,
        most=pagination.size,
        offset=pagination.offset,
    )
    chains = await attribution_chains(
        store, {row[key] for row in rows for key in ("from_id", "to_id")}
    )
    return [
        {
            "link_id": row["link_id"],
            "basis": row["basis"],
            "note": row["note"],
            **{
                side: {
                    "claim_id": row[f"{side}_id"],
                    "statement": row[f"{side}_statement"],
                    "source_id": row[f"{side}_source"],
                    "publisher": row[f"{side}_publisher"],
                    "independent_origins": row[f"{side}_origins"],
                    "chain": chains.get(row[f"{side}_id"], []),
                }
                for side in ("from", "to")
            },
        }
        for row in rows
    ]
