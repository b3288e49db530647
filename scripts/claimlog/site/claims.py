"""The page of one claim: what it says, on whose word, where, since when, and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.citing import citing
from claimlog.site.linked import linked_claim
from claimlog.site.pages import Asked, Missing, page
from claimlog.site.store import Row, Store
from claimlog.site.texts import passage

CODED = (
    *("content", "voice", "modality", "topic", "anonymity", "sharing_effect"),
    *("measure", "measure_status", "event_type", "event_code", "credibility"),
    *("likelihood", "analytic_confidence", "coder_confidence"),
)
"""Coded columns in the order in which a reader asks for them."""

LISTS = {"analytic_confidence": "confidence", "coder_confidence": "confidence"}
ENVELOPE = {
    *("seq", "event_id", "batch", "line", "action", "version", "reason", "recorded_at"),
    *("recorded_by", "valid_from_seq", "valid_to_seq"),
}
HASHES = {"quote_sha256", "words_sha256", "before_sha256", "after_sha256", "word_count"}


@page(r"/claims/(?P<claim_id>[^/.]+)", "claimlog_claim.html", in_releases=True)
async def claim(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return all that is known of a claim; of a retracted one, its last state."""
    name = asked.parts["claim_id"]
    versions = await store.rows(
        "select * from claim_versions where claim_id = :name order by version", name=name
    )
    if not versions:
        if store.frozen and await _known(Store.latest(store.datasette), name):
            raise Missing(
                f"Release {store.frozen} does not hold {name}, which is newer. The log as it "
                f"stands does: see /claims/{name}."
            )
        raise Missing(
            f"There is no claim {name[:60]}. Identifiers look like C004-017; the search finds "
            "claims by their words."
        )
    last = versions[-1]
    retracted = last["action"] == "retract"
    source = await store.row("select * from sources where source_id = :id", id=last["source_id"])
    held = await store.rows(
        "select version, change, release, seq from changes where claim_id = :name order by version",
        name=name,
    )
    cited = await citing(store, versions)
    return {
        "title": f"Claim {name}",
        "claim": {key: value for key, value in last.items() if key not in HASHES},
        "retracted": retracted,
        "source": source,
        "codes": await _codes(store, last),
        "chain": await _chain(store, last),
        "actors": await _actors(store, name),
        "incident": await _incident(store, last["incident_id"]),
        "figure": _figure(last),
        "position": _position(last, source),
        "passage": await passage(store, last, source),
        "versions": _history(versions, held),
        "links": await _links(store, name),
        "facts": await _same_fact(store, name),
        "codings": await _codings(store, name),
        "neighbours": await _neighbours(store, last),
        "cited": cited,
        "newer": await _newer(store, name, last["version"]),
        "jsonld": linked_claim(store, last, source, cited),
    }


async def _known(store: Store, name: str) -> bool:
    return bool(
        await store.row("select 1 from claim_versions where claim_id = :name limit 1", name=name)
    )


async def _codes(store: Store, row: Row) -> list[Row]:
    """Return every coded column that is set, with label and definition of its code."""
    book = await store.codes()
    named = {
        item["column"]: item
        for item in await store.rows(
            'select "column", codelist, description from data_dictionary where "table" = \'claims\''
        )
    }
    anonymity = await store.row(
        "select anonymity from claims where claim_id = :name", name=row["claim_id"]
    )
    values = {**row, **(anonymity or {})}
    found = []
    for column in CODED:
        code = values.get(column)
        if code is None or column not in named:
            continue
        entry = book.get(LISTS.get(column, named[column]["codelist"] or column), {}).get(code, {})
        found.append(
            {
                "column": column,
                "name": column.replace("_", " "),
                "meaning": named[column]["description"],
                "code": code,
                "label": entry.get("label", code),
                "definition": entry.get("definition", ""),
            }
        )
    return found


async def _chain(store: Store, row: Row) -> list[Row]:
    """Return the hops of the attribution, outermost first, from the row itself."""
    hops = row["attributions"]
    names = {
        item["actor_id"]: item
        for item in await store.rows("select actor_id, name, actor_type from actors")
    }
    book = (await store.codes()).get("anonymity", {})
    return [
        {
            **hop,
            "name": names.get(hop["actor_id"], {}).get("name") or hop["description"],
            "label": book.get(hop["anonymity"], {}).get("label", hop["anonymity"]),
            "definition": book.get(hop["anonymity"], {}).get("definition", ""),
        }
        for hop in hops
    ]


