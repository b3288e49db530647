"""Rules about single rows and about the history of an entity."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import polars as pl

from claimlog.count_wording import number_and_noun
from claimlog.errors import Finding
from claimlog.log.event_log import Log
from claimlog.schema.edtf import bounds
from claimlog.schema.requirements import Requirement, stated_values
from claimlog.schema.table_schema import Field, Table
from claimlog.validate.report import Report
from claimlog.validate.takedowns import with_taken_predecessors

REBASE_OPEN = "if a batch came in from elsewhere since a row was opened, run claimlog rebase"
"""What mends open rows that somebody's sealed batch has overtaken."""

LATER = "a later row carries the same or a later time"

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
        return (value.list.len() == 0) == (state == "empty")
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


def check_history(log: Log, report: Report) -> None:
    """Check identity, versions and actions along the history of every entity."""
    for stream, table in log.section_tables.items():
        frame = log.rows(stream)
        several = frame.select(pl.len().over(table.id) > 1).to_series()
        place = (table.id, "action", "version", "event_id", "batch", "line")
        # most entities have one row, whose history needs no look at its neighbours
        alone = _without_predecessor(frame.select(place).filter(~several))
        for beside in (alone, _with_predecessor(frame.filter(several), table)):
            rows = with_taken_predecessors(beside, table, log.whole or log)
            _check_identity(report, stream, rows)
            _check_actions(report, stream, rows)


def _without_predecessor(frame: pl.DataFrame) -> pl.DataFrame:
    """Say of rows that are their entity's only one that nothing came before them."""
    return frame.with_columns(
        pl.lit(None, pl.String).alias("before_action"),
        pl.lit(None, pl.Int64).alias("before_version"),
        *(pl.lit(False).alias(name) for name in ("unchanged", "twice", "doubled", "repeats")),
    )


