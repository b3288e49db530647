"""From the streams' rows to every table that depends on them.

Claims are many and everything else is few, so the fold has steps: `fold_rows` needs any rows, and
can be called for one stretch of the log after the other; `fold_claims` needs the rows of some
claims, all versions of each, and can be called for one range of the claims after the other;
`fold_rest` needs every row of the other streams, and of the claims and changes only what
`fold.gathered` kept. `fold` does all of it over a whole log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from claimlog.fold.claim_summary import Gathered, Wanted, gathered
from claimlog.fold.corroboration import corroborate, reported, with_origins
from claimlog.fold.dates import dated
from claimlog.fold.registers import junction_tables, register_table
from claimlog.fold.releases import changes, releases
from claimlog.fold.reliability import reliability
from claimlog.fold.states import (
    Frame,
    current,
    held,
    listed,
    made,
    numbered,
    prefix,
    unnested,
    versions,
)
from claimlog.log.release_index import Mark
from claimlog.schema.definition import Definition
from claimlog.schema.registers import COUNTS, referring_columns

Frames = dict[str, Frame]


@dataclass(frozen=True)
class Outside:
    """What the tables say that the rows do not.

    Attributes
    ----------
    codebooks
        Version of the codebook that each batch followed, by number.
    releases
        The releases that the log has had, oldest first.
    """

    codebooks: Mapping[int, str] = field(default_factory=dict)
    releases: Sequence[Mark] = ()


NOTHING = Outside()


def fold(
    frames: Mapping[str, Any], definition: Definition, size: int, outside: Outside = NOTHING
) -> Frames:
    """Fold the first `size` rows of the log into tables.

    Parameters
    ----------
    frames
        The rows of each stream with ``seq``, ``event_id``, ``batch`` and ``line``: native lazy
        frames of any Narwhals backend.

    Returns
    -------
    dict
        Lazy Narwhals frames by table name. Their columns are a superset of the table's.
    """
    rows = cut(frames, size)
    others = {name: frame for name, frame in rows.items() if name != "claims"}
    tables = {
        **fold_claims(rows["claims"], others, definition),
        **fold_rows(rows, definition, outside),
    }
    kept = gathered(tables["claims"], wanted(others, definition))
    kept.count(tables["changes"])
    return {**tables, **fold_rest(others, kept, definition, outside)}


def cut(frames: Mapping[str, Any], size: int) -> Frames:
    """Return the rows of each stream among the first `size` of the log, as Narwhals frames."""
    return {name: prefix(nw.from_native(frame).lazy(), size) for name, frame in frames.items()}


def wanted(others: Frames, definition: Definition) -> Wanted:
    """Return which claims the tables of the other streams must know."""
    referring = referring_columns(definition.tables["claims"], definition.streams)
    links, codings = (_live(others, name, definition) for name in ("links", "codings"))
    return Wanted.of(links, codings, referring)


def _live(rows: Frames, stream: str, definition: Definition) -> Frame:
    return current(rows[stream], definition.streams[stream].id)


def fold_rows(rows: Frames, definition: Definition, outside: Outside) -> Frames:
    """Fold some rows of the log, whatever they are of, into the tables that have a row for each."""
    parts = [envelopes(rows[name], name, definition) for name in definition.streams]
    return {
        "events": nw.concat(parts, how="vertical"),
        "changes": changes(rows["claims"], outside.releases),
    }


def fold_claims(claims: Frame, others: Frames, definition: Definition) -> Frames:
    """Fold the rows of some claims into the tables whose rows are of one claim each.

    Parameters
    ----------
    claims
        Rows of claims, all versions of each.
    others
        Every row of the other streams.
    """
    live = current(claims, definition.streams["claims"].id)
    return {
        **_claim_tables(live, _live(others, "sources", definition), definition),
        **junction_tables(live, "claims", definition),
        "claim_versions": versions(claims, "claim_id"),
    }


def fold_rest(others: Frames, kept: Gathered, definition: Definition, outside: Outside) -> Frames:
    """Fold the streams other than the claims into the tables that `fold_claims` leaves.

    Parameters
    ----------
    others
        Every row of the other streams.
    kept
        What was kept of all folded claims.
    """
    sources = _live(others, "sources", definition)
    tables: Frames = {
        **_source_tables(sources),
        **_actor_tables(_live(others, "actors", definition)),
        **_incident_tables(_live(others, "incidents", definition), kept, sources),
        "links": _live(others, "links", definition),
        "releases": releases(kept.changes, outside.releases, sources),
    }
    for name, rows in others.items():
        table = definition.streams[name]
        tables[f"{table.entity}_versions"] = versions(rows, table.id)
    tables |= _register_tables(others, kept, sources, definition)
    tables |= corroborate(kept.members, kept.groups, sources)
    codings = _live(others, "codings", definition)
    return tables | reliability(codings, kept.published, definition, outside.codebooks)


def _source_tables(sources: Frame) -> Frames:
    edge = {"source_id": "derived_from_id", **{n: n for n in ("relation", "certainty", "evidence")}}
    part = {name: name for name in ("start", "end", "kind")}
    return {
        "sources": dated(sources, "published"),
        "source_lineage": unnested(sources, "source_id", "lineage", edge),
        "source_furniture": unnested(sources, "source_id", "furniture", part),
    }


def _actor_tables(actors: Frame) -> Frames:
    part = {name: name for name in ("alliance_id", "start", "end")}
    return {
        "actors": with_states(actors),
        "alliance_members": unnested(actors, "actor_id", "memberships", part),
    }


def with_states(actors: Frame) -> Frame:
    """Add ``state_id``: the state that an actor is or belongs to, by walking ``part_of``."""
    rows = actors.select("actor_id", "actor_type", "part_of").collect()
    known = {row["actor_id"]: row for row in rows.rows(named=True)}
    found: dict[str, str | None] = {}
    for name in known:
        at = known.get(name)
        for _ in known:  # as far as a chain can go; a cycle ends there too
            if at is None or at["actor_type"] == "state":
                break
            at = known.get(at["part_of"])  # within a batch it may still be to come
        found[name] = at["actor_id"] if at and at["actor_type"] == "state" else None
    states = made(
        {"actor_id": list(found), "state_id": list(found.values())},
        {"actor_id": nw.String(), "state_id": nw.String()},
        actors,
    )
    return actors.join(states, on="actor_id", how="left")


def _incident_tables(incidents: Frame, kept: Gathered, sources: Frame) -> Frames:
    counted = incidents.join(
        reported(kept.reports["incidents"], "incident_id", sources), on="incident_id", how="left"
    )
    return {
        "incidents": dated(
            counted.with_columns(nw.col(name).fill_null(0) for name in COUNTS), "occurred"
        ),
        "incident_actors": listed(incidents, "incident_id", "actors", "actor_id").unique(),
    }


def _register_tables(
    others: Frames, kept: Gathered, sources: Frame, definition: Definition
) -> Frames:
    """Return the tables of registers, and of lists by which other streams refer to them."""
    tables: Frames = {}
    for name in others:
        table = definition.streams[name]
        is_register = name in definition.registers
        if is_register or any(one.stream == name for one in definition.junctions):
            live = _live(others, name, definition)
            tables |= junction_tables(live, name, definition)
            if is_register:
                tables[name] = register_table(live, table, kept.reports[name], sources)
    return tables


def _claim_tables(claims: Frame, sources: Frame, definition: Definition) -> Frames:
    chain = definition.streams["claims"].by_name["attributions"]
    fields = tuple(item.name for item in chain.fields)
    most = int(chain.constraints["maxLength"])
    hops = held(numbered(claims, "claim_id", "attributions", fields, "hop", most))
    innermost = hops.filter(nw.col("hop") == nw.col("hop").max().over("claim_id")).select(
        "claim_id", "anonymity", nw.col("actor_id").alias("speaker_id")
    )
    counted = claims.with_columns(nw.col("attributions").list.len().cast(nw.Int64).alias("hops"))
    said = counted.join(innermost, on="claim_id", how="left")
    roles = [
        listed(claims, "claim_id", "dyad_from", "actor_id").with_columns(role=nw.lit("from")),
        listed(claims, "claim_id", "dyad_to", "actor_id").with_columns(role=nw.lit("to")),
        hops.filter(~nw.col("actor_id").is_null())
        .select("claim_id", "actor_id")
        .with_columns(role=nw.lit("speaker")),
    ]
    return {
        "claims": dated(held(with_origins(said, hops, sources)), "occurred"),
        "attributions": hops,
        "claim_actors": nw.concat(roles, how="vertical").unique(),
    }


def envelopes(rows: Frame, stream: str, definition: Definition) -> Frame:
    """Return the rows of a stream as the table ``events`` has them."""
    return rows.select(
        *("seq", "event_id", "batch", "line", "action", "version"),
        *("recorded_at", "recorded_by", "reason"),
        nw.col(definition.streams[stream].id).alias("entity_id"),
        nw.lit(stream).alias("stream"),
    )