async def _actors(store: Store, name: str) -> dict[str, list[Row]]:
    rows = await store.rows(
        "select c.role, a.actor_id, a.name from claim_actors c join actors a using (actor_id) "
        "where c.claim_id = :name order by a.name",
        name=name,
    )
    return {role: [row for row in rows if row["role"] == role] for role in ("from", "to")}


async def _incident(store: Store, name: str | None) -> Row | None:
    if name is None:
        return None
    return await store.row(
        "select incident_id, title, occurred from incidents where incident_id = :name", name=name
    )


def _figure(row: Row) -> Row | None:
    if row["figure_value"] is None:
        return None
    return {key: row[key] for key in row if key.startswith("figure_")}


def _position(row: Row, source: Row | None) -> Row | None:
    """Return where in the article the passage stands, as shares of its length."""
    length = source and source["text_length"]
    if not length:
        return None
    return {
        "start": row["start"],
        "end": row["end"],
        "length": length,
        "left": round(100 * row["start"] / length, 3),
        "width": round(100 * (row["end"] - row["start"]) / length, 3),
    }


def _history(versions: list[Row], held: list[Row]) -> list[Row]:
    """Return each version with what it changed, why, and the release that first held it."""
    releases_by_version = {row["version"]: row["release"] for row in held}
    found: list[Row] = []
    before: Row = {}
    for row in versions:
        changed = [
            {"column": name, "old": before[name], "new": value}
            for name, value in row.items()
            if before and name not in ENVELOPE | HASHES and before[name] != value
        ]
        found.append(
            {
                "version": row["version"],
                "action": row["action"],
                "reason": row["reason"],
                "recorded_at": row["recorded_at"],
                "recorded_by": row["recorded_by"],
                "batch": row["batch"],
                "event_id": row["event_id"],
                "release": releases_by_version.get(row["version"]),
                "changed": changed,
            }
        )
        before = row
    return found


async def _links(store: Store, name: str) -> list[Row]:
    return await store.rows(
        "select l.link_id, l.relation, l.basis, l.note, k.label, "
        "case when l.from_claim_id = :name then 'to' else 'from' end as direction, "
        "c.claim_id, c.source_id, c.statement "
        "from links l join codebook k on k.codelist = 'relation' and k.code = l.relation "
        "join claims c on c.claim_id = "
        "case when l.from_claim_id = :name then l.to_claim_id else l.from_claim_id end "
        "where :name in (l.from_claim_id, l.to_claim_id) order by l.relation, l.link_id",
        name=name,
    )


async def _same_fact(store: Store, name: str) -> Row | None:
    """Return the group of claims that state the same fact, with their origins."""
    fact = await store.row(
        "select f.* from corroboration f join corroboration_claims m using (fact_id) "
        "where m.claim_id = :name",
        name=name,
    )
    if fact is None:
        return None
    members = await store.rows(
        "select m.claim_id, m.source_id, m.origin_id, o.publisher as origin, c.statement "
        "from corroboration_claims m join claims c using (claim_id) "
        "left join sources o on o.source_id = m.origin_id "
        "where m.fact_id = :fact order by m.claim_id",
        fact=fact["fact_id"],
    )
    return {**fact, "members": members}


async def _codings(store: Store, name: str) -> list[Row]:
    return await store.rows(
        "select coding_id, coder, pass, content, voice, modality, topic, anonymity, "
        "sharing_effect, measure, measure_status, claim_iou, note "
        "from codings where claim_id = :name order by pass, coder",
        name=name,
    )


async def _neighbours(store: Store, row: Row) -> dict[str, str | None]:
    """Return the claims before and after it in the article."""
    place = {"source": row["source_id"], "start": row["start"], "name": row["claim_id"]}
    before = await store.row(
        "select claim_id from claims where source_id = :source and (start, claim_id) < "
        "(:start, :name) order by start desc, claim_id desc limit 1",
        **place,
    )
    after = await store.row(
        "select claim_id from claims where source_id = :source and (start, claim_id) > "
        "(:start, :name) order by start, claim_id limit 1",
        **place,
    )
    return {
        "before": before["claim_id"] if before else None,
        "after": after["claim_id"] if after else None,
    }


async def _newer(store: Store, name: str, version: int) -> Row | None:
    """Return the latest version of the claim, if the store is a release that has an older one."""
    if store.frozen is None:
        return None
    latest = await Store.latest(store.datasette).row(
        "select version, action from claim_versions where claim_id = :name "
        "order by version desc limit 1",
        name=name,
    )
    return latest if latest and latest["version"] > version else None
