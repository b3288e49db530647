"""Pages of what relates claims to one another: disputes, and facts that several claims state."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from claimlog.site.pages import Asked, Missing, page
from claimlog.site.shown import by_origin, chains, lineage, listed, paged, with_chains
from claimlog.site.store import Row, Store

for name in ("incidents", "measures", "origins"):  # their import registers their pages
    import_module(f"claimlog.site.{name}")

DISPUTING = ("disputes", "qualifies")
DISPUTES = 50
"""Pairs of one relation on a page."""

FACTS = 20
MEMBERS = 60
"""Members of one fact in the list of facts; its own page lists them all, up to `ALL`."""

ALL = 500


@page(r"/disputes", "claimlog_disputes.html", in_releases=True)
async def disputes(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return pairs of claims of which one disputes or qualifies the other, by relation.

    The query may name one relation, and a page of it.
    """
    book = (await store.codes()).get("relation", {})
    counts = {
        row["relation"]: row["n"]
        for row in await store.rows("select relation, count(*) as n from links group by relation")
    }
    chosen = asked.query.get("relation")
    only = chosen if chosen in DISPUTING else None
    groups = []
    for relation in [only] if only else DISPUTING:
        total = counts.get(relation, 0)
        place = paged(asked if only else Asked(asked.path, {}, {}), total, DISPUTES)
        groups.append(
            {
                "relation": relation,
                "label": book.get(relation, {}).get("label", relation),
                "definition": book.get(relation, {}).get("definition", ""),
                **place,
                "pairs": await _pairs(store, relation, place["offset"]),
            }
        )
    return {
        "title": "Disputes",
        "groups": groups,
        "only": only,
        "others": [
            {
                "relation": code,
                "label": book.get(code, {}).get("label", code),
                "count": counts[code],
            }
            for code in sorted(set(counts) - set(DISPUTING))
        ],
    }


async def _pairs(store: Store, relation: str, offset: int) -> list[Row]:
    rows = await store.rows(
        "select l.link_id, l.basis, l.note, f.claim_id as from_id, f.statement as from_statement, "
        "f.source_id as from_source, fs.publisher as from_publisher, t.claim_id as to_id, "
        "t.statement as to_statement, t.source_id as to_source, ts.publisher as to_publisher "
        "from links l join claims f on f.claim_id = l.from_claim_id "
        "join sources fs on fs.source_id = f.source_id "
        "join claims t on t.claim_id = l.to_claim_id "
        "join sources ts on ts.source_id = t.source_id "
        "where l.relation = :relation order by l.link_id limit :most offset :offset",
        relation=relation,
        most=DISPUTES,
        offset=offset,
    )
    hops = await chains(store, {row[key] for row in rows for key in ("from_id", "to_id")})
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
                    "chain": hops.get(row[f"{side}_id"], []),
                }
                for side in ("from", "to")
            },
        }
        for row in rows
    ]


@page(r"/facts", "claimlog_facts.html", in_releases=True)
async def facts(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return the facts that several claims state, those of most articles first."""
    counted = await store.row(
        "select count(*) as n, coalesce(sum(articles > 1), 0) as shared, "
        "coalesce(sum(articles > 1 and independent_origins = 1), 0) as alone from corroboration"
    )
    total = counted["n"] if counted else 0
    place = paged(asked, total, FACTS)
    rows = await store.rows(
        "select * from corroboration order by articles desc, claims desc, fact_id "
        "limit :most offset :offset",
        most=FACTS,
        offset=place["offset"],
    )
    return {
        "title": "Same facts",
        **place,
        "counts_all": counted,
        "facts": await _with_members(store, rows, MEMBERS),
        "single": False,
    }


@page(r"/facts/(?P<fact_id>[^/.]+)", "claimlog_facts.html", in_releases=True)
async def fact(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return one fact with all claims that state it, and the links that say so."""
    name = asked.parts["fact_id"]
    row = await store.row("select * from corroboration where fact_id = :name", name=name)
    if row is None:
        raise Missing(await _nearest(store, name))
    found = (await _with_members(store, [row], ALL))[0]
    return {
        "title": f"Fact {name}",
        "facts": [found],
        "links": await store.rows(
            "select l.link_id, l.from_claim_id, l.to_claim_id, l.basis, l.note "
            "from corroboration_claims m join links l on l.from_claim_id = m.claim_id "
            "where m.fact_id = :name and l.relation = 'same_fact' order by l.link_id limit :most",
            name=name,
            most=ALL,
        ),
        "single": True,
    }


async def _nearest(store: Store, name: str) -> str:
    """Return what to say of a fact that does not exist."""
    group = await store.row(
        "select fact_id from corroboration_claims where claim_id = :name", name=name
    )
    if group:
        return (
            f"There is no fact {name[:60]}, but the claim of that name states the fact "
            f"{group['fact_id']}: see /facts/{group['fact_id']}."
        )
    return (
        f"There is no fact {name[:60]}. A fact is named after the first claim that states it, such "
        "as C001-063; the page of same facts lists them all."
    )


async def _with_members(store: Store, rows: list[Row], most: int) -> list[Row]:
    """Return facts with their claims, grouped by the work these come from."""
    members = await store.rows(
        "select * from (select m.fact_id, m.claim_id, m.source_id, s.publisher, s.title, "
        "m.origin_id, o.publisher as origin, o.title as origin_title, c.statement, "
        "row_number() over (partition by m.fact_id order by m.claim_id) as place "
        "from corroboration_claims m join claims c using (claim_id) "
        "join sources s on s.source_id = m.source_id "
        "left join sources o on o.source_id = m.origin_id "
        "where m.fact_id in (select value from json_each(:ids))) where place <= :most "
        "order by fact_id, place",
        ids=listed({row["fact_id"] for row in rows}),
        most=most,
    )
    members = await with_chains(store, members)
    edges = await lineage(store)
    groups: dict[str, list[Row]] = {}
    for member in members:
        del member["place"]
        groups.setdefault(member.pop("fact_id"), []).append(member)
    return [
        {
            **row,
            "shown": len(groups.get(row["fact_id"], [])),
            "origins": by_origin(groups.get(row["fact_id"], []), edges),
        }
        for row in rows
    ]
