"""Attribution chains of claims: on whose word each stands, hop by hop."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from claimlog.schema.link_relations import DISPUTES
from claimlog.site.store import Row, Store, json_list

Chains = Mapping[str, list[Row]]


async def attribution_chains(store: Store, claims: Collection[str]) -> Chains:
    """Return the hops of claims, outermost first, by claim.

    The last one says in ``denied_in`` by which claim of his own its speaker denies it, if he does.
    """
    codes = await store.codes()
    denials = await speaker_denials(store, claims)
    chains: dict[str, list[Row]] = {}
    for hop in await store.rows(
        "select t.claim_id, t.actor_id, coalesce(a.name, t.description) as name, t.verb, "
        "t.anonymity, t.source_id from attributions t left join actors a using (actor_id) "
        "where t.claim_id in (select value from json_each(:ids)) order by t.claim_id, t.hop",
        ids=json_list(claims),
    ):
        hop["label"] = codes.label("anonymity", hop["anonymity"])
        chains.setdefault(hop.pop("claim_id"), []).append(hop)
    for claim, chain in chains.items():
        chain[-1]["denied_in"] = denials.get(claim)
    return chains


async def speaker_denials(store: Store, claims: Collection[str]) -> dict[str, str]:
    """Return, for claims that their own speaker disputes, the claim in which that is said."""
    rows = await store.rows(
        "select l.to_claim_id as claim_id, min(l.from_claim_id) as denied_in from links l "
        "join claims t on t.claim_id = l.to_claim_id join claims f on f.claim_id = l.from_claim_id "
        "where l.relation = :disputes and f.speaker_id = t.speaker_id "
        "and l.to_claim_id in (select value from json_each(:ids)) group by 1",
        disputes=DISPUTES,
        ids=json_list(claims),
    )
    return {row["claim_id"]: row["denied_in"] for row in rows}


async def with_chains(store: Store, claims: Iterable[Row]) -> list[Row]:
    """Return rows of claims, each with its chain; an empty one is the article's own voice."""
    rows = list(claims)
    chains = await attribution_chains(store, {row["claim_id"] for row in rows})
    return [{**row, "chain": chains.get(row["claim_id"], [])} for row in rows]
