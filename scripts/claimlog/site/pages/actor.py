"""The page of one actor: who it is, and the claims in which it acts, is acted upon or speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.export.acts import ACT
from claimlog.site.drawing.timeline import draw_timeline
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.store import Codes, Row, Store

ROLES = {
    "from": "Acts, or holds the attitude",
    "to": "Is acted upon",
    "speaker": "Speaks",
}
LISTED = 100
"""Claims of one role that the page lists."""

COLUMNS = "c.claim_id, c.statement, c.source_id, s.publisher, c.content, c.modality, c.occurred"


async def actor(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return who an actor is and the claims in which it acts, is acted upon or speaks."""
    name = request.identifiers["actor_id"]
    row = await store.row(
        "select a.*, p.name as part_of_name, s.name as state_name from actors a "
        "left join actors p on p.actor_id = a.part_of "
        "left join actors s on s.actor_id = a.state_id where a.actor_id = :name",
        name=name,
    )
    if row is None:
        raise PageNotFound(
            f"There is no actor {name[:60]}. Identifiers look like gbr or five-eyes; the page "
            "of actors lists them all."
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
    dated = await _dated(store, name)
    return {
        "title": row["name"],
        "who": row,  # Datasette's templates know an actor of their own
        "type": codes.entry("actor_type", row["actor_type"]),
        **await _relatives(store, name),
        "roles": [
            {
                "role": role,
                "label": label,
                "count": counts.get(role, 0),
                "claims": await _claims(store, name, role) if role in counts else [],
            }
            for role, label in ROLES.items()
        ],
        "measures": await _measures(store, codes, name),
        "incidents": await store.rows(
            "select i.incident_id, i.title, i.occurred, i.claims from incident_actors m "
            "join incidents i using (incident_id) where m.actor_id = :name "
            "order by coalesce(i.occurred_start, i.occurred_end) is null, "
            "coalesce(i.occurred_start, i.occurred_end), i.incident_id",
            name=name,
        ),
        "dated": dated,
        "timeline": draw_timeline(dated),
    }


async def _relatives(store: Store, name: str) -> dict[str, list[Row]]:
    """Return the alliances of an actor, its members and its parts."""
    return {
        "memberships": await store.rows(
            'select m.alliance_id, a.name, m.start, m."end" from alliance_members m '
            "join actors a on a.actor_id = m.alliance_id where m.actor_id = :name order by a.name",
            name=name,
        ),
        "members": await store.rows(
            'select m.actor_id, a.name, m.start, m."end" from alliance_members m '
            "join actors a using (actor_id) where m.alliance_id = :name order by a.name",
            name=name,
        ),
        "parts": await store.rows(
            "select actor_id, name, actor_type from actors where part_of = :name "
            "order by name collate nocase limit 300",
            name=name,
        ),
    }


async def _claims(store: Store, name: str, role: str) -> list[Row]:
    """Return the claims in which an actor has a role."""
    return await store.rows(
        f"select {COLUMNS} from claim_actors m cross join claims c using (claim_id) "
        "join sources s on s.source_id = c.source_id "
        "where m.actor_id = :name and m.role = :role order by m.claim_id limit :most",
        name=name,
        role=role,
        most=LISTED,
    )


async def _measures(store: Store, codes: Codes, name: str) -> list[Row]:
    """Return the measures that an actor, or what belongs to a state, takes, plans or denies."""
    rows = await store.rows(
        "select c.measure, c.measure_status, count(distinct c.claim_id) as claims from "
        "(select actor_id from actors where actor_id = :name "
        "union select actor_id from actors where state_id = :name) a "
        "cross join claim_actors m on m.actor_id = a.actor_id and m.role = 'from' "
        f"cross join claims c on c.claim_id = m.claim_id where +c.measure > '' and {ACT} "
        "group by c.measure, c.measure_status order by c.measure, c.measure_status",
        name=name,
    )
    for row in rows:
        for column in ("measure", "measure_status"):
            row[f"{column}_label"] = codes.label(column, row[column])
    return rows


async def _dated(store: Store, name: str) -> list[Row]:
    """Return the dated claims in which an actor acts or speaks, in order of their dates."""
    return await store.rows(
        f"select {COLUMNS}, coalesce(c.occurred_start, c.occurred_end) as day, "
        "min(m.role) as role from claim_actors m cross join claims c using (claim_id) "
        "join sources s on s.source_id = c.source_id "
        "where m.actor_id = :name and m.role in ('from', 'speaker') and c.occurred is not null "
        "group by c.claim_id order by day, c.claim_id limit :most",
        name=name,
        most=LISTED,
    )
