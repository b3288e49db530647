"""The page of claims: searched and filtered, in the order of the articles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.claim_filters import Selection, filter_choices, filter_form, select_claims
from claimlog.site.page import PageRequest
from claimlog.site.pagination import Pagination
from claimlog.site.search.index import search_index
from claimlog.site.store import Row, Store
from claimlog.site.topic import Topic, read_topic

ORDER = "source_id, start, rowid"
REVERSE_ORDER = "source_id desc, start desc, rowid desc"
"""The order of the articles, and back: what is after the middle is sooner found from the end."""

LISTED = """
with page as (
  select rowid as id from claims {where} order by {order} limit :size offset :skip
)
select c.claim_id, c.statement, c.source_id, s.publisher{columns}, c.anonymity, c.speaker_id,
  coalesce(a.name, (select h.description from attributions h where h.claim_id = c.claim_id
    order by h.hop desc limit 1)) as speaker
from page join claims c on c.rowid = page.id
join sources s on s.source_id = c.source_id
left join actors a on a.actor_id = c.speaker_id
order by c.source_id, c.start, c.rowid
"""


async def claims(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return one page of the claims that a request selects."""
    topic = await read_topic(store)
    choices = await store.memoize("choices", filter_choices)
    index = await search_index(store)
    selection = select_claims(request.query, topic, choices, index.names_of_actor)
    counting = f"select count(*) as n {selection.count_source}"
    total = await store.count(counting, **selection.parameters)
    pagination = Pagination.of(request, total)
    return {
        "title": f"Claims with “{selection.text[:60]}”" if selection.text else "Claims",
        "q": selection.text,
        "period": selection.query.get("period", ""),
        "filters": filter_form(topic, choices, selection.query),
        "filtered": bool(selection.query),
        "narrowed": bool(set(selection.query) - {"q"}),
        "choices": topic.presentation.choices,
        "line": [item["column"] for item in topic.presentation.claim_line],
        "notes": selection.notes,
        "claims": await _listed(store, topic, selection, pagination),
        "part": pagination.links(selection.query),
    }


async def _listed(
    store: Store, topic: Topic, selection: Selection, pagination: Pagination
) -> list[Row]:
    """Return the rows of one page, looked up from whichever end of the order is nearer."""
    left = pagination.total - pagination.offset
    size = min(pagination.size, left)
    reverse = pagination.offset > left
    rows = await store.rows(
        LISTED.format(
            where=selection.where,
            order=REVERSE_ORDER if reverse else ORDER,
            columns=topic.select(topic.presentation.claim_line, "c"),
        ),
        **selection.parameters,
        size=size,
        skip=left - size if reverse else pagination.offset,
    )
    codes = await store.codes()
    codelists = {**topic.labels(topic.presentation.claim_line), "anonymity": "anonymity"}
    for row in rows:
        for column, codelist in codelists.items():
            row[f"{column}_label"] = codes.label(codelist, row[column])
    return rows
