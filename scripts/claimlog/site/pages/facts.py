"""The page of facts that several claims state, and the page of each with all of its claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.schema.link_relations import SAME_FACT
from claimlog.site.attribution_chains import with_chains
from claimlog.site.lineage import count_origins
from claimlog.site.origin_groups import group_by_origin
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.pagination import Pagination
from claimlog.site.store import Row, Store, json_list

PAGE_SIZE = 20
MEMBERS = 60
"""Members of one fact in the list of facts; its own page lists them all, up to `ALL_MEMBERS`."""

ALL_MEMBERS = 500


async def facts(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return the facts that several claims state, those of most articles first."""
    counts = await store.row(
        "select count(*) as n, coalesce(sum(articles > 1), 0) as shared, "
        "coalesce(sum(articles > 1 and independent_origins = 1), 0) as alone from corroboration"
    )
    pagination = Pagination.of(request, counts["n"] if counts else 0, PAGE_SIZE)
    rows = await store.rows(
        "select * from corroboration order by articles desc, claims desc, fact_id "
        "limit :most offset :offset",
        most=pagination.size,
        offset=pagination.offset,
    )
    return {
        "title": "Same facts",
        **pagination.position(),
        "counts_all": counts,
        "facts": await _with_members(store, rows, MEMBERS),
        "single": False,
    }


async def fact(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return one fact with all claims that state it, and the links that say so."""
    name = request.identifiers["fact_id"]
    row = await store.row("select * from corroboration where fact_id = :name", name=name)
    if row is None:
        raise PageNotFound(await _not_found_message(store, name))
    return {
        "title": f"Fact {name}",
        "facts": await _with_members(store, [row], ALL_MEMBERS),
        "links": await store.rows(
            "select l.link_id, l.from_claim_id, l.to_claim_id, l.basis, l.note "
            "from corroboration_claims m join links l on l.from_claim_id = m.claim_id "
            "where m.fact_id = :name and l.relation = :same_fact order by l.link_id limit :most",
            name=name,
            same_fact=SAME_FACT,
            most=ALL_MEMBERS,
        ),
        "single": True,
    }


async def _not_found_message(store: Store, name: str) -> str:
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
        ids=json_list({row["fact_id"] for row in rows}),
        most=most,
    )
    members = await with_chains(store, members)
    groups: dict[str, list[Row]] = {}
    for member in members:
        del member["place"]
        groups.setdefault(member.pop("fact_id"), []).append(member)
    return [
        {
            **row,
            "shown": len(groups.get(row["fact_id"], [])),
            "origins": await count_origins(group_by_origin, groups.get(row["fact_id"], []), store),
        }
        for row in rows
    ]
