"""Rules about what rows refer to: other rows, passages of a text, and chains without cycles.

On Spark references are joins (`spark/rules.py`); the other rules are those below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from typing import Any, NamedTuple

import polars as pl

from claimlog.connected_components import components
from claimlog.errors import Finding
from claimlog.log.event_log import Log, is_live
from claimlog.schema.edtf import bounds
from claimlog.schema.link_relations import SAME_FACT
from claimlog.schema.table_schema import Table
from claimlog.validate.report import Report
from claimlog.validate.takedown_rules import with_taken_rows

CYCLE_SHOWN = 20
"""Entities that a finding names of a cycle, which may be a hundred thousand long."""


def check_references(log: Log, report: Report) -> None:
    """Check that every reference is to an entity that exists, and of live rows to live ones.

    An entity may be asserted later in the same batch: a batch is one transaction.
    """
    found: dict[str, list[_Reference]] = {}
    for stream, table in log.section_tables.items():
        frame = log.rows(stream).with_columns(is_live(table).alias("is_live"))
        for schema, rows in log.by_schema(stream, frame):
            for label, target, refs in _references(rows, schema):
                found.setdefault(target, []).append(_Reference(stream, label, rows.height, refs))
    for target, references in found.items():
        _check_references_to(log, report, target, references)


class _Reference(NamedTuple):
    """A column that refers to another stream, of how many rows, and its values."""

    stream: str
    label: str
    rows: int
    values: pl.DataFrame


def _check_references_to(
    log: Log, report: Report, target: str, references: list[_Reference]
) -> None:
    # looked up at once: most of what columns refer to is the same
    wanted = pl.concat([one.values["ref"] for one in references]).unique()
    targets = _targets(log, target, wanted)
    unknown = pl.col("known_from").is_null() | (pl.col("known_from") > pl.col("batch"))
    dead = pl.col("is_live") & ~pl.col("target_live") & ~unknown
    rules = (("foreign-key", unknown), ("live-reference", dead))
    for one in references:
        for rule, _ in rules:
            report.count(rule, one.rows)
        if one.values.is_empty():
            continue
        beside = one.values.join(targets, on="ref", how="left")
        for rule, wrong in rules:
            said = wording(rule, one.label, target)
            report.fail_rows(rule, one.stream, beside.filter(wrong), *said)


def wording(rule: str, label: str, target: str) -> tuple[Callable[[dict[str, Any]], str], str]:
    """Return what a broken reference is said to be, and the remedy."""
    if rule == "foreign-key":
        remedy = f"assert it in {target} in this batch or before, or mend the identifier"
        return lambda row: f'{label} "{row["ref"]}" is not in {target}', remedy
    remedy = "retract or amend this row as well"
    return lambda row: f'{label} "{row["ref"]}" was retracted', remedy


def _targets(log: Log, stream: str, wanted: pl.Series) -> pl.DataFrame:
    """Return, for the entities of a stream that are referred to, since when and whether alive."""
    table = log.definition.streams[stream]
    columns = (table.id, "batch", "seq", "action")
    # only these rows: most references are to few entities of many
    rows = with_taken_rows(log, table, log.rows_of(stream, wanted, columns))
    return (
        rows.with_columns(is_live(table).alias("is_live"))
        .group_by(pl.col(table.id).alias("ref"))
        .agg(
            pl.col("batch").min().alias("known_from"),
            pl.col("is_live").any().alias("target_live"),
        )
    )


def _references(frame: pl.DataFrame, table: Table) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Yield every referring column with its target stream and its values, one a row, as ``ref``."""

    def values(column: str) -> pl.LazyFrame:
        place = (table.id, "batch", "line", "is_live")
        return frame.lazy().select(*place, pl.col(column).alias("ref"))

    def values_of(refs: pl.LazyFrame) -> pl.DataFrame:
        return refs.filter(pl.col("ref").is_not_null()).collect()

    for key in table.foreign_keys:
        yield key.column, key.table, values_of(values(key.column))
    for item in table.fields:
        if item.item is not None and item.item.references:
            yield item.name, item.item.references, values_of(values(item.name).explode("ref"))
        for inner in item.fields:
            if inner.references:
                part = pl.col("ref").struct.field(inner.name).alias("ref")
                refs = values(item.name).explode("ref").with_columns(part)
                yield f"{item.name}: {inner.name}", inner.references, values_of(refs)