def _with_predecessor(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Put beside every row what the row before it of the same entity was."""
    frame = frame.sort(table.id, "seq")
    same = pl.col(table.id).shift(1) == pl.col(table.id)
    in_use = [table.by_name[name] for name in table.in_use]
    retired = [pl.col(name) for name in table.content if name not in table.in_use]
    unchanged = same & reduce(
        pl.Expr.__and__,
        [
            *(state.eq_missing(state.shift(1)) for state in map(_state, in_use)),
            # a row by a schema that retired a column holds null there, whatever it amends
            *(state.eq_missing(state.shift(1)) | state.is_null() for state in retired),
        ],
        pl.lit(True),
    )
    return frame.with_columns(
        pl.when(same).then(pl.col("action").shift(1)).alias("before_action"),
        pl.when(same).then(pl.col("version").shift(1)).alias("before_version"),
        unchanged.fill_null(False).alias("unchanged"),
        pl.struct(table.id, "version").is_duplicated().alias("twice"),
        pl.col("event_id").is_duplicated().alias("doubled"),
        # the first of several is right, those after it are not
        (~pl.struct(table.id, "version").is_first_distinct()).alias("repeats"),
    )


def _state(item: Field) -> pl.Expr:
    """Return a column without the retired keys of its objects, for comparing two versions."""
    column = pl.col(item.name)
    if not any(inner.retired for inner in item.fields):
        return column
    names = [inner.name for inner in item.fields if not inner.retired]
    return column.list.eval(pl.struct(pl.element().struct.field(name) for name in names))


def _check_identity(report: Report, stream: str, frame: pl.DataFrame) -> None:
    report.check(
        "duplicate-event",
        stream,
        frame,
        pl.col("doubled") & pl.col("repeats"),
        lambda row: f"is the same row as an earlier one (event {row['event_id'][:12]}…)",
        "remove the second; a retried append adds nothing",
    )
    report.check(
        "primary-key",
        stream,
        frame,
        pl.col("repeats") & ~pl.col("doubled"),
        lambda row: f"has version {row['version']} twice",
        f"amend again from the last version; {REBASE_OPEN}",
    )
    expected = pl.col("before_version").fill_null(0) + 1
    report.check(
        "version-sequence",
        stream,
        frame,
        (pl.col("version") != expected) & ~pl.col("twice"),
        lambda row: f"is version {row['version']}, expected {(row['before_version'] or 0) + 1}",
        "number versions without gaps",
    )


def _check_actions(report: Report, stream: str, frame: pl.DataFrame) -> None:
    live = pl.col("before_action").is_in(["assert", "amend"]).fill_null(False)
    asserts = pl.col("action") == "assert"
    report.check(
        "live-entity",
        stream,
        frame,
        (asserts == live) & ~pl.col("twice"),
        lambda row: (
            "is asserted again while it is live"
            if row["action"] == "assert"
            else f"cannot {row['action']}: "
            + ("it was retracted" if row["before_action"] else "no event asserts it before")
        ),
        "assert what is not live; amend or retract what is",
    )
    report.check(
        "amend-changes",
        stream,
        frame,
        (pl.col("action") == "amend") & pl.col("unchanged") & ~pl.col("twice"),
        lambda row: f"version {row['version']} changes nothing",
        "leave it out",
    )
    report.check(
        "retract-keeps",
        stream,
        frame,
        (pl.col("action") == "retract")
        & ~pl.col("unchanged")
        & pl.col("before_version").is_not_null()
        & ~pl.col("twice"),
        lambda row: f"version {row['version']} retracts and changes the row at once",
        "repeat the last state, with action, version, time and reason",
    )


def check_times(log: Log, report: Report) -> None:
    """Check that recorded_at is a time, to the second, in UTC."""
    for stream in log.streams:
        report.check(
            "recorded-at",
            stream,
            log.rows(stream),
            ~_is_time(pl.col("recorded_at")),
            lambda row: f'recorded_at is "{row["recorded_at"]}", expected 2026-11-21T12:00:00Z',
            "write UTC to the second",
        )


def _is_time(text: pl.Expr) -> pl.Expr:
    parsed = text.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False)
    return parsed.is_not_null() & (text.str.len_chars() == 20)


def check_order(log: Log, report: Report) -> None:
    """Check that recorded_at never runs backwards.

    It rises along each file of a batch, and no batch begins before an earlier one ended. Between
    the files of one batch it may not: rows are numbered by stream, not by the minute.
    """
    report.count("recorded-order", log.size)
    if _in_order(log):
        return
    place = ("seq", "batch", "line", "recorded_at")
    rows = pl.concat(
        log.columns(stream, place).with_columns(pl.lit(stream).alias("stream"))
        for stream in log.definition.streams
    ).filter(_is_time(pl.col("recorded_at")))  # only well-formed times can be compared
    ends = rows.group_by("batch").agg(pl.col("recorded_at").max().alias("end")).sort("batch")
    floors = ends.select("batch", pl.col("end").cum_max().shift(1).alias("floor"))
    rows = rows.join(floors, on="batch", how="left").sort("seq")
    # as text: the format sorts by time
    earlier = pl.col("recorded_at").cum_max().over("batch", "stream")
    back = rows.filter(pl.col("recorded_at") < pl.max_horizontal(earlier, "floor"))
    for row in back.head(report.most).iter_rows(named=True):
        path, line = log.file_and_line(row["stream"], row["batch"], row["line"])
        message = f"recorded_at {row['recorded_at']} is before that of an earlier row"
        is_sealed = log.by_number[row["batch"]].sealed
        remedy = f"{LATER}; {'restore its batch from git' if is_sealed else REBASE_OPEN}"
        report.fail(Finding("recorded-order", path, message, line, remedy=remedy))
    report.count_unlisted("recorded-order", back.height - report.most)


def _in_order(log: Log) -> bool:
    """Whether what reading noted of each file says that no row needs a look."""
    floor = ""
    for batch in log.batches:
        found = [lines for s in batch.streams if (lines := log.files[batch.shown_file(s)]).rows]
        if not all(lines.times and lines.times.rising for lines in found):
            return False
        times = [lines.times for lines in found if lines.times]
        if any(time.first < floor for time in times):
            return False
        floor = max((time.last for time in times), default=floor)
    return True


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
