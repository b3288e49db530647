"""Rules about the history of each entity, and about the order of times in the log.

Each row is held against the one before it. A rule on two versions is a `report.check` in
`_check_actions`; a check of its own is entered in `ENTITY_CHECKS` of `claimlog.validate`. The
sentence of a rule stands in `validate/rules.csv`.
"""

from __future__ import annotations

from functools import reduce

import polars as pl

from claimlog.errors import Finding
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Field, Table
from claimlog.validate.report import Report
from claimlog.validate.takedown_rules import with_taken_predecessors

REBASE_OPEN = "if a batch came in from elsewhere since a row was opened, run claimlog rebase"
"""The remedy for open rows whose versions a batch sealed elsewhere has taken."""

LATER = "a later row carries the same or a later time"


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
    """Add the columns of `_with_predecessor` to rows of entities that have a single row."""
    return frame.with_columns(
        pl.lit(None, pl.String).alias("before_action"),
        pl.lit(None, pl.Int64).alias("before_version"),
        *(pl.lit(False).alias(name) for name in ("unchanged", "twice", "doubled", "repeats")),
    )


def _with_predecessor(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Add to every row what the row before it of the same entity says, as columns."""
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
        "remove the second; of open rows, claimlog rebase leaves out those that are sealed",
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
    """Whether the times that were noted while reading show that all rows are in order."""
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
