"""Rebasing: giving batches that lost a race the numbers, times and identifiers that come next."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from claimlog.edit.batch_files import ignore_interrupts, leave_out_known, recover, replace, staging
from claimlog.edit.clock import last_seal, refuse_doubtful_clock
from claimlog.edit.entity_references import replace_references
from claimlog.edit.open_batch import open_batch
from claimlog.edit.seal import make_manifest
from claimlog.errors import Finding, FindingsError, UsageError
from claimlog.log.batch import (
    MANIFEST,
    Batch,
    chain,
    dump_manifest,
    first_followers,
    sealed_batches,
)
from claimlog.log.canonical import encode
from claimlog.log.event_log import Log
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index
from claimlog.log.signed_trees import read_signed_trees
from claimlog.package import Package
from claimlog.schema.table_schema import Table
from claimlog.validate import Report, validate
from claimlog.validate.column_constraints import check_pandera
from claimlog.validate.integrity import check_released

NUMBERED = re.compile(r"(?P<head>[A-Z]+(?:[0-9]+-)?)(?P<number>[0-9]{1,18})")
"""An identifier that is a capital letter and a number, of whatever stream; names are no numbers."""


def rebase(package: Package, names: Sequence[str], today: date | None = None) -> list[str]:
    """Put sealed batches after all others, in the order given. The caller holds the lock.

    Each gets the next number and a new manifest; times earlier than the log's last are raised to
    it; numbered identifiers (C001-002, L0001, S001) that another batch has used meanwhile are
    replaced by the next free ones, and references to them with them. Rows of an earlier schema
    version become rows of the present one, because the batches before them may be of it already.

    Parameters
    ----------
    today
        The day (UTC), which a clock far ahead of the log's last time must be confirmed by.

    Returns
    -------
    list of str
        What was renamed, a line each.

    Raises
    ------
    ClaimlogError
        If a batch lost no race or was released, if an entity was changed on both sides, so that
        somebody must decide, or if the clock is in doubt.
    """
    done = recover(package)
    if open_batch(package) is not None:
        done += leave_out_known(read(package))
    batches = sealed_batches(package, [])
    if done and not {Path(name).name for name in names} & {batch.path.name for batch in batches}:
        return done  # this finished the rebase that was cut off
    lost = [_named(batches, name) for name in dict.fromkeys(names)]
    _refuse_released(package, batches, lost)
    if unraced := _first_unraced(batches, lost):
        if done:
            return done  # this undid the rebase that was cut off, and nothing is to be rebased
        raise UsageError(
            f"{unraced.path.name} lost no race: no other batch has its number, and the one "
            "before it is there; nothing was rebased"
        )
    _refuse_taken_down(batches, lost)
    refuse_doubtful_clock(last_seal(package), today)
    _refuse_unsound(package, lost)
    stay = (batch for batch in batches if batch not in lost)
    kept = [dataclasses.replace(batch, index=index) for index, batch in enumerate(stay)]
    _refuse_gap(lost, kept)
    said: list[str] = []
    renames: dict[str, dict[str, str]] = {}  # by stream; a later batch refers to an earlier one's
    with staging(package) as folder:
        placed: list[Batch] = []
        for batch in lost:
            log = _log_of(package, [*kept, *placed])
            number = max((b.number for b in [*kept, *placed]), default=0) + 1
            place = folder / f"{number:04d}-{batch.slug}"
            fresh = _rewrite(log, batch, place, renames)
            new = Batch(place, f"events/{place.name}", number, batch.slug, len(log.batches))
            log = _log_of(package, [*kept, *placed, new])
            told = {key: batch.manifest[key] for key in ("title", "method", "recorded_by")}
            manifest = make_manifest(log, new, batch.slug, **told)
            (place / MANIFEST).write_bytes(dump_manifest(manifest))
            placed.append(Batch(place, new.shown, number, batch.slug, new.index, manifest))
            said.append(f"{batch.path.name} is now {place.name}")
            said += [f"  {old} is now {renamed}" for old, renamed in fresh]
        _check(package, [*kept, *placed])
        with ignore_interrupts():
            replace(package, lost, placed, lambda: _refuse_tagged(log))
    return said


def _named(batches: list[Batch], name: str) -> Batch:
    wanted = Path(name).name
    for batch in batches:
        if batch.path.name == wanted:
            return batch
    listed = ", ".join(batch.path.name for batch in batches[-4:])
    raise UsageError(f'there is no batch "{wanted}" in events/ (the last ones: {listed})')


def _log_of(package: Package, batches: list[Batch]) -> Log:
    """Read these batches as the whole log."""
    log = read(package, batches, sealed=False)
    log.require_readable()
    return log


def _check(package: Package, batches: list[Batch]) -> None:
    report = validate(_log_of(package, batches), frictionless=False)
    if report.error_count:
        raise FindingsError(
            report.findings, "nothing was rebased; mend the rows, or decide by hand"
        )


def _refuse_released(package: Package, batches: list[Batch], lost: list[Batch]) -> None:
    """Refuse batches that a release or a signed checkpoint holds: they never change."""
    known = {batch.manifest_sha256: batch for batch in batches}
    holding: dict[Path, str] = {}
    public = [(e.size, e.root, f"in release {e.version}") for e in read_index(package)]
    signed = read_signed_trees(package).values()
    public += [(one.size, one.root, "under a signed checkpoint") for one in signed]
    for size, root, holder in public:
        for end in batches:
            tree = end.manifest["tree"]
            batch = end if (tree["size"], tree["root"]) == (size, root) else None
            while batch is not None and batch.path not in holding:
                holding[batch.path] = holder
                batch = known.get(batch.manifest["previous_sha256"])
    for batch in lost:
        if place := holding.get(batch.path):
            raise UsageError(
                f"{batch.path.name} is {place} and never changes{_instead(batch, batches)}"
            )


def _instead(batch: Batch, batches: list[Batch]) -> str:
    """Say which batch may be meant: another one of the same number."""
    others = [other for other in batches if other.number == batch.number and other is not batch]
    return "".join(f"; did you mean claimlog rebase {other.path.name}?" for other in others[:1])


def _first_unraced(batches: list[Batch], lost: list[Batch]) -> Batch | None:
    """Return the first batch that lost no race, nor was sealed on top of one that did.

    A batch lost one if another has its number or its predecessor, or if that is not there.
    """
    numbers = Counter(batch.number for batch in batches)
    predecessors = Counter(batch.manifest["previous_sha256"] for batch in batches)
    digests = {None, *(batch.manifest_sha256 for batch in batches)}
    moved: set[str] = set()
    for batch in lost:
        before = batch.manifest["previous_sha256"]
        raced = numbers[batch.number] > 1 or predecessors[before] > 1
        raced = raced or before not in digests
        if not raced and before not in moved:
            return batch
        moved.add(batch.manifest_sha256)
    return None


def _refuse_taken_down(batches: list[Batch], lost: list[Batch]) -> None:
    """Refuse batches that lack rows: a row of which the hash alone is left gets no other hash."""
    for batch in lost:
        if batch.taken:
            raise UsageError(
                f"{batch.path.name} had rows that were taken down, and the hashes that are left of "
                "them stand for other times and numbers than they would get; rebase the other "
                f"batch{_instead(batch, batches)} (if that is released: take this one out, restore "
                "takedowns.json from before that takedown, and enter the rows that are left anew)"
            )


def _refuse_tagged(log: Log) -> None:
    """Refuse to go on without a batch that the last release tag holds."""
    report = Report(log)
    check_released(log, report)
    if report.error_count:
        raise FindingsError(report.findings, "nothing was rebased")


def _refuse_gap(lost: list[Batch], kept: list[Batch]) -> None:
    """Refuse to move a batch from under one that was sealed on top of it."""
    followers = first_followers(kept)
    for batch in lost:
        if above := [*chain(batch, followers)]:
            names = " ".join(other.path.name for other in (batch, *above))
            raise UsageError(
                f"{above[0].path.name} was sealed on top of {batch.path.name}; rebase both, in "
                f"that order: claimlog rebase {names}"
            )


def _refuse_unsound(package: Package, lost: list[Batch]) -> None:
    """Refuse batches whose rows are not even of their schema: they cannot be rewritten."""
    log = _log_of(package, lost)
    report = Report(log)
    check_pandera(log, report)
    if report.error_count:
        raise FindingsError(report.findings, "nothing was rebased; mend the rows first")


def _rewrite(
    log: Log, batch: Batch, place: Path, renames: dict[str, dict[str, str]]
) -> list[tuple[str, str]]:
    """Write the batch's rows into `place` as they read after `log`.

    Returns the identifiers that were renamed, and adds them to `renames`.
    """
    alone = _log_of(log.package, [dataclasses.replace(batch, index=0)])
    rows = {
        stream: alone.rows(stream).select(log.definition.streams[stream].names).to_dicts()
        for stream in batch.streams
    }
    fresh = _rename_taken(log, rows, renames)
    last = log.last_time or ""
    place.mkdir()
    for stream, listed in rows.items():
        table = log.definition.streams[stream]
        moved = [_moved(row, table, renames, last) for row in listed]
        _refuse_conflicts(log, batch, stream, moved)
        data = b"".join(encode(row) + b"\n" for row in moved)
        (place / f"{stream}.ndjson").write_bytes(data)
    return fresh


def _rename_taken(
    log: Log, rows: Mapping[str, list[dict[str, Any]]], renames: dict[str, dict[str, str]]
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


def _moved(
    row: dict[str, Any],
    table: Table,
    renames: Mapping[str, Mapping[str, str]],
    last: str,
) -> dict[str, Any]:
    """Return a row with identifiers renamed wherever they stand, and its time raised."""

    moved = replace_references(row, table, renames)
    moved[table.id] = renames.get(table.name, {}).get(row[table.id], row[table.id])
    moved["recorded_at"] = max(row["recorded_at"], last)
    return moved


def _refuse_conflicts(log: Log, batch: Batch, stream: str, rows: list[dict[str, Any]]) -> None:
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
            remedy = "compare the two, remove this batch, and amend from the last version"
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
