"""Folding the rows of the streams into every table that depends on them.

Claims are many and everything else is few, so the fold has steps. `fold_rows` takes any rows, so it
can be called for one stretch of the log after the other. `fold_claims` takes every version of some
claims, so it can be called for one range of claims after the other. `fold_other_tables` takes every
row of the other streams, and of claims and changes only their `ClaimSummary`. `fold` does all of it
for a whole log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from claimlog.fold.cell_changes import CELL_CHANGES, cell_changes_table
from claimlog.fold.claim_summary import ClaimSummary, ReferencedClaims, summarize_claims
from claimlog.fold.claim_support import Links, support_of_linked, with_support
from claimlog.fold.coder_reliability import reliability_tables
from claimlog.fold.corroboration import corroboration_tables, report_counts, with_origins
from claimlog.fold.credibility import with_credibility
from claimlog.fold.dates import with_date_bounds
from claimlog.fold.link_agreement import LINK_AGREEMENT, LINK_CODINGS, link_agreement
from claimlog.fold.registers import junction_tables, register_table
from claimlog.fold.releases import changes_table, releases_table
from claimlog.fold.row_versions import (
    Frame,
    frame_like,
    items_of_list,
    live_rows,
    persist_shared,
    prefix,
    structs_of_list,
    structs_with_position,
    version_spans,
)
from claimlog.log.release_index import Mark
from claimlog.schema.definition import Definition
from claimlog.schema.registers import COUNTS, referring_columns
from claimlog.schema.table_schema import Table

Frames = dict[str, Frame]


@dataclass(frozen=True)
class FoldContext:
    """What the fold needs beside the rows.

    Attributes
    ----------
    codebooks
        Version of the codebook that each batch followed, by number.
    releases
        The releases that the log has had, oldest first.
    """

    codebooks: Mapping[int, str] = field(default_factory=dict)
    releases: Sequence[Mark] = ()


NO_CONTEXT = FoldContext()

GRADED_BY = {"content", "modality"}
"""Columns of a claim that its credibility depends on, beside its speakers, origins and links."""


def fold(
    frames: Mapping[str, Any], definition: Definition, size: int, context: FoldContext = NO_CONTEXT
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
    rows = stream_prefixes(frames, size)
    others = {name: frame for name, frame in rows.items() if name != "claims"}
    linked = rows["claims"].filter(
        nw.col("claim_id").is_in(sorted(bearing_links(others, definition).claims))
    )
    support = fold_support(linked, others, definition)
    tables = {
        **fold_claims(rows["claims"], others, definition, support, context),
        **fold_rows(rows, definition, context),
    }
    summary = summarize_claims(tables["claims"], referenced_claims(others, definition))
    summary.count_changes(tables["changes"])
    return {**tables, **fold_other_tables(others, summary, definition, context)}


def stream_prefixes(frames: Mapping[str, Any], size: int) -> Frames:
    """Return the rows of each stream among the first `size` of the log, as Narwhals frames."""
    return {name: prefix(nw.from_native(frame).lazy(), size) for name, frame in frames.items()}


def referenced_claims(others: Frames, definition: Definition) -> ReferencedClaims:
    """Return the claims that the other streams refer to, and the columns that refer to these."""
    referring = referring_columns(definition.tables["claims"], definition.streams)
    links, codings = (_live(others, name, definition) for name in ("links", "codings"))
    pairs = _live(others, LINK_CODINGS, definition) if LINK_CODINGS in others else None
    return ReferencedClaims.of(links, codings, pairs, referring)


def derives_credibility(definition: Definition) -> bool:
    """Whether credibility is computed: no coder grades it any more, and the tables have it."""
    claims = definition.streams["claims"].by_name
    return (
        "credibility" in definition.tables["claims"].names
        and ("credibility" not in claims or claims["credibility"].retired)
        and set(claims) >= GRADED_BY
        and counts_support(definition)
    )


def counts_support(definition: Definition) -> bool:
    """Whether the independent origins of each claim's support are counted."""
    return "independent_origins" in definition.tables["claims"].names


def bearing_links(others: Frames, definition: Definition) -> Links:
    """Return the live links that bear on the support of claims; none if nothing is made of it."""
    if not counts_support(definition):
        return Links()
    return Links.of(_live(others, "links", definition))


def fold_support(linked: Frame, others: Frames, definition: Definition) -> Frame | None:
    """Return what links say of the support of claims, or None if nothing is made of it.

    Parameters
    ----------
    linked
        Rows of the claims of `bearing_links`, all versions of each.
    others
        Every row of the other streams.
    """
    if not counts_support(definition):
        return None
    sources = _live(others, "sources", definition)
    claims, _ = _with_speakers(live_rows(linked, "claim_id"), sources, definition)
    links, actors = bearing_links(others, definition), _live(others, "actors", definition)
    return support_of_linked(claims, links, sources, actors)


