"""The command `show`: print an entity with its whole history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from claimlog.cli.base import Context, example, json_option, pass_context
from claimlog.cli.output import json_block, line

if TYPE_CHECKING:
    from claimlog.log.takedowns import TakenRow
    from claimlog.schema.table_schema import Table


@click.command(epilog=example("claimlog show C004-001", "claimlog show gbr --json"))
@click.argument("identifier", metavar="ID")
@json_option
@pass_context
def show(context: Context, identifier: str, json_out: bool) -> None:
    """Print a claim, or any other entity, with its whole history."""
    from claimlog.edit.entity_history import entity_history

    table, versions, taken = entity_history(context.package, identifier)
    if json_out:
        json_block(versions)
    else:
        print_history(table, versions, taken)


def print_history(table: Table, versions: list[dict[str, Any]], taken: list[TakenRow]) -> None:
    """Print the last state in full, what each version changed, and which were taken down."""
    from claimlog.log.version_changes import EVENT_COLUMNS, changed_columns, readable_value

    last = versions[-1]
    state = "retracted" if last["action"] == "retract" else "live"
    line((str(last[table.id]), "bold"), f"  {table.name}, version {last['version']}, {state}")
    for key, value in last.items():
        if key not in EVENT_COLUMNS and value not in (None, []):
            line(f"  {key:20} {readable_value(value)}")
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
            line(f"    {key}: {readable_value(old)} -> {readable_value(new)}")
        before = row