def check_spans_in_sources(log: Log, report: Report) -> None:
    """Check spans against the length and the page furniture of their source.

    That is its last state for live rows. A row that was amended or retracted since stands in the
    text that the source had when the row was written, which may have been corrected.
    """
    states = log.rows("sources")
    known = states.select("source_id", "text_length", pl.col("seq").alias("state"))
    last = known.filter(pl.col("state") == pl.col("state").max().over("source_id"))
    furniture = _furniture_ranges(states)
    for stream in log.present_streams("claims", "codings"):
        table = log.definition.streams[stream]
        spans = _with_source_state(log.rows(stream), table, known, last)
        report.check(
            "span-source",
            stream,
            spans,
            pl.col("text_length").is_null()
            & pl.col("source_id").is_in(last["source_id"].implode()),
            lambda row: f"source {row['source_id']} has no coded text",
            "name the copy that was read, not the work behind it",
        )
        report.check(
            "span-inside",
            stream,
            spans,
            (pl.col("end") > pl.col("text_length")).fill_null(False),
            lambda row: f"end ({row['end']}) is past the text ({row['text_length']} code points)",
            "compute the anchor from the text: claimlog amend claim ID --quote",
        )
        _check_furniture_overlap(report, stream, spans, furniture)
    if "sources" in log.streams:
        _check_furniture(log, report, states.filter(pl.col("seq").is_in(last["state"].implode())))


def _with_source_state(
    rows: pl.DataFrame, table: Table, states: pl.DataFrame, last: pl.DataFrame
) -> pl.DataFrame:
    """Return rows with the state of their source that they are judged by and its text's length.

    ``state`` is the `seq` of that state; what may be long, as its furniture, is looked up there.
    """
    if states.height == last.height:
        return rows.join(last, on="source_id", how="left")
    own = pl.col("seq")
    judged_at = (
        pl.when(is_live(table))
        .then(states["state"].max())
        .when(pl.col("action") == "retract")  # which repeats the version before it
        .then(own.shift(1).over(table.id, order_by="seq"))
        .otherwise(own)
        .fill_null(own)
    )
    return (
        rows.with_columns(judged_at.alias("judged_at"))
        .sort("judged_at")
        .join_asof(
            states.with_columns(pl.col("state").alias("since")).sort("since"),
            left_on="judged_at",
            right_on="since",
            by="source_id",
            check_sortedness=False,  # which it cannot check within groups
        )
        .join(last, on="source_id", how="left", suffix="_last")
        .with_columns(pl.coalesce(name, f"{name}_last") for name in ("text_length", "state"))
        .sort("seq")
    )


def _furniture_ranges(states: pl.DataFrame) -> pl.DataFrame:
    """Return the ranges of page furniture of all states of sources, sorted by where they begin.

    Columns are ``state``, ``from``, ``to`` and ``kind``. A range is left out if one that began
    before reaches further: of those that begin before a place the last one reaches furthest.
    """
    part = pl.col("furniture").struct
    return (
        states.select(pl.col("seq").alias("state"), "furniture")
        .filter(pl.col("furniture").list.len() > 0)
        .explode("furniture")
        .select(
            "state",
            part.field("start").alias("from"),
            part.field("end").alias("to"),
            part.field("kind"),
        )
        .sort("from")
        .filter(pl.col("to") == pl.col("to").cum_max().over("state"))
    )