def _live(rows: Frames, stream: str, definition: Definition) -> Frame:
    return live_rows(rows[stream], definition.streams[stream].id)


def fold_rows(rows: Frames, definition: Definition, context: FoldContext) -> Frames:
    """Fold some rows of any streams into the tables that have a row for each."""
    parts = [envelopes(rows[name], name, definition) for name in definition.streams]
    return {
        "events": nw.concat(parts, how="vertical"),
        "changes": changes_table(rows["claims"], context.releases),
    }


def fold_claims(
    claims: Frame,
    others: Frames,
    definition: Definition,
    support: Frame | None,
    context: FoldContext,
) -> Frames:
    """Fold the rows of some claims into the tables whose rows are of one claim each.

    Parameters
    ----------
    claims
        Rows of claims, all versions of each.
    others
        Every row of the other streams.
    support
        What `fold_support` returns.
    """
    stream = definition.streams["claims"]
    live = live_rows(claims, stream.id)
    tables = {
        **_claim_tables(live, others, definition, support),
        **junction_tables(live, "claims", definition),
        "claim_versions": version_spans(claims, "claim_id"),
    }
    if CELL_CHANGES in definition.tables:
        tables[CELL_CHANGES] = cell_changes_table(claims, stream, context.releases)
    return tables


def fold_other_tables(
    others: Frames, summary: ClaimSummary, definition: Definition, context: FoldContext
) -> Frames:
    """Fold the streams other than the claims into the tables that `fold_claims` leaves.

    Parameters
    ----------
    others
        Every row of the other streams.
    summary
        That of all folded claims and changes.
    """
    sources = _live(others, "sources", definition)
    tables: Frames = {
        **_source_tables(sources),
        **_actor_tables(_live(others, "actors", definition)),
        **_incident_tables(_live(others, "incidents", definition), summary, sources),
        "links": _live(others, "links", definition),
        "releases": releases_table(summary.change_counts, context.releases, sources),
    }
    for name, rows in others.items():
        table = definition.streams[name]
        tables[f"{table.entity}_versions"] = version_spans(rows, table.id)
    tables |= _register_tables(others, summary, sources, definition)
    tables |= corroboration_tables(summary.fact_claims, summary.groups, sources)
    if LINK_CODINGS in others and LINK_AGREEMENT in definition.tables:
        tables |= link_agreement(
            _live(others, LINK_CODINGS, definition), summary.sources, definition, context.codebooks
        )
    codings = _live(others, "codings", definition)
    return tables | reliability_tables(codings, summary.spans, definition, context.codebooks)


def _source_tables(sources: Frame) -> Frames:
    edge = {"source_id": "derived_from_id", **{n: n for n in ("relation", "certainty", "evidence")}}
    part = {name: name for name in ("start", "end", "kind")}
    return {
        "sources": with_date_bounds(sources, "published"),
        "source_lineage": structs_of_list(sources, "source_id", "lineage", edge),
        "source_furniture": structs_of_list(sources, "source_id", "furniture", part),
    }


def _actor_tables(actors: Frame) -> Frames:
    part = {name: name for name in ("alliance_id", "start", "end")}
    return {
        "actors": with_states(actors),
        "alliance_members": structs_of_list(actors, "actor_id", "memberships", part),
    }


def with_states(actors: Frame) -> Frame:
    """Add ``state_id``: the state that an actor is or belongs to, by walking ``part_of``."""
    rows = actors.select("actor_id", "actor_type", "part_of").collect()
    states = states_of_actors({row["actor_id"]: row for row in rows.rows(named=True)})
    columns = frame_like(
        {"actor_id": list(states), "state_id": list(states.values())},
        {"actor_id": nw.String(), "state_id": nw.String()},
        actors,
    )
    return actors.join(columns, on="actor_id", how="left")


def states_of_actors(actors: Mapping[str, Mapping[str, Any]]) -> dict[str, str | None]:
    """Return the state that each actor is or belongs to; None if its chain ends without one.

    Every actor is looked at once, however long the chains are. Within a batch the next of a chain
    may still be to come, and a chain may lead back to itself.
    """
    states: dict[str, str | None] = {
        name: name for name, actor in actors.items() if actor["actor_type"] == "state"
    }
    for start in actors:
        chain: dict[str, None] = {}
        name: str | None = start
        while name is not None and name in actors and not (name in states or name in chain):
            chain[name] = None
            name = actors[name]["part_of"]
        state = states.get(name) if name is not None else None
        states.update(dict.fromkeys(chain, state))
    return {name: states[name] for name in actors}


