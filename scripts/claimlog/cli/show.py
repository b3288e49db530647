"""Showing one entity with its whole history."""

from __future__ import annotations

from typing import Any

from claimlog.cli.output import line
from claimlog.edit.append import find_entity
from claimlog.edit.open_batch import read_with_open
from claimlog.log.row_changes import ENVELOPE, changed_columns
from claimlog.log.takedowns import TakenRow
from claimlog.package import Package
from claimlog.schema.table_schema import Table


def history(
    package: Package, identifier: str
) -> tuple[Table, list[dict[str, Any]], list[TakenRow]]:
    """Return the stream of an entity, its versions, oldest first, and those that were taken down.

    Raises
    ------
    ClaimlogError
        If no stream has the identifier.
    """
    log = read_with_open(package)
    log.require_readable()
    stream, rows = find_entity(log, identifier)
    table = log.definition.streams[stream]
    columns = ("seq", "event_id", "batch", *table.names)
    taken = [*log.taken_of(stream, identifier).values()]
    return table, rows.select(columns).to_dicts(), taken


def print_history(table: Table, versions: list[dict[str, Any]], taken: list[TakenRow]) -> None:
    """Print the last state in full, what each version changed, and which were taken down."""
    last = versions[-1]
    state = "retracted" if last["action"] == "retract" else "live"
    line((str(last[table.id]), "bold"), f"  {table.name}, version {last['version']}, {state}")
    for key, value in last.items():
        if key not in ENVELOPE and value not in (None, []):
            line(f"  {key:20} {_shown(value)}")
    line("history")
    for gone in taken:
        line(
            f"  version {gone.version}  taken down on {gone.taken_down} by {gone.by}: {gone.reason}"
        )
        line(f"    event {gone.leaf_hash}, of which this hash is left")
    before: dict[str, Any] = {}
    for row in versions:
        reason = f": {row['reason']}" if row["reason"] else ""
        line(
            f"  version {row['version']}  {row['action']}  {row['recorded_at']}  "
            f"{row['recorded_by']}  batch {row['batch']}{reason}"
        )
        line(f"    event {row['event_id']} (seq {row['seq']})")
        for key, (old, new) in (changed_columns(before, row) if before else {}).items():
            line(f"    {key}: {_shown(old)} -> {_shown(new)}")
        before = row


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_shown(part) for part in value) or "empty"
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items() if part is not None)
    return "empty" if value is None else str(value)
