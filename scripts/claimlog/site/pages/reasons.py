"""The page of reasons: what articles give as reason, condition or evidence, and for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from claimlog.site.claim_entries import claim_entries
from claimlog.site.claim_reasons import reasons_of_claims, relation_entries
from claimlog.site.drawing.bar_chart import query_link
from claimlog.site.entity_links import actor_names
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.pagination import Pagination
from claimlog.site.store import Row, Store, json_list
from claimlog.site.topic import Topic, read_topic

CHOICES = 40
"""Actors or codes to choose by that the page lists, the most frequent."""


class ExplainedClaim(NamedTuple):
    """A claim for which a reason is given: who acts in it or takes its measure, and its code.

    A claim that tells of a measure is of weight 2, one that is about a measure otherwise of 1.
    """

    claim_id: str
    doers: frozenset[str]
    code: str | None
    weight: int


async def reasons_page(page: Row, store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return one page of explained claims with their reasons; those about measures come first.

    The query may choose by ``of``, a state or group that acts or takes the measure, and by the
    column that the package names.
    """
    topic = await read_topic(store)
    claims = await store.memoize(
        f"explained {page['name']}", lambda s: _explained_claims(s, topic, page)
    )
    codes = await store.codes()
    column = page.get("column")
    doer, code = request.query.get("of", ""), request.query.get(column or "", "")
    chosen = [
        claim
        for claim in claims
        if (not doer or doer in claim.doers) and (not code or claim.code == code)
    ]
    names = await actor_names(store, {name for claim in claims for name in claim.doers} | {doer})
    if doer and doer not in names:
        raise PageNotFound(f"There is no actor {doer[:60]}. The page of actors lists them all.")
    codelist = topic.columns[column].codelist if column else None
    if code and codelist and code not in codes.get(codelist, {}):
        raise PageNotFound(f"There is no {column} {code[:60]}; see /codebook/{codelist}.")
    pagination = Pagination.of(request, len(chosen))
    part = [one.claim_id for one in chosen[pagination.offset :][: pagination.size]]
    reasons = await reasons_of_claims(store, part)
    rows = await claim_entries(store, part)
    query = {"of": doer, column or "": code}
    path = f"/{page['name']}"
    return {
        "title": page["title"],
        "page": page,
        "claims": [
            {**rows[name], "reasons": reasons.get(name, [])} for name in part if name in rows
        ],
        "total": len(chosen),
        "all": len(claims),
        "of": {"actor_id": doer, "name": names[doer]} if doer else None,
        "code": codes.entry(codelist or "", code) if code else None,
        "relations": await relation_entries(store, page["relations"]),
        "doers": [
            {"name": names[name], "claims": n, "path": query_link(path, {"of": name})}
            for name, n in _most(Counter(name for claim in claims for name in claim.doers))
            if name in names
        ],
        "codes": [
            {
                "name": codes.label(codelist or "", name),
                "claims": n,
                "path": query_link(path, {str(column): name}),
            }
            for name, n in _most(Counter(claim.code for claim in claims if claim.code))
        ],
        "part": pagination.links({key: value for key, value in query.items() if key and value}),
    }


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return names with their counts, highest first."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:CHOICES]


async def _explained_claims(store: Store, topic: Topic, page: Row) -> list[ExplainedClaim]:
    """Return the claims for which a reason is given: first those of measures, then by article."""
    measures = topic.presentation.measures or {}
    column, measure = page.get("column"), measures.get("measure")
    code = f"c.{column}" if column else "null"
    measured = f"c.{measure} > ''" if measure else "0"
    counting = topic.counts if measure else "0"
    rows = await store.rows(
        f"select c.claim_id, {code} as code, {measured} as of_measure, c.claim_id in "
        f"(select claim_id from claims where {counting}) as counts from "
        "(select distinct to_claim_id from links where relation in "
        "(select value from json_each(:relations))) l join claims c on c.claim_id = l.to_claim_id "
        "order by c.source_id, c.start, c.claim_id",
        relations=json_list(page["relations"]),
    )
    doers: dict[str, set[str]] = {}
    ids = json_list(row["claim_id"] for row in rows)
    for row in await store.rows(
        "select m.claim_id, coalesce(a.state_id, a.actor_id) as doer from claim_actors m "
        "join actors a using (actor_id) where m.role = 'from' "
        "and m.claim_id in (select value from json_each(:ids))",
        ids=ids,
    ):
        doers.setdefault(row["claim_id"], set()).add(row["doer"])
    if topic.register and measure:
        for row in await store.rows(
            "select t.claim_id, coalesce(a.state_id, a.actor_id) as doer from "
            f"({topic.takers_query()}) t join actors a using (actor_id) "
            "where t.claim_id in (select value from json_each(:ids))",
            ids=ids,
        ):
            doers.setdefault(row["claim_id"], set()).add(row["doer"])
    claims = [
        ExplainedClaim(
            row["claim_id"],
            frozenset(doers.get(row["claim_id"], ())),
            row["code"],
            row["counts"] + (row["of_measure"] or 0),
        )
        for row in rows
    ]
    return sorted(claims, key=lambda claim: -claim.weight)