def _check_furniture_overlap(
    report: Report, stream: str, spans: pl.DataFrame, furniture: pl.DataFrame
) -> None:
    """Check by one search for each span that it overlaps no page furniture of its source."""
    report.count("span-furniture", spans.height)
    key = report.log.definition.streams[stream].id
    inside = (
        spans.select(key, "batch", "line", "start", "end", "seq", "state")
        .sort("end")
        .join_asof(
            furniture,
            left_on="end",
            right_on="from",
            by="state",
            allow_exact_matches=False,
            check_sortedness=False,  # which it cannot check within groups
        )
        .filter(pl.col("to") > pl.col("start"))
        .sort("seq")
    )
    report.fail_rows(
        "span-furniture",
        stream,
        inside,
        lambda row: (
            f"span {row['start']}-{row['end']} overlaps page furniture "
            f"({row['kind']}, {row['from']}-{row['to']})"
        ),
        "furniture holds no claim; mend the span, or the source's furniture",
    )


def _check_furniture(log: Log, report: Report, sources: pl.DataFrame) -> None:
    report.count("furniture-ranges", sources.height)
    for row in sources.iter_rows(named=True):
        at = 0
        for part in row["furniture"] or ():
            if not at <= part["start"] < part["end"] <= (row["text_length"] or 0):
                path, line = log.file_and_line("sources", row["batch"], row["line"])
                message = f"furniture {part['start']}-{part['end']} is out of order or of the text"
                remedy = "list ranges in order, apart, within the text"
                finding = Finding("furniture-ranges", path, message, line, row["source_id"], remedy)
                report.fail(finding)
                break
            at = part["end"]


def check_chains(log: Log, report: Report) -> None:
    """Check lineage and memberships: no cycles, dates in order, unrelated sources of one text."""
    if "sources" not in log.streams:
        return
    sources, actors = log.live("sources"), log.live("actors")
    edges = {
        row["source_id"]: [edge["source_id"] for edge in row["lineage"] or ()]
        for row in sources.iter_rows(named=True)
    }
    _check_cycle(
        log, report, "lineage-acyclic", "sources", sources, edges, "is derived from itself"
    )
    _check_lineage_dates(log, report, sources)
    _check_texts_once(log, report, sources, edges)
    rows = list(actors.iter_rows(named=True))
    kinds = {row["actor_id"]: row["actor_type"] for row in rows}
    edges = {
        row["actor_id"]: [edge["alliance_id"] for edge in row["memberships"] or ()]
        + [row["part_of"]] * (row["part_of"] is not None)
        for row in rows
    }
    _check_cycle(log, report, "membership-acyclic", "actors", actors, edges, "belongs to itself")
    report.count("membership-dates", len(rows))
    for row in rows:
        path, line = log.file_and_line("actors", row["batch"], row["line"])
        for edge in row["memberships"] or ():
            if kinds.get(edge["alliance_id"], "alliance") != "alliance":
                message = f'is a member of "{edge["alliance_id"]}", which is no alliance'
                remedy = "use part_of for states and organisations"
                report.fail(
                    Finding("membership-acyclic", path, message, line, row["actor_id"], remedy)
                )
            if _runs_backwards(edge["start"], edge["end"]):
                message = f"membership ends ({edge['end']}) before it begins ({edge['start']})"
                report.fail(
                    Finding("membership-dates", path, message, line, row["actor_id"], "mend it")
                )


def _check_lineage_dates(log: Log, report: Report, sources: pl.DataFrame) -> None:
    """Check that no source appeared before a work that it is derived from."""
    published = dict(sources.select("source_id", "published").iter_rows())
    report.count("lineage-dates", sources.height)
    for row in sources.iter_rows(named=True):
        for edge in row["lineage"] or ():
            work = published.get(edge["source_id"])
            if _runs_backwards(work, row["published"]):
                path, line = log.file_and_line("sources", row["batch"], row["line"])
                message = (
                    f"appeared {row['published']}, before {edge['source_id']} ({work}), from which "
                    "it is derived"
                )
                remedy = "mend the date that is wrong, or take the edge out"
                report.fail(
                    Finding(
                        "lineage-dates", path, message, line, row["source_id"], remedy, "warning"
                    )
                )


