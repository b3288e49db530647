"""Rules about rows that were taken down: each has an entity that is still in the log."""

from __future__ import annotations

import polars as pl

from claimlog.errors import ClaimlogError, Finding
from claimlog.log.batch import altered_files
from claimlog.log.event_log import Log
from claimlog.log.takedowns import RECORD, TakenRow, parse_takedowns, read_takedowns
from claimlog.schema.table_schema import Table
from claimlog.untrusted_files import parse_json
from claimlog.validate.report import Report

RULE, RELEASED_RULE = "file-hash", "released-batches"
RELEASED = f"log/{RECORD}"
"""The record in a release."""

REMEDY = "restore it from git"
FINISH = f"if that takedown was cut off run it again, with the same words; else {REMEDY}"


def check_takedowns(log: Log, report: Report) -> None:
    """Check the record against the log: each row has a later version, their files are listed.

    What the row said cannot be checked, only that nothing else is missing: its hash stands for it
    in the tree. An entity keeps its last row, so that its identifier is never given again.
    """
    if not log.findings:
        _check_index(log, report)
    if not log.taken_rows:
        return
    record = read_takedowns(log.package)
    for name in sorted(altered_files(log.batches).symmetric_difference(record.files)):
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
        has_later_version = max(present, default=0) > max(taken) or log.package.archived
        for number, row in taken.items():
            if flaw := _taken_row_flaw(row, number, set(taken), present, has_later_version):
                is_there = number in present and not log.package.archived
                remedy = FINISH if is_there else REMEDY
                report.fail(Finding(RULE, RECORD, f"{identifier} {flaw}", remedy=remedy))


def _check_index(log: Log, report: Report) -> None:
    """Check that every takedown that the index of releases knows is still in the record."""
    try:
        index = log.releases
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


def check_released_rows(log: Log, report: Report, tag: str, released_record: bytes | None) -> None:
    """Check that no row of the record of the last release was changed or removed.

    Parameters
    ----------
    released_record
        The record as the tag of that release holds it, if it does.
    """
    if released_record is None:
        return
    now = {*read_takedowns(log.package).rows}
    try:
        before = parse_takedowns(parse_json(released_record, RECORD))
    except ClaimlogError as error:
        flaw = str(error).removeprefix(f"{RECORD}: ")
        message = f"is no such record in the release {tag}: {flaw}"
        report.fail(Finding(RELEASED_RULE, RECORD, message, remedy="look at that tag"))
        return
    for row in before.rows:
        if row not in now:
            place = f"row {row.line} of {row.stream} in batch {row.batch:04d}"
            message = f"differs from release {tag} about {place}: {row.sentence}"
            report.fail(Finding(RELEASED_RULE, RECORD, message, entity=row.id, remedy=REMEDY))


def _taken_row_flaw(
    row: TakenRow, number: int, taken: set[int], present: set[int], has_later_version: bool
) -> str | None:
    """Return why a version of an entity cannot have been taken down, or None.

    Parameters
    ----------
    taken, present
        The versions of the entity that were taken down, and those that the log has.
    has_later_version
        Whether a later one is left.
    """
    if number in present:
        return f"version {number} was taken down and is there"
    if not has_later_version:
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


def with_taken_predecessors(rows: pl.DataFrame, table: Table, log: Log) -> pl.DataFrame:
    """Give rows whose previous version was taken down that version's action and number.

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
