"""Showing one entity with its whole history."""

from __future__ import annotations

from typing import Any

from claimlog.cli.output import line
from claimlog.edit.append import find_entity
from claimlog.edit.open_batch import read_with_open
from claimlog.log.row_changes import ENVELOPE, changed_columns, readable_value
from claimlog.package import Package
from claimlog.schema.table_schema import Table


def history(package: Package, identifier: str) -> tuple[Table, list[dict[str, Any]]]:
    """Return the stream of an entity and all its versions, oldest first.

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
    return table, rows.select(columns).to_dicts()


def print_history(table: Table, versions: list[dict[str, Any]]) -> None:
    """Print the last state in full, and what each version changed."""
    last = versions[-1]
    state = "retracted" if last["action"] == "retract" else "live"
    line((str(last[table.id]), "bold"), f"  {table.name}, version {last['version']}, {state}")
    for key, value in last.items():
        if key not in ENVELOPE and value not in (None, []):
            line(f"  {key:20} {readable_value(value)}")
    line("history")
    before: dict[str, Any] = {}
    for row in versions:
        reason = f": {row['reason']}" if row["reason"] else ""
        line(
            f"  version {row['version']}  {row['action']}  {row['recorded_at']}  "
            f"{row['recorded_by']}  batch {row['batch']}{reason}"
        )
        line(f"    event {row['event_id']} (seq {row['seq']})")
        for key, (old, new) in (changed_columns(before, row) if before else {}).items():
            line(f"    {key}: {readable_value(old)} -> {readable_value(new)}")
        before = row