def _incident_tables(incidents: Frame, summary: ClaimSummary, sources: Frame) -> Frames:
    counts = report_counts(summary.reports["incidents"], "incident_id", sources)
    counted = incidents.join(counts, on="incident_id", how="left")
    return {
        "incidents": with_date_bounds(
            counted.with_columns(nw.col(name).fill_null(0) for name in COUNTS), "occurred"
        ),
        "incident_actors": items_of_list(incidents, "incident_id", "actors", "actor_id").unique(),
    }


def _register_tables(
    others: Frames, summary: ClaimSummary, sources: Frame, definition: Definition
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
                tables[name] = register_table(live, table, summary.reports[name], sources)
    return tables


def _claim_tables(
    claims: Frame, others: Frames, definition: Definition, support: Frame | None
) -> Frames:
    folded, hops = _with_speakers(claims, _live(others, "sources", definition), definition)
    folded = _with_lookups(folded, others, definition)
    if support is not None:
        folded = with_support(folded, support)
        if derives_credibility(definition):
            folded = with_credibility(folded, _live(others, "actors", definition))
    roles = [
        items_of_list(claims, "claim_id", "dyad_from", "actor_id").with_columns(
            role=nw.lit("from")
        ),
        items_of_list(claims, "claim_id", "dyad_to", "actor_id").with_columns(role=nw.lit("to")),
        hops.filter(~nw.col("actor_id").is_null())
        .select("claim_id", "actor_id")
        .with_columns(role=nw.lit("speaker")),
    ]
    return {
        "claims": with_date_bounds(persist_shared(folded), "occurred"),
        "attributions": hops,
        "claim_actors": nw.concat(roles, how="vertical").unique(),
    }


def _with_speakers(claims: Frame, sources: Frame, definition: Definition) -> tuple[Frame, Frame]:
    """Return live claims with their origin and what the innermost hop says, and all hops."""
    stream, table = definition.streams["claims"], definition.tables["claims"]
    chain = stream.by_name["attributions"]
    fields = tuple(item.name for item in chain.fields)
    most = int(chain.constraints["maxLength"])
    hops = persist_shared(
        structs_with_position(claims, "claim_id", "attributions", fields, "hop", most)
    )
    own = {"anonymity", *(name for name in fields if name in table.names)} - set(stream.names)
    innermost = hops.filter(nw.col("hop") == nw.col("hop").max().over("claim_id")).select(
        "claim_id", *sorted(own), nw.col("actor_id").alias("speaker_id")
    )
    hops_of = nw.col("attributions").list.len().fill_null(0).cast(nw.Int64)
    counted = claims.with_columns(hops_of.alias("hops"))
    spoken = counted.join(innermost, on="claim_id", how="left")
    return with_origins(spoken, hops, sources), hops


def _with_lookups(claims: Frame, others: Frames, definition: Definition) -> Frame:
    """Return claims with what the rows that they refer to say, where the tables repeat it."""
    stream, table = definition.streams["claims"], definition.tables["claims"]
    for column, names in lookups(table).items():
        key = next(key for key in stream.foreign_keys if key.column == column)
        there = _live(others, key.table, definition).select(
            nw.col(key.reference).alias(column),
            *(nw.col(other).alias(f"{name}_there") for name, other in names.items()),
        )
        joined = claims.join(there, on=column, how="left")
        claims = joined.with_columns(
            # rows of earlier versions may say it themselves
            (
                nw.coalesce(name, f"{name}_there")
                if name in stream.names
                else nw.col(f"{name}_there")
            ).alias(name)
            for name in names
        )
    return claims


def lookups(table: Table) -> dict[str, dict[str, str]]:
    """Return by column what a table repeats of the rows referred to: its name here, and there.

    >>> spec = {"name": "kind", "type": "string", "lookup": "measure_id.kind"}
    >>> lookups(Table("claims", {"fields": [spec]}))
    {'measure_id': {'kind': 'kind'}}
    """
    found: dict[str, dict[str, str]] = {}
    for item in table.fields:
        if item.lookup is not None:
            column, _, name = item.lookup.partition(".")
            found.setdefault(column, {})[item.name] = name
    return found


def envelopes(rows: Frame, stream: str, definition: Definition) -> Frame:
    """Return the rows of a stream with the columns of the table ``events``."""
    return rows.select(
        *("seq", "event_id", "batch", "line", "action", "version"),
        *("recorded_at", "recorded_by", "reason"),
        nw.col(definition.streams[stream].id).alias("entity_id"),
        nw.lit(stream).alias("stream"),
    )