def _check_texts_once(
    log: Log, report: Report, sources: pl.DataFrame, edges: Mapping[str, Iterable[str]]
) -> None:
    """Check that sources with one text are joined by lineage, so that they count as one origin."""
    report.count("text-once", sources.height)
    coded = sources.filter(pl.col("text_sha256").is_not_null()).sort("seq")
    shared = coded.filter(pl.col("text_sha256").is_duplicated())
    if shared.is_empty():
        return
    groups = components((name, work) for name, works in edges.items() for work in (name, *works))
    registered: dict[str, dict[str, str]] = {}
    for row in shared.iter_rows(named=True):
        name, group = row["source_id"], groups[row["source_id"]]
        names = registered.setdefault(row["text_sha256"], {})
        if names and group not in names:
            first = next(iter(names.values()))
            path, line = log.file_and_line("sources", row["batch"], row["line"])
            message = f"has the very text of {first}, and no lineage to it"
            remedy = f"code {first}, or say by --lineage how the two are derived from each other"
            report.fail(Finding("text-once", path, message, line, name, remedy))
        names.setdefault(group, name)


def check_facts(log: Log, report: Report) -> None:
    """Check that of claims that state one fact every two are linked: nothing follows from two."""
    if "links" not in log.streams:
        return
    links = log.live("links").filter(pl.col("relation") == SAME_FACT)
    report.count("fact-closed", links.height)
    ends = list(links.select("from_claim_id", "to_claim_id").iter_rows())
    linked = {frozenset(pair) for pair in ends if pair[0] != pair[1]}
    facts = components(ends)
    pairs = Counter(facts[min(pair)] for pair in linked)
    members: dict[str, list[str]] = {}
    for claim, fact in facts.items():
        members.setdefault(fact, []).append(claim)
    for row in links.iter_rows(named=True):
        fact = facts[row["from_claim_id"]]
        group = members.pop(fact, [])
        apart = len(group) * (len(group) - 1) // 2 - pairs[fact]
        if group and apart:
            path, line = log.file_and_line("links", row["batch"], row["line"])
            # the pairs that are passed over on the way to one that is not linked are links
            one, other = next(p for p in combinations(group, 2) if frozenset(p) not in linked)
            message = (
                f"joins {one} and {other} through other claims, which are not linked themselves "
                f"({apart:,} such pairs of {len(group)} claims)"
            )
            remedy = "link each pair that states the same fact, or retract the link that does not"
            report.fail(
                Finding("fact-closed", path, message, line, row["link_id"], remedy, "warning")
            )


def _runs_backwards(start: str | None, end: str | None) -> bool:
    if start is None or end is None:
        return False
    try:
        begins, ends = bounds(start)[0], bounds(end)[1]
    except ValueError:
        return False  # the rule edtf says so
    return begins is not None and ends is not None and ends < begins


def _check_cycle(
    log: Log,
    report: Report,
    rule: str,
    stream: str,
    frame: pl.DataFrame,
    edges: dict[str, list[str]],
    verb: str,
) -> None:
    report.count(rule, frame.height)
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        row = frame.row(
            by_predicate=pl.col(log.definition.streams[stream].id) == cycle[0], named=True
        )
        path, line = log.file_and_line(stream, row["batch"], row["line"])
        shown = cycle if len(cycle) <= CYCLE_SHOWN else [*cycle[: CYCLE_SHOWN - 2], "…", cycle[-1]]
        message = f"{verb}: {' -> '.join(shown)}"
        if shown is not cycle:
            message += f" ({len(cycle) - 1:,} in the circle)"
        report.fail(Finding(rule, path, message, line, cycle[0], "remove one of the edges"))
