"""The page of one claim: what it says, on whose word, where, since when, and how to cite it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.file_names import path_segment
from claimlog.log.version_changes import ANCHOR_HASHES, EVENT_COLUMNS
from claimlog.schema.link_relations import DISPUTES, SAME_FACT
from claimlog.schema.table_schema import column_words
from claimlog.site.attribution_chains import speaker_denials
from claimlog.site.claim_citation import claim_citation
from claimlog.site.claim_reasons import reasons_of_claims
from claimlog.site.drawing.coverage_strip import position
from claimlog.site.entity_links import LABELS, entity_links, store_registers
from claimlog.site.json_ld import claim_json_ld
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.pages.facts import MEMBERS
from claimlog.site.plugin_config import added_columns, dataset_metadata, retired_columns
from claimlog.site.rows_about import rows_about
from claimlog.site.source_texts import passage
from claimlog.site.store import Codes, Row, Store
from claimlog.site.template_filters import words
from claimlog.site.topic import PLACED, Topic, read_topic
from claimlog.site.version_history import latest_versions, taken_versions, version_history

OF_SPEAKER = ("anonymity",)
"""Coded columns of a claim that it has from its innermost hop, so that no version holds them."""

LISTED_LINKS = 200
"""Links of a claim that its page looks at: a claim of ours has some ten."""


async def claim(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return all that is known of a claim; of a retracted one, its last state."""
    name = request.identifiers["claim_id"]
    versions = await latest_versions(store, "claim", name)
    if not versions:
        if store.release and (taken := _taken_from(store, name)):
            raise PageNotFound(
                f"What release {store.release} held of {name} was taken down on "
                f"{taken['taken_down']}: {taken['reason']} What the log says of it since: see "
                f"/claims/{path_segment(name)}."
            )
        if store.release and await _exists(Store.latest(store.datasette), name):
            raise PageNotFound(
                f"Release {store.release} does not hold {name}, which is newer. The log as it "
                f"stands does: see /claims/{path_segment(name)}."
            )
        raise PageNotFound(
            f"There is no claim {name[:60]}. Identifiers look like C004-017; the search finds "
            "claims by their words."
        )
    last = versions[-1]
    retracted = last["action"] == "retract"
    source = await store.row("select * from sources where source_id = :id", id=last["source_id"])
    changes = await store.rows(
        "select version, release from changes where claim_id = :name and version >= :first",
        name=name,
        first=versions[0]["version"],
    )
    releases = {row["version"]: row["release"] for row in changes}

    def release_of(row: Row) -> str | None:
        return releases.get(row["version"])

    cited = await claim_citation(store, versions)
    codes = await store.codes()
    topic = await read_topic(store)
    referring = await _referring_columns(store)
    reasons = (await reasons_of_claims(store, [name])).get(name, [])
    return {
        "title": f"Claim {name}",
        "claim": {key: value for key, value in last.items() if key not in ANCHOR_HASHES},
        "retracted": retracted,
        "source": source,
        "codes": await _coded_columns(store, topic, codes, last),
        "texts": [item for item in _texts(topic, last) if item["column"] not in referring],
        **({"registered": await _registered(store, referring, last)} if referring else {}),
        "chain": await _chain(store, codes, last),
        "actors": await _actors(store, name),
        "incident": await _incident(store, last["incident_id"]),
        "figure": _figure(last),
        "position": _position(last, source),
        "passage": await passage(store, last, source),
        "versions": version_history(
            versions,
            release_of,
            added_columns(store.datasette, "claims"),
            EVENT_COLUMNS | ANCHOR_HASHES,
            retired_columns(store.datasette, "claims"),
        ),
        "taken_down": taken_versions(store, "claims", name, versions),
        "all_versions": ("claim_versions", "claim_id", name),
        "links": await _links(store, name, reasons),
        "link_count": await _link_count(store, name),
        "reasons": reasons,
        "independent_origins": await _independent_origins(store, topic, name),
        "facts": await _same_fact(store, name),
        "codings": await _codings(store, topic, name),
        "coding_columns": [
            {"label": words(item["column"]), **item} for item in topic.presentation.codings
        ],
        "published": await _published(store, topic, name),
        "rows_about": await rows_about(store, name),
        "neighbours": await _neighbours(store, last),
        "cited": cited,
        "newer": await _newer(store, name, last["version"]),
        "jsonld": claim_json_ld(store, last, source, cited),
    }


async def _referring_columns(store: Store) -> dict[str, str]:
    """Return the columns that refer to rows with a page and have no place of their own."""
    references = dataset_metadata(store.datasette).get("claim_references", {})
    found = {
        column: stream
        for column, stream in references.items()
        if stream in LABELS and column not in PLACED
    }
    for register in await store_registers(store):
        found |= dict.fromkeys((*register.claims, *register.claim_lists), register.name)
    return found


async def _independent_origins(store: Store, topic: Topic, name: str) -> int | None:
    """Return from how many independent origins a claim is known; None if nobody counted them."""
    row = await store.row(
        f"select {topic.independent_origins('c')} as origins from claims c where claim_id = :name",
        name=name,
    )
    return row["origins"] if row else None


def _taken_from(store: Store, name: str) -> Row | None:
    """Return the first row of a claim that was taken down; None if there is none."""
    taken = dataset_metadata(store.datasette).get("taken_down", ())
    return next((row for row in taken if (row["stream"], row["id"]) == ("claims", name)), None)


