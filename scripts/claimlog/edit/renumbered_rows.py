"""Rows of a batch as they read after batches that came first: numbers, references and times."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from claimlog.edit.replace_references import replace_references
from claimlog.errors import Finding, FindingsError
from claimlog.log.batch import Batch
from claimlog.log.canonical import encode
from claimlog.log.event_log import Log
from claimlog.log.merged_entities import rename_merged
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.table_schema import Table
from claimlog.validate import Report
from claimlog.validate.column_constraints import check_constraints

Renames = dict[str, dict[str, str]]
"""New identifiers by stream and old one."""

NUMBERED = re.compile(r"(?P<head>[A-Z]+(?:[0-9]+-)?)(?P<number>[0-9]{1,18})")
"""An identifier that is a capital letter and a number, of whatever stream; names are no numbers."""


def log_of(package: Package, batches: Sequence[Batch]) -> Log:
    """Read these batches as the whole log."""
    log = read(package, [*batches], sealed=False)
    log.require_readable()
    return log


def refuse_unsound(package: Package, lost: Sequence[Batch]) -> None:
    """Refuse batches whose rows are not even of their schema: they cannot be rewritten."""
    log = log_of(package, lost)
    report = Report(log)
    check_constraints(log, report)
    if report.error_count:
        raise FindingsError(report.findings, "nothing was rebased; mend the rows first")


def write_moved_rows(
    log: Log, batch: Batch, place: Path, renames: Renames, remedy: str
) -> list[tuple[str, str]]:
    """Write a batch's rows into a directory as they read after a log.

    Parameters
    ----------
    renames
        Of batches that were moved before; those of this one are added.
    remedy
        What to do with a row whose version another batch has used meanwhile.

    Returns
    -------
    list
        The identifiers that were renamed, old and new.

    Raises
    ------
    FindingsError
        If rows cannot be read, or an entity was changed on both sides.
    """
    alone = log_of(log.package, [dataclasses.replace(batch, index=0)])
    rows = {
        stream: alone.rows(stream).select(log.definition.streams[stream].names).to_dicts()
        for stream in batch.streams
    }
    fresh = _rename_taken(log, rows, renames)
    last = log.last_time or ""
    names = names_alone(renames)
    for stream, listed in rows.items():
        table = log.definition.streams[stream]
        moved = [moved_row(row, table, renames, names, last) for row in listed]
        _refuse_conflicts(log, batch, stream, moved, remedy)
        data = b"".join(encode(row) + b"\n" for row in moved)
        (place / f"{stream}.ndjson").write_bytes(data)
    return fresh


def _rename_taken(
    log: Log, rows: Mapping[str, list[dict[str, Any]]], renames: Renames
) -> list[tuple[str, str]]:
    """Add new identifiers for entities that both sides have asserted to `renames`; return them."""
    fresh = []
    for stream, listed in rows.items():
        later: dict[tuple[str, int, int], int] = {}  # of a number that is taken, one beyond it
        table = log.definition.streams[stream]
        used = set(log.ids(stream))
        taken = used | {row[table.id] for row in listed}
        for row in listed:
            old = row[table.id]
            match = NUMBERED.fullmatch(old)
            if row["version"] == 1 and old in used and match:
                head, width = match["head"], len(match["number"])
                passed: list[int] = []
                number = int(match["number"])
                while f"{head}{number:0{width}d}" in taken:
                    passed.append(number)
                    number = later.get((head, width, number), number + 1)
                later |= {(head, width, one): number for one in passed}
                new = f"{head}{number:0{width}d}"
                taken.add(new)
                renames.setdefault(stream, {})[old] = new
                fresh.append((old, new))
    return fresh


def names_alone(renames: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return new identifiers by the old ones, of whatever stream."""
    return {old: new for renamed in renames.values() for old, new in renamed.items()}


def moved_row(
    row: Mapping[str, Any],
    table: Table,
    renames: Mapping[str, Mapping[str, str]],
    names: Mapping[str, str],
    last: str,
) -> dict[str, Any]:
    """Return a row with identifiers renamed wherever they stand, and its time raised.

    Parameters
    ----------
    names
        `names_alone` of `renames`.
    last
        The time that it has at least.
    """
    moved = replace_references(row, table, renames)
    moved[table.id] = renames.get(table.name, {}).get(row[table.id], row[table.id])
    moved["reason"] = rename_merged(row["reason"], names)
    moved["recorded_at"] = max(row["recorded_at"], last)
    return moved


def _refuse_conflicts(
    log: Log, batch: Batch, stream: str, rows: list[dict[str, Any]], remedy: str
) -> None:
    """Refuse rows whose version another batch has used meanwhile."""
    table = log.definition.streams[stream]
    ids = pl.Series([row[table.id] for row in rows], dtype=pl.String)
    known = log.rows_of(stream, ids, (table.id, "version"))
    last = dict(known.group_by(table.id).agg(pl.col("version").max()).iter_rows())
    findings = []
    for number, row in enumerate(rows, 1):
        before = last.get(row[table.id], 0)
        if row["version"] <= before:
            message = f"version {row['version']} exists already in a batch that won the race"
            findings.append(
                Finding(
                    "version-sequence",
                    batch.shown_file(stream),
                    message,
                    number,
                    row[table.id],
                    remedy,
                )
            )
        last[row[table.id]] = row["version"]
    if findings:
        raise FindingsError(findings, "nothing was rebased")
