"""Rows of a batch as they read after batches that came first: numbers, references and times."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from claimlog.edit.any_row_references import doubtful_references
from claimlog.edit.identifier_numbers import NumberedIdentifiers, form_and_number
from claimlog.edit.replace_references import references, replace_references
from claimlog.errors import Finding, FindingsError
from claimlog.log.batch import Batch
from claimlog.log.canonical import encode
from claimlog.log.event_log import Log
from claimlog.log.merged_entities import NamedMerge, merged_into, named_merge, rename_merged
from claimlog.log.read_log import read
from claimlog.package import Package
from claimlog.schema.table_schema import Table
from claimlog.validate import Report
from claimlog.validate.column_constraints import check_constraints

Renames = dict[str, dict[str, str]]
"""New identifiers by stream and old one."""

Rows = dict[str, list[dict[str, Any]]]
"""Rows of a batch by stream, in order."""

Merges = dict[NamedMerge, set[str]]
"""Streams in which a batch merges the one entity into the other."""

ADD_ANEW = (
    "take this row out (claimlog drop if it is open, else its line), and add it anew after the "
    "rebase"
)


def as_log(batches: Iterable[Batch]) -> list[Batch]:
    """Return batches counted as of one log: files are told apart by the index of their batch.

    One that has its index already stays the same object, with what it knows of its files.
    """
    return [
        batch if batch.index == index else dataclasses.replace(batch, index=index)
        for index, batch in enumerate(batches)
    ]


def log_of(package: Package, batches: Sequence[Batch]) -> Log:
    """Read these batches as the whole log."""
    log = read(package, as_log(batches), sealed=False)
    log.require_readable()
    return log


def rows_by_stream(package: Package, batch: Batch) -> Rows:
    """Return the rows of a batch, in the columns of the present schema."""
    log = log_of(package, [batch])
    return {
        stream: log.rows(stream).select(log.definition.streams[stream].names).to_dicts()
        for stream in batch.streams
    }


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
        If rows cannot be read, an entity was changed on both sides, or a column of any row names
        what is renamed in one stream and not in another.
    """
    rows = rows_by_stream(log.package, batch)
    fresh = _rename_taken(log, rows, renames)
    _refuse_doubtful(log, batch, rows, renames)
    last = log.last_time or ""
    merges = merges_of(rows, log.definition.streams)
    for stream, listed in rows.items():
        table = log.definition.streams[stream]
        moved = [moved_row(row, table, renames, merges, last) for row in listed]
        _refuse_conflicts(log, batch, stream, moved, remedy)
        if not moved:  # who took the last row back left an empty file, which no batch may have
            (place / f"{stream}.ndjson").unlink(missing_ok=True)
            continue
        data = b"".join(encode(row) + b"\n" for row in moved)
        (place / f"{stream}.ndjson").write_bytes(data)
    return fresh


def _rename_taken(log: Log, rows: Rows, renames: Renames) -> list[tuple[str, str]]:
    """Add new identifiers for entities that both sides have asserted to `renames`; return them."""
    fresh = []
    for stream, listed in rows.items():
        # of a number that is taken, one beyond it
        later: dict[tuple[NumberedIdentifiers, int], int] = {}
        table = log.definition.streams[stream]
        used = set(log.ids(stream))
        taken = used | {row[table.id] for row in listed}
        for row in listed:
            old = row[table.id]
            if row["version"] != 1 or old not in used:
                continue
            if found := form_and_number(table, old):
                numbered, number = found
                passed: list[int] = []
                while (new := numbered.identifier(number)) in taken:
                    passed.append(number)
                    number = later.get((numbered, number), number + 1)
                later |= {(numbered, one): number for one in passed}
                taken.add(new)
                renames.setdefault(stream, {})[old] = new
                fresh.append((old, new))
    return fresh


def merges_of(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], tables: Mapping[str, Table]
) -> Merges:
    """Return the merges that the retractions among the rows of a batch, by stream, tell of."""
    merges: Merges = {}
    for stream, listed in rows.items():
        for row in listed:
            if row["action"] == "retract" and (into := merged_into(row["reason"])):
                merge = NamedMerge(row[tables[stream].id], into)
                merges.setdefault(merge, set()).add(stream)
    return merges


def moved_row(
    row: Mapping[str, Any],
    table: Table,
    renames: Mapping[str, Mapping[str, str]],
    merges: Merges,
    last: str,
) -> dict[str, Any]:
    """Return a row with identifiers renamed wherever they stand, and its time raised.

    Parameters
    ----------
    merges
        Those of the batch that the row is of.
    last
        The time that it has at least.
    """
    moved = replace_references(row, table, renames)
    moved[table.id] = renames.get(table.name, {}).get(row[table.id], row[table.id])
    moved["reason"] = rename_merged(row["reason"], _names_in_reason(row, table, renames, merges))
    moved["recorded_at"] = max(row["recorded_at"], last)
    return moved


def _names_in_reason(
    row: Mapping[str, Any], table: Table, renames: Mapping[str, Mapping[str, str]], merges: Merges
) -> Mapping[str, str]:
    """Return the new identifiers of the stream whose entities the reason of a row says are merged.

    Other streams may have these identifiers, too: it is the one in which the row names what stays,
    and where that are several, the one in which the batch merges the two.
    """
    merge = named_merge(row["reason"])
    if merge is None:
        return {}
    if merge.gone is None:
        return renames.get(table.name, {})
    merging = merges.get(merge, set())
    found = references(row, table, {*renames, *merging})
    named = {one.stream for one in found if one.identifier == merge.into}
    streams = named & merging or named
    return renames.get(streams.pop(), {}) if len(streams) == 1 else {}


def _refuse_doubtful(
    log: Log, batch: Batch, rows: Mapping[str, list[dict[str, Any]]], renames: Renames
) -> None:
    """Refuse rows with a column of any row of which nobody knows what it names from now on."""
    findings = []
    tables = log.definition.streams
    own = {(stream, row[tables[stream].id]) for stream, listed in rows.items() for row in listed}
    for stream, listed in rows.items():
        table = tables[stream]
        for one in doubtful_references(log, table, listed, renames, own):
            message = (
                f"{one.column} names {one.identifier}, which {' and '.join(one.streams)} have, and "
                "one of them gets another identifier"
            )
            path, name = batch.shown_file(stream), listed[one.position][table.id]
            line = one.position + 1
            findings.append(Finding("foreign-key", path, message, line, name, ADD_ANEW))
    if findings:
        raise FindingsError(findings, "nothing was rebased")


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
