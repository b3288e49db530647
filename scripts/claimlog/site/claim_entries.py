"""Claims as lists show them beside a reason or an attitude: on whose word, when, and from where."""

from __future__ import annotations

from collections.abc import Collection

from claimlog.site.attribution_chains import with_chains
from claimlog.site.entity_links import entity_links
from claimlog.site.store import Row, Store, json_list
from claimlog.site.topic import read_topic


async def claim_entries(store: Store, claims: Collection[str], *columns: str) -> dict[str, Row]:
    """Return claims by identifier, each with its chain, its origins and its measure.

    Parameters
    ----------
    columns
        Columns of claims to have beside those that every list shows.
    """
    topic = await read_topic(store)
    measures = topic.presentation.measures or {}
    measure = {
        "status": measures.get("status"),
        "measure_id": measures.get("register") if topic.register else None,
    }
    selected = [f"c.{name}" for name in columns]
    selected += [f"{f'c.{name}' if name else 'null'} as {key}" for key, name in measure.items()]
    origins = topic.independent_origins("c")
    rows = await with_chains(
        store,
        await store.rows(
            "select c.claim_id, c.statement, c.source_id, c.occurred, c.origin_id, "
            f"{origins} as independent_origins, s.publisher, o.publisher as origin, "
            f"{', '.join(selected)} "
            "from claims c join sources s on s.source_id = c.source_id "
            "left join sources o on o.source_id = c.origin_id "
            "where c.claim_id in (select value from json_each(:ids))",
            ids=json_list(claims),
        ),
    )
    codes = await store.codes()
    codelist = topic.columns[measures["status"]].codelist if measures else ""
    names = [row["measure_id"] for row in rows if row["measure_id"]]
    links = await entity_links(store, topic.register.name, names) if topic.register else []
    labels = {link["id"]: link for link in links}
    for row in rows:
        row["status_label"] = codes.label(codelist or "", row["status"])
        row["measure"] = labels.get(row["measure_id"])
    return {row["claim_id"]: row for row in rows}
