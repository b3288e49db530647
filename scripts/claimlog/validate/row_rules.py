"""Rules about single rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from claimlog.count_wording import number_and_noun
from claimlog.log.event_log import Log
from claimlog.schema.edtf import bounds
from claimlog.schema.requirements import Requirement, stated_values
from claimlog.schema.table_schema import Field
from claimlog.validate.report import Report

PART_KEYS = {
    "sources": ("lineage", ("source_id", "relation")),
    "actors": ("memberships", ("alliance_id",)),
}
"""By stream, an array of objects and the keys by which its parts are told apart."""


def check_requirements(log: Log, report: Report) -> None:
    """Check the conditional requirements of ``schemas/requirements.csv``."""
    for rule in log.definition.requirements:
        for stream in log.streams if rule.stream == "*" else log.present_streams(rule.stream):
            columns = log.definition.streams[stream].by_name
            when = _condition(columns[rule.when_column], rule.when)
            then = _condition(columns[rule.then_column], rule.then)

            def say(row: dict[str, Any], rule: Requirement = rule) -> str:
                return (
                    f"{_said(rule.then_column, row)} while {_said(rule.when_column, row)}: "
                    f"{rule.sentence[0].lower()}{rule.sentence[1:].rstrip('.')}"
                )

            report.check(rule.id, stream, log.rows_since(stream, rule.since), when & ~then, say)


def _condition(item: Field, state: str) -> pl.Expr:
    """Return the condition that a requirement names: set, null, empty, nonempty, or values."""
    value = pl.col(item.name)
    if state == "set":
        return value.is_not_null()
    if state == "null":
        return value.is_null()
    if state in ("empty", "nonempty"):
        return (value.list.len().fill_null(0) == 0) == (state == "empty")
    return value.is_in(stated_values(item, state)).fill_null(False)


def _said(column: str, row: Mapping[str, Any]) -> str:
    """Return the part of a sentence that says what a row holds in a column."""
    value = row[column]
    if isinstance(value, list) and value:
        return f'"{column}" has {number_and_noun(len(value), "entry", "entries")}'
    return f'"{column}" is {_shown_value(value)}'


def _shown_value(value: object) -> str:
    if value is None or value == []:
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f'"{value}"' if isinstance(value, str) else str(value)[:60]


def check_dates(log: Log, report: Report) -> None:
    """Check every EDTF column, those inside arrays included; each distinct value is parsed once."""
    for stream, table in log.section_tables.items():
        for schema, frame in log.by_schema(stream, log.rows(stream)):
            for item in schema.fields:
                if item.edtf:
                    _check_date(report, stream, frame, item, item.name)
                for inner in item.fields:
                    if inner.edtf:
                        parts = frame.select(table.id, "batch", "line", item.name)
                        dates = parts.explode(item.name).with_columns(
                            pl.col(item.name).struct.field(inner.name)
                        )
                        _check_date(report, stream, dates, inner, inner.name)


def _check_date(report: Report, stream: str, frame: pl.DataFrame, item: Field, column: str) -> None:
    wrong = {
        value: flaw
        for value in frame[column].drop_nulls().unique().to_list()
        if (flaw := _date_flaw(value))
    }
    report.check(
        "edtf",
        stream,
        frame,
        pl.col(column).is_in(list(wrong)).fill_null(False),
        lambda row: f'{item.name} is "{row[column]}": {wrong[row[column]]}',
        "write EDTF level 1: 2017-05, 2025-03~, 2025-21 (spring), 2025-02-28/2025-03-03",
    )


def _date_flaw(value: str) -> str | None:
    try:
        bounds(value)
    except ValueError as error:
        return str(error)
    return None


def check_spans(log: Log, report: Report) -> None:
    """Check the spans of claims and codings among themselves."""
    for stream in log.present_streams("claims", "codings"):
        report.check(
            "span-order",
            stream,
            log.rows(stream),
            pl.col("start") >= pl.col("end"),
            lambda row: f"start ({row['start']}) is not before end ({row['end']})",
            "a span is half-open: start < end",
        )


def check_hops(log: Log, report: Report) -> None:
    """Check that every attribution hop says who speaks."""
    if "claims" not in log.streams:
        return
    hops = log.rows("claims").select("claim_id", "batch", "line", "attributions")
    report.count("hop-speaker", hops.height)
    hops = hops.filter(pl.col("attributions").list.len() > 0).explode("attributions")
    hop = pl.col("attributions").struct
    report.fail_rows(
        "hop-speaker",
        "claims",
        hops.filter(hop.field("actor_id").is_null() & hop.field("description").is_null()),
        lambda row: f'a hop ("{row["attributions"]["verb"]}") has no actor and no description',
        "register the actor, or describe the speaker in our own words",
    )


def check_parts(log: Log, report: Report) -> None:
    """Check that no two lineage edges of a source, or memberships of an actor, say the same."""
    for stream, (column, names) in PART_KEYS.items():
        if stream not in log.streams:
            continue
        frame, table = log.rows(stream), log.definition.streams[stream]
        report.count("repeated-part", frame.height)
        parts = frame.select(table.id, "batch", "line", column).explode(column)
        part = pl.col(column).struct
        same = pl.struct(
            "batch", "line", *(part.field(name).alias(f"its_{name}") for name in names)
        )
        report.fail_rows(
            "repeated-part",
            stream,
            parts.filter(pl.col(column).is_not_null() & ~same.is_first_distinct()),
            lambda row, column=column, names=names: (  # type: ignore[misc]
                f"{column} holds {' '.join(row[column][name] for name in names)} twice"
            ),
            "make one of the two; what a second one says belongs into the first",
        )


def check_links(log: Log, report: Report) -> None:
    """Check that a link joins two different claims."""
    if "links" not in log.streams:
        return
    report.check(
        "link-ends",
        "links",
        log.rows("links"),
        pl.col("from_claim_id") == pl.col("to_claim_id"),
        lambda row: f"joins {row['from_claim_id']} to itself",
        "name two claims",
    )
