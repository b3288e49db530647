"""From the streams' rows to every table that depends on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from claimlog.edtf import bounds
from claimlog.events.releases import Mark
from claimlog.fold.corroboration import corroborate, reported, with_origins
from claimlog.fold.releases import released
from claimlog.fold.reliability import reliability
from claimlog.fold.states import (
    Frame,
    current,
    listed,
    numbered,
    prefix,
    unnested,
    versions,
)
from claimlog.schema import Schemas

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
    frames: Mapping[str, Any], schemas: Schemas, size: int, outside: Outside = NOTHING
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
    rows = {name: prefix(nw.from_native(frame).lazy(), size) for name, frame in frames.items()}
    live = {name: current(rows[name], table.id) for name, table in schemas.streams.items()}
    tables: Frames = {
        **_source_tables(live["sources"]),
        **_actor_tables(live["actors"]),
        **_claim_tables(live["claims"], live["sources"], schemas),
        "links": live["links"],
        "events": _events(rows, schemas),
    }
    tables |= _incident_tables(live["incidents"], tables["claims"], live["sources"])
    for name, table in schemas.streams.items():
        tables[f"{table.entity}_versions"] = versions(rows[name], table.id)
    tables |= released(rows["claims"], outside.releases)
    tables |= corroborate(tables["claims"], live["links"], live["sources"])
    tables |= reliability(live["codings"], live["claims"], schemas, outside.codebooks)
    return tables


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
        at: str | None = name
        for _ in known:  # as far as a chain can go; a cycle ends there too
            if at is None or known[at]["actor_type"] == "state":
                break
            at = known[at]["part_of"]
        found[name] = at if at and known[at]["actor_type"] == "state" else None
    states = nw.from_dict(
        {"actor_id": list(found), "state_id": list(found.values())},
        schema=nw.Schema({"actor_id": nw.String(), "state_id": nw.String()}),
        backend=rows.implementation,
    )
    return actors.join(states.lazy(), on="actor_id", how="left")


def _incident_tables(incidents: Frame, claims: Frame, sources: Frame) -> Frames:
    counted = incidents.join(reported(claims, sources), on="incident_id", how="left")
    counts = ("claims", "articles", "independent_origins", "unknown_origins")
    return {
        "incidents": dated(
            counted.with_columns(nw.col(name).fill_null(0) for name in counts), "occurred"
        ),
        "incident_actors": listed(incidents, "incident_id", "actors", "actor_id").unique(),
    }


def _claim_tables(claims: Frame, sources: Frame, schemas: Schemas) -> Frames:
    chain = schemas.streams["claims"].by_name["attributions"]
    fields = tuple(item.name for item in chain.fields)
    most = int(chain.constraints["maxLength"])
    hops = numbered(claims, "claim_id", "attributions", fields, "hop", most)
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
        "claims": dated(with_origins(said, hops, sources), "occurred"),
        "attributions": hops,
        "claim_actors": nw.concat(roles, how="vertical").unique(),
    }


def _events(rows: Frames, schemas: Schemas) -> Frame:
    envelope = ("seq", "event_id", "batch", "line", "action", "version")
    parts = [
        rows[name].select(
            *envelope,
            "recorded_at",
            "recorded_by",
            "reason",
            nw.col(table.id).alias("entity_id"),
            nw.lit(name).alias("stream"),
        )
        for name, table in schemas.streams.items()
    ]
    return nw.concat(parts, how="vertical")


def dated(rows: Frame, column: str) -> Frame:
    """Add the first and last day that an EDTF column can mean, as dates.

    Each distinct value is parsed once; the result is joined back.
    """
    values = rows.filter(~nw.col(column).is_null()).select(column).unique().collect()
    known = sorted(values[column].to_list())
    ranges = [bounds(value) for value in known]
    days = nw.from_dict(
        {
            column: known,
            f"{column}_start": [first for first, _ in ranges],
            f"{column}_end": [last for _, last in ranges],
        },
        schema=nw.Schema(
            {column: nw.String(), f"{column}_start": nw.Date(), f"{column}_end": nw.Date()}
        ),
        backend=values.implementation,
    )
    return rows.join(days.lazy(), on=column, how="left")
