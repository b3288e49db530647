"""Rules about rows that were taken down: each was one of an entity that the log still has."""

from __future__ import annotations

import polars as pl

from claimlog.errors import ClaimlogError, Finding
from claimlog.log.event_log import Log
from claimlog.log.release_index import read_index
from claimlog.log.takedowns import RECORD, TakenRow, parse_takedowns, read_takedowns
from claimlog.schema.table_schema import Table
from claimlog.untrusted_files import parse_json
from claimlog.validate.report import Report

RULE, RELEASED_RULE = "file-hash", "released-batches"
RELEASED = f"log/{RECORD}"
"""The record in a release."""

REMEDY = "restore it from git"


def check_takedowns(log: Log, report: Report) -> None:
    """Check that the record fits the log: each row beside a later version, each file listed.

    What the row said cannot be checked, only that nothing else is missing: its hash stands for it
    in the tree. An entity keeps its last row, so that its identifier is never given again.
    """
    if not log.findings:
        _check_index(log, report)
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


def _check_index(log: Log, report: Report) -> None:
    """Check that what an entry of the index says was taken down is still declared."""
    try:
        index = read_index(log.package)
    except ClaimlogError:
        return  # which is a finding of its own
    for entry in index:
        rows = {row for issue in entry.issues[1:] for row in issue["rows"]}
        if undone := sorted(rows.difference(log.taken_rows)):
            named = ", ".join(map(str, undone[:10]))
            message = f"does not name row {named}, which {entry.display_path} says was taken down"
        elif not log.taken_rows and any(RELEASED in issue["files"] for issue in entry.issues):
            message = f"is missing, and {entry.display_path} names it as a file of the release"
        else:
            continue
        report.fail(Finding(RULE, RECORD, message, remedy=REMEDY))


def check_released_rows(log: Log, report: Report, tag: str, held: bytes | None) -> None:
    """Check that all that the record said in the last release it says to the letter.

    Parameters
    ----------
    held
        The record as the tag of that release holds it, if it does.
    """
    if held is None:
        return
    now = {*read_takedowns(log.package).rows}
    try:
        before = parse_takedowns(parse_json(held, RECORD))
    except ClaimlogError as error:
        flaw = str(error).removeprefix(f"{RECORD}: ")
        message = f"is no such record in the release {tag}: {flaw}"
        report.fail(Finding(RELEASED_RULE, RECORD, message, remedy="look at that tag"))
        return
    for row in before.rows:
        if row not in now:
            place = f"row {row.line} of {row.stream} in batch {row.batch:04d}"
            message = f"says otherwise than in release {tag} of {place}: {row.sentence}"
            report.fail(Finding(RELEASED_RULE, RECORD, message, entity=row.id, remedy=REMEDY))


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