async def _exists(store: Store, name: str) -> bool:
    return bool(
        await store.row("select 1 from claim_versions where claim_id = :name limit 1", name=name)
    )


async def _coded_columns(store: Store, topic: Topic, codes: Codes, row: Row) -> list[Row]:
    """Return every coded column that is set, with label and definition of its code."""
    anonymity = await store.row(
        f"select {', '.join(OF_SPEAKER)} from claims where claim_id = :name", name=row["claim_id"]
    )
    values = {**row, **(anonymity or {})}
    coded = []
    for column in topic.claim_codes:
        code = values.get(column.name)
        if code is None:
            continue
        entry = codes.entry(column.codelist or column.name, code)
        coded.append(
            {
                "column": column.name,
                "name": column.label,
                "meaning": column.description,
                "code": code,
                "label": entry["label"],
                "definition": entry["definition"],
            }
        )
    return coded


def _texts(topic: Topic, row: Row) -> list[Row]:
    """Return the columns that hold no code and are set, with their labels."""
    return [
        {**item, "value": row[item["column"]]}
        for item in topic.claim_texts
        if row.get(item["column"]) not in (None, "", [])
    ]


async def _registered(store: Store, referring: Mapping[str, str], row: Row) -> list[Row]:
    """Return the columns by which a claim refers to registers and that are set, with links."""
    found = []
    for column, register in referring.items():
        if value := row.get(column):
            names = value if isinstance(value, list) else [value]
            links = await entity_links(store, register, names)
            found.append(
                {"column": column, "label": column_words(column).capitalize(), "links": links}
            )
    return found


async def _chain(store: Store, codes: Codes, row: Row) -> list[Row]:
    """Return the hops of the attribution, outermost first, from the row itself."""
    names = {
        item["actor_id"]: item
        for item in await store.rows("select actor_id, name, actor_type from actors")
    }
    denials = await speaker_denials(store, [row["claim_id"]])
    hops = row["attributions"] or []
    return [
        {
            **hop,
            "denied_in": denials.get(row["claim_id"]) if at == len(hops) - 1 else None,
            "name": names.get(hop["actor_id"], {}).get("name") or hop["description"],
            "label": codes.entry("anonymity", hop["anonymity"])["label"],
            "definition": codes.entry("anonymity", hop["anonymity"])["definition"],
        }
        for at, hop in enumerate(hops)
    ]


async def _actors(store: Store, name: str) -> dict[str, list[Row]]:
    """Return who acts in a claim and who is acted upon."""
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
    """Return the columns of the figure that a claim gives."""
    if row.get("figure_value") is None:
        return None
    return {key: row[key] for key in row if key.startswith("figure_")}


def _position(row: Row, source: Row | None) -> Row | None:
    """Return where in the article the passage stands."""
    length = source and source["text_length"]
    if not length:
        return None
    return {
        "start": row["start"],
        "end": row["end"],
        "length": length,
        **position(row, length),
    }


async def _links(store: Store, name: str, reasons: list[Row]) -> list[Row]:
    """Return the links of a claim with the claims at their other ends, and what they are."""
    given = {(reason["relation"], reason["claim_id"]) for reason in reasons}
    rows = await store.rows(
        "select l.link_id, l.relation, l.basis, l.note, k.label, "
        "case when l.from_claim_id = :name then 'to' else 'from' end as direction, "
        "c.claim_id, c.source_id, c.statement "
        "from links l join codebook k on k.codelist = 'relation' and k.code = l.relation "
        "join claims c on c.claim_id = "
        "case when l.from_claim_id = :name then l.to_claim_id else l.from_claim_id end "
        "where :name in (l.from_claim_id, l.to_claim_id) "
        "order by l.relation = :same_fact, l.relation, l.link_id limit :most",
        name=name,
        same_fact=SAME_FACT,
        most=LISTED_LINKS,
    )
    return [
        {
            **row,
            "is_dispute": row["relation"] == DISPUTES,
            "gives_reason": row["direction"] == "from"
            and (row["relation"], row["claim_id"]) in given,
        }
        for row in rows
    ]


async def _link_count(store: Store, name: str) -> int:
    """Return how many links a claim has, of which a page shows the first."""
    row = await store.row(
        "select count(*) as links from links where :name in (from_claim_id, to_claim_id)", name=name
    )
    return int(row["links"]) if row else 0


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
        "where m.fact_id = :fact order by m.claim_id limit :most",
        fact=fact["fact_id"],
        most=MEMBERS,
    )
    return {**fact, "members": members}


async def _codings(store: Store, topic: Topic, name: str) -> list[Row]:
    """Return how each coder coded the passage of a claim."""
    return await store.rows(
        f"select coding_id, coder, pass{topic.select(topic.presentation.codings, 'k')}, "
        "claim_iou, note from codings k where claim_id = :name order by pass, coder",
        name=name,
    )


async def _published(store: Store, topic: Topic, name: str) -> Row:
    """Return the published codes of a live claim, with which those of its coders are compared."""
    known = [item for item in topic.presentation.codings if item["column"] in topic.columns]
    row = await store.row(
        f"select c.claim_id{topic.select(tuple(known), 'c')} from claims c where claim_id = :name",
        name=name,
    )
    return row or {}


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
    if store.release is None:
        return None
    latest = await Store.latest(store.datasette).row(
        "select version, action from claim_versions where claim_id = :name "
        "order by version desc limit 1",
        name=name,
    )
    return latest if latest and latest["version"] > version else None
