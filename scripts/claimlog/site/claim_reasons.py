"""Reasons, conditions and evidence that articles give for claims, as links between claims.

Which relations of links give a reason is the package's to say, by its page of links; the sense of
each is that of the scheme that its code list names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from claimlog.site.attribution_chains import with_chains
from claimlog.site.store import Row, Store, json_list
from claimlog.site.topic import read_topic

LINKS = "links"
"""Kind of the page that shows links of some relations."""

REASONS = 100
"""Reasons of one claim that are shown."""


async def reason_relations(store: Store) -> tuple[str, ...]:
    """Return the relations by which a claim gives the reason for another, the plainest first."""
    pages = (await read_topic(store)).presentation.pages
    return next((tuple(page["relations"]) for page in pages if page["kind"] == LINKS), ())


async def relation_entries(store: Store, relations: Collection[str]) -> list[Row]:
    """Return relations in their order, with label, definition, and sense in another scheme."""
    rows = await store.rows(
        "select code, label, definition, scheme, scheme_code from codebook "
        "where codelist = 'relation' and code in (select value from json_each(:codes))",
        codes=json_list(relations),
    )
    entries = {row["code"]: row for row in rows}
    empty = {"definition": "", "scheme": None, "scheme_code": None}
    return [entries.get(code, {"code": code, "label": code, **empty}) for code in relations]


async def why_relations(store: Store) -> tuple[str, ...]:
    """Return the relation that answers why, the plainest; conditions and evidence do not."""
    return (await reason_relations(store))[:1]


async def reasons_of_claims(
    store: Store, claims: Iterable[str], relations: Collection[str] | None = None
) -> dict[str, list[Row]]:
    """Return what is given as reason for each of some claims, the plainest relation first.

    Parameters
    ----------
    relations
        Those by which a claim gives the reason for another; by default all that the package names.
    """
    relations = list(await reason_relations(store) if relations is None else relations)
    if not relations:
        return {}
    entries = {row["code"]: row for row in await relation_entries(store, relations)}
    rows = await store.rows(
        "select * from (select l.to_claim_id as of_claim, l.relation, l.basis, c.claim_id, "
        "c.statement, c.source_id, s.publisher, "
        "row_number() over (partition by l.to_claim_id order by c.claim_id) as place from links l "
        "join claims c on c.claim_id = l.from_claim_id join sources s on s.source_id = c.source_id "
        "where l.to_claim_id in (select value from json_each(:claims)) "
        "and l.relation in (select value from json_each(:relations))) where place <= :most "
        "order by claim_id",
        most=REASONS,
        claims=json_list(set(claims)),
        relations=json_list(relations),
    )
    rows.sort(key=lambda row: relations.index(row["relation"]))
    reasons: dict[str, list[Row]] = {}
    for row in await with_chains(store, rows):
        del row["place"]
        entry = entries[row["relation"]]
        row["relation_label"] = entry["label"]
        row["sense"] = (
            f"{entry['scheme']}: {entry['scheme_code']}" if entry["scheme_code"] else None
        )
        reasons.setdefault(row["of_claim"], []).append(row)
    return reasons
