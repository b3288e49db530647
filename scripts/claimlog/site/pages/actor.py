"""The page of one actor: who it is, and the claims in which it acts, is acted upon or speaks."""

from __future__ import annotations

from typing import Any

from claimlog.site.claim_reasons import LINKS, reasons_of_claims
from claimlog.site.drawing.bar_chart import query_link
from claimlog.site.drawing.timeline import draw_timeline
from claimlog.site.lineage import count_origins
from claimlog.site.merged_pages import merged_page
from claimlog.site.origin_groups import origins_by_group
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.rows_about import rows_about
from claimlog.site.store import Codes, Row, Store
from claimlog.site.topic import Topic, read_topic

ROLES = {
    "from": "Acts, or holds the attitude",
    "to": "Is acted upon",
    "speaker": "Speaks",
}
LISTED, RELATIVES = 100, 300
"""Claims of a role, measures and incidents that the page lists; alliances, members and parts."""

COLUMNS = "c.claim_id, c.statement, c.source_id, s.publisher, c.occurred"


async def actor(store: Store, request: PageRequest) -> Any:
    """Return who an actor is and the claims in which it acts, is acted upon or speaks."""
    name = request.identifiers["actor_id"]
    row = await store.row(
        "select a.*, p.name as part_of_name, s.name as state_name from actors a "
        "left join actors p on p.actor_id = a.part_of "
        "left join actors s on s.actor_id = a.state_id where a.actor_id = :name",
        name=name,
    )
    topic = await read_topic(store)
    if row is None:
        if moved := await merged_page(store, request, "actors", "actor", name):
            return moved
        example = topic.presentation.actor_example
        example = f"Identifiers look like {example}; t" if example else "T"
        raise PageNotFound(
            f"There is no actor {name[:60]}. {example}he page of actors lists them all."
        )
    codes = await store.codes()
    counts = {
        item["role"]: item["claims"]
        for item in await store.rows(
            "select role, count(*) as claims from claim_actors where actor_id = :name "
            "group by role",
            name=name,
        )
    }
    dated = await _dated(store, topic, name)
    measures = await _measures(store, codes, topic, name)
    return {
        "title": row["name"],
        "who": row,  # Datasette's templates know an actor of their own
        "type": codes.entry("actor_type", row["actor_type"]),
        **await _relatives(store, name),
        "total": await store.count(
            "select count(distinct claim_id) as n from claim_actors where actor_id = :name",
            name=name,
        ),
        "roles": [
            {
                "role": role,
                "label": label,
                "count": counts.get(role, 0),
                "claims": await _claims(store, topic, name, role) if role in counts else [],
            }
            for role, label in ROLES.items()
        ],
        "line": [*topic.presentation.actor_line],
        "measures": measures[:LISTED],
        "measures_total": len(measures),
        "reasons": _reasons_path(topic, row),
        "own_words": (topic.presentation.measures or {}).get("own_words"),
        "incidents": await store.rows(
            "select i.incident_id, i.title, i.occurred, i.claims from incident_actors m "
            "join incidents i using (incident_id) where m.actor_id = :name "
            "order by coalesce(i.occurred_start, i.occurred_end) is null, "
            "coalesce(i.occurred_start, i.occurred_end), i.incident_id limit :most",
            name=name,
            most=LISTED,
        ),
        "incidents_total": await store.count(
            "select count(*) as n from incident_actors where actor_id = :name", name=name
        ),
        "dated": dated,
        "rows_about": await rows_about(store, name),
        "timeline": draw_timeline(dated),
    }


def _reasons_path(topic: Topic, actor: Row) -> str | None:
    """Return the path of what is given as reason for what an actor or its state does, if any."""
    pages = (page["name"] for page in topic.presentation.pages if page["kind"] == LINKS)
    name = next(pages, None)
    return query_link(f"/{name}", {"of": actor["state_id"] or actor["actor_id"]}) if name else None


