"""Rules about rows that were taken down: each was one of an entity that the log still has."""

from __future__ import annotations

import polars as pl

from claimlog.errors import Finding
from claimlog.log.event_log import Log
from claimlog.log.takedowns import RECORD, TakenRow, read_takedowns
from claimlog.schema.table_schema import Table
from claimlog.validate.report import Report

RULE = "file-hash"
REMEDY = "restore it from git"


def check_takedowns(log: Log, report: Report) -> None:
    """Check that the record fits the log: each row beside a later version, each file listed.

    What the row said cannot be checked, only that nothing else is missing: its hash stands for it
    in the tree. An entity keeps its last row, so that its identifier is never given again.
    """
    if not log.taken_rows:
        return
    record = read_takedowns(log.package)
    altered = {batch.shown_file(stream) for batch in log.batches for stream in batch.taken}
    for name in sorted(altered.symmetric_difference(record.files or {})):
        message = f"the files that it lists and the rows that it names differ in {name}"
        report.fail(Finding(RULE, RECORD, message, remedy=REMEDY))
    versions: dict[tuple[str, str], dict[int, TakenRow]] = {}
    for row in log.taken_rows.values():
        own = versions.setdefault((row.stream, row.id), {})
        if row.version in own:
            message = f"names {row.id} version {row.version} twice"
            report.fail(Finding(RULE, RECORD, message, remedy=REMEDY))
        own[row.version] = row
    for (stream, identifier), taken in versions.items():
        present = set(log.history(stream, identifier)["version"])
        # a release may end before the version that was left
        kept = max(present, default=0) > max(taken) or log.package.archived
        for number, row in taken.items():
            if flaw := _flaw(row, number, set(taken), present, kept):
                report.fail(Finding(RULE, RECORD, f"{identifier} {flaw}", remedy=REMEDY))


def _flaw(row: TakenRow, number: int, taken: set[int], present: set[int], kept: bool) -> str | None:
    if number in present:
        return f"version {number} was taken down and is there"
    if not kept:
        return f"version {number} is its last one, which is never taken down"
    if number > 1 and number - 1 not in taken | present:
        return f"has no version {number - 1}"
    if number == 1 and row.action != "assert":
        return "began with another action than assert"
    return None


def with_taken_rows(log: Log, table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Return identifier, batch, ``seq`` and action of rows, and of those that were taken down."""
    whole = log.whole or log
    taken = {seq: row for seq, row in whole.taken_rows.items() if row.stream == table.name}
    if not taken:
        return rows
    more = pl.DataFrame(
        {
            table.id: [row.id for row in taken.values()],
            "batch": [row.batch for row in taken.values()],
            "seq": [*taken],
            "action": [row.action for row in taken.values()],
        },
        schema=rows.schema,
    )
    return pl.concat([rows, more])


def beside_taken(rows: pl.DataFrame, table: Table, log: Log) -> pl.DataFrame:
    """Say of rows that follow one which was taken down what came before them.

    Whether they changed what it said cannot be known any more, so no rule finds fault with it.
    """
    taken = [row for row in log.taken_rows.values() if row.stream == table.name]
    if not taken:
        return rows
    before = pl.DataFrame(
        {
            table.id: [row.id for row in taken],
            "version": [row.version + 1 for row in taken],
            "taken_action": [row.action for row in taken],
        }
    )
    follows = pl.col("taken_action").is_not_null()
    return (
        rows.join(before, on=[table.id, "version"], how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("taken_action", "before_action").alias("before_action"),
            pl.when(follows)
            .then(pl.col("version") - 1)
            .otherwise("before_version")
            .alias("before_version"),
            pl.when(follows)
            .then(pl.col("action") == "retract")
            .otherwise("unchanged")
            .alias("unchanged"),
        )
        .drop("taken_action")
    )
