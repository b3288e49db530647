"""Attribution chains of claims: on whose word each stands, hop by hop."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from claimlog.site.store import Row, Store, json_list

Chains = Mapping[str, list[Row]]


async def attribution_chains(store: Store, claims: Collection[str]) -> Chains:
    """Return the hops of claims, outermost first, by claim."""
    codes = await store.codes()
    chains: dict[str, list[Row]] = {}
    for hop in await store.rows(
        "select t.claim_id, t.actor_id, coalesce(a.name, t.description) as name, t.verb, "
        "t.anonymity, t.source_id from attributions t left join actors a using (actor_id) "
        "where t.claim_id in (select value from json_each(:ids)) order by t.claim_id, t.hop",
        ids=json_list(claims),
    ):
        hop["label"] = codes.label("anonymity", hop["anonymity"])
        chains.setdefault(hop.pop("claim_id"), []).append(hop)
    return chains


async def with_chains(store: Store, claims: Iterable[Row]) -> list[Row]:
    """Return rows of claims, each with its chain; an empty one is the article's own voice."""
    rows = list(claims)
    chains = await attribution_chains(store, {row["claim_id"] for row in rows})
    return [{**row, "chain": chains.get(row["claim_id"], [])} for row in rows]
