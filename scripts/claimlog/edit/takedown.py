"""Taking rows of the sealed log down for a legal reason: the one exception to permanence.

The record is written first, then each file without its rows. A run that is cut off between the two
leaves a log that validation refuses; the same command again finishes it, because a row is found by
the hash of its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import polars as pl

from claimlog.edit.clock import now
from claimlog.edit.entity_history import find_entity
from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.batch import sealed_batches
from claimlog.log.event_log import Log
from claimlog.log.merkle import leaf_hash
from claimlog.log.read_file import read_bytes
from claimlog.log.read_log import read
from claimlog.log.release_index import read_index
from claimlog.log.takedowns import (
    RECORD,
    SHAPE,
    TakedownRecord,
    TakenRow,
    dump_takedowns,
    read_takedowns,
)
from claimlog.package import Package
from claimlog.schema.config_files import shape_flaw
from claimlog.schema.table_schema import Table


@dataclass(frozen=True)
class TakedownPlan:
    """What a takedown would do.

    Attributes
    ----------
    rows
        The rows that it takes down, by their place in the tree.
    record
        The record as it would be then.
    files
        The files that lose rows, by path in the package, with the bytes that are left.
    releases
        Versions of the releases that hold the rows.
    repeated
        What versions that stay say in the same words, a line each.
    """

    rows: dict[int, TakenRow]
    record: TakedownRecord
    files: dict[str, bytes]
    releases: tuple[str, ...]
    repeated: tuple[str, ...]


def plan_takedown(
    package: Package, identifier: str, versions: Sequence[int], reason: str, by: str
) -> TakedownPlan:
    """Return what taking versions of an entity down would do; nothing is written.

    Parameters
    ----------
    Raises
    ------
    UsageError
        If there is no such version, it is the last one, or what is said of it cannot stand in the
        record.
    ClaimlogError
        If the log cannot be read, or a row lies in a batch that is held as Parquet.
    """
    log = read(package)
    log.require_readable()
    stream, rows = find_entity(log, identifier)
    last = max(rows["version"].to_list())
    chosen = sorted({*versions})
    if last in chosen:
        raise UsageError(
            f"{identifier}: version {last} is its last one, which stays, so that the identifier is "
            "never given again; amend it first so that it no longer says what must go (and retract "
            "it if nothing of it may stand), seal that, and run this again"
        )
    known = set(rows["version"].to_list())
    if absent := [n for n in chosen if n not in known]:
        raise UsageError(f"{identifier}: there is no version {absent[0]} to take down")
    _refuse_retractions(rows, chosen, identifier)
    old = read_takedowns(package)
    day = max(now(), log.last_time or "")[:10]
    found = {}
    for row in rows.filter(pl.col("version").is_in(chosen)).iter_rows(named=True):
        found[int(row["seq"])] = TakenRow(
            **{name: row[name] for name in ("batch", "line", "version", "action")},
            stream=stream,
            leaf_hash=row["event_id"],
            id=identifier,
            taken_down=day,
            by=by,
            reason=reason,
        )
    table = log.definition.streams[stream]
    return _plan(log, old, found, tuple(_repeated(rows, chosen, table)))


def _repeated(rows: pl.DataFrame, chosen: Sequence[int], table: Table) -> Iterator[str]:
    """Yield what versions that stay say in the same words as one that goes."""
    goes = pl.col("version").is_in(chosen)
    for column in (item.name for item in table.fields if item.own_words):
        said = rows.filter(goes)[column].drop_nulls().to_list()
        same = rows.filter(~goes & pl.col(column).is_in(said))["version"].to_list()
        if same:
            versions = ", ".join(map(str, same))
            yield f'version {versions} stays and says the same in "{column}"'


def _refuse_retractions(rows: pl.DataFrame, chosen: Sequence[int], identifier: str) -> None:
    retracted = rows.filter(pl.col("version").is_in(chosen) & (pl.col("action") == "retract"))
    if not retracted.is_empty():
        number = retracted["version"][0]
        raise UsageError(
            f"{identifier}: version {number} retracts it, and only what asserts or amends is taken "
            "down, so that the history says what became of it"
        )


def _plan(
    log: Log, old: TakedownRecord, found: dict[int, TakenRow], repeated: tuple[str, ...]
) -> TakedownPlan:
    """Return the plan of taking rows down beside those that went before."""
    rows = (*old.rows, *found.values())
    numbers = log.by_number
    files, digests = {}, dict(old.files or {})
    for batch, stream in dict.fromkeys((row.batch, row.stream) for row in found.values()):
        name = numbers[batch].shown_file(stream)
        if numbers[batch].in_columns(stream):
            raise ClaimlogError(
                f"{name}: is held as Parquet, from which no row is taken out yet; write the batch "
                "as NDJSON first: its manifest and the tree stay the same but for the file"
            )
        gone = {row.leaf_hash for row in rows if (row.batch, row.stream) == (batch, stream)}
        data = without_rows(read_bytes(log.package.root / name, name), gone)
        files[name] = data
        digests[name] = {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    record = TakedownRecord(rows, digests)
    if flaw := shape_flaw(json.loads(dump_takedowns(record)), SHAPE):
        raise UsageError(f"{RECORD} would not be valid: {flaw}; nothing was taken down")
    first = min(found)
    releases = [str(e.version) for e in read_index(log.package) if e.size > first]
    return TakedownPlan(found, record, files, tuple(releases), repeated)


def without_rows(data: bytes, gone: set[str]) -> bytes:
    """Return a file of a batch without the lines that have these leaf hashes."""
    left = BytesIO()
    for line in data.split(b"\n")[:-1]:
        if leaf_hash(line).hex() not in gone:
            left.write(line + b"\n")
    return left.getvalue()


def take_down(package: Package, plan: TakedownPlan) -> None:
    """Write the record, then every file without its rows. The caller holds the lock.

    Raises
    ------
    OSError
        If something cannot be written; the same takedown again finishes it.
    """
    package.write(package.root / RECORD, dump_takedowns(plan.record))
    for name, data in plan.files.items():
        package.write(package.root / name, data)


def finish_takedown(package: Package) -> list[str]:
    """Take out of files what the record says was taken down; return their names.

    Only a run that was cut off leaves such a file.

    Raises
    ------
    ClaimlogError
        If a file is not what a takedown would leave of it.
    """
    record = read_takedowns(package)
    places = {b.shown_file(s): (b.number, s) for b in sealed_batches(package, []) for s in b.taken}
    finished = []
    for name, told in (record.files or {}).items():
        if name not in places:
            continue  # which validation names
        data = read_bytes(package.root / name, name)
        if sha256(data).hexdigest() == told["sha256"]:
            continue
        gone = {row.leaf_hash for row in record.rows if (row.batch, row.stream) == places[name]}
        left = without_rows(data, gone)
        if sha256(left).hexdigest() != told["sha256"]:
            raise ClaimlogError(f"{name}: is not what {RECORD} says; restore both from git")
        package.write(package.root / name, left)
        finished.append(name)
    return finished