async def _relatives(store: Store, name: str) -> dict[str, list[Row]]:
    """Return the alliances of an actor, its members and its parts."""
    return {
        "memberships": await store.rows(
            'select m.alliance_id, a.name, m.start, m."end" from alliance_members m '
            "join actors a on a.actor_id = m.alliance_id where m.actor_id = :name "
            "order by a.name limit :most",
            name=name,
            most=RELATIVES,
        ),
        "members": await store.rows(
            'select m.actor_id, a.name, m.start, m."end" from alliance_members m '
            "join actors a using (actor_id) where m.alliance_id = :name "
            "order by a.name limit :most",
            name=name,
            most=RELATIVES,
        ),
        "parts": await store.rows(
            "select actor_id, name, actor_type from actors where part_of = :name "
            "order by name collate nocase limit :most",
            name=name,
            most=RELATIVES,
        ),
    }


async def _claims(store: Store, topic: Topic, name: str, role: str) -> list[Row]:
    """Return the claims in which an actor has a role, with the reasons that are given for them."""
    rows = await store.rows(
        f"select {COLUMNS}{topic.select(topic.presentation.actor_line, 'c')} "
        "from claim_actors m cross join claims c using (claim_id) "
        "join sources s on s.source_id = c.source_id "
        "where m.actor_id = :name and m.role = :role order by m.claim_id limit :most",
        name=name,
        role=role,
        most=LISTED,
    )
    reasons = await reasons_of_claims(store, [row["claim_id"] for row in rows])
    return [{**row, "reasons": reasons.get(row["claim_id"], [])} for row in rows]


async def _measures(store: Store, codes: Codes, topic: Topic, name: str) -> list[Row]:
    """Return the measures of an actor, or of what belongs to a state, by how far they came."""
    matrix = topic.presentation.measures
    if matrix is None:
        return []
    measure, status = matrix["measure"], matrix["status"]
    by_origin = await store.rows(
        f"select t.{measure} as measure, t.{status} as measure_status, t.origin_id, "
        "count(distinct t.claim_id) as claims, "
        "count(distinct case when t.own then t.claim_id end) as own from "
        "(select actor_id from actors where actor_id = :name "
        "union select actor_id from actors where state_id = :name) a "
        f"join ({topic.takers_query(measure, status, 'origin_id')}) t on t.actor_id = a.actor_id "
        "group by 1, 2, 3 order by 1, 2",
        name=name,
    )
    steps: dict[tuple[str, str], Row] = {}
    for row in by_origin:
        step = steps.setdefault(
            (row["measure"], row["measure_status"]),
            {key: row[key] for key in ("measure", "measure_status")} | {"claims": 0, "own": 0},
        )
        step["claims"] += row["claims"]
        step["own"] += row["own"]
    origins = await count_origins(
        origins_by_group,
        (((row["measure"], row["measure_status"]), row["origin_id"]) for row in by_origin),
        store,
    )
    rows = [{**step, "independent_origins": origins[key]} for key, step in steps.items()]
    for row in rows:
        for key, column in (("measure", measure), ("measure_status", status)):
            row[f"{key}_label"] = codes.label(topic.columns[column].codelist or column, row[key])
    return rows


async def _dated(store: Store, topic: Topic, name: str) -> list[Row]:
    """Return the dated claims in which an actor acts or speaks, in order of their dates."""
    return await store.rows(
        f"select {COLUMNS}{topic.select(topic.presentation.actor_line, 'c')}, "
        "coalesce(c.occurred_start, c.occurred_end) as day, "
        "min(m.role) as role from claim_actors m cross join claims c using (claim_id) "
        "join sources s on s.source_id = c.source_id "
        "where m.actor_id = :name and m.role in ('from', 'speaker') and c.occurred is not null "
        "group by c.claim_id order by day, c.claim_id limit :most",
        name=name,
        most=LISTED,
    )
