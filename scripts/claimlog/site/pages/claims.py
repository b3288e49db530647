"""The page of claims: searched, filtered and sorted, with facets, and whole as CSV or JSON."""

from __future__ import annotations

import json
from typing import Any

from claimlog.site.claim_filters import read_claim_list
from claimlog.site.lists.served_list import ListAnswer, answer_list, read_served_list
from claimlog.site.page import PageRequest
from claimlog.site.search.index import search_index
from claimlog.site.search.query import search_terms
from claimlog.site.store import Row, Store
from claimlog.site.topic import read_topic

LISTED = """
with page as (select key as at, value as id from json_each(:rowids))
select c.claim_id, c.statement, c.source_id, s.publisher, c.anonymity, c.speaker_id{columns},
  c.occurred, case when c.occurred is null then i.occurred end as incident_occurred,
  coalesce(a.name, (select h.description from attributions h where h.claim_id = c.claim_id
    order by h.hop desc limit 1)) as speaker
from page cross join claims c on c.rowid = page.id
join sources s on s.source_id = c.source_id
left join actors a on a.actor_id = c.speaker_id
left join incidents i on i.incident_id = c.incident_id
order by page.at
"""


async def claims(store: Store, request: PageRequest) -> Any:
    """Return one page of the claims that a request selects, or all of them as CSV or JSON."""
    served = await read_served_list(store, "claims", read_claim_list)
    topic = await read_topic(store)
    text = request.query.get("q", "").strip()

    async def describe(answer: ListAnswer) -> Row:
        return await claim_rows(store, answer.rowids())

    about = {
        "title": f"Claims with “{text[:60]}”" if text else "Claims",
        "choices": topic.presentation.choices,
    }
    if not text:
        return await answer_list(store, served, request, about, describe)
    index = await search_index(store)

    def match(words: str) -> str:
        return index.expression(search_terms(words))

    return await answer_list(store, served, request, about, describe, match)


async def claim_rows(store: Store, rowids: list[int]) -> Row:
    """Return the claims with some row numbers as lists show them, and what is said of each."""
    topic = await read_topic(store)
    items = topic.presentation.claim_line
    known = (await store.tables()).get("claims", frozenset())
    origins = ", c.independent_origins" if "independent_origins" in known else ""
    sql = LISTED.format(columns=topic.select(items, "c") + origins)
    rows = await store.rows(sql, rowids=json.dumps(rowids))
    codes = await store.codes()
    line = [item["column"] for item in items]
    for row in rows:
        row["anonymity_label"] = codes.label("anonymity", row["anonymity"])
        row |= topic.labels_on_line(codes, line, row)
    return {"claims": rows, "line": line}
