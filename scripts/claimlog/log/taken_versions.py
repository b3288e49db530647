"""Versions that were taken down among those of an entity, with what is still known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from claimlog.log.event_log import Log
from claimlog.log.takedowns import TakenRow

TAKEN = "taken_down"
"""Key under which such a version has its `TakenRow`; other versions do not have it."""

Row = dict[str, Any]


def taken_versions(log: Log, stream: str) -> dict[str, list[Row]]:
    """Return the versions of a stream's entities that were taken down, by identifier.

    Each has all columns of the stream, None but for those that say which version it is.
    """
    key = log.definition.streams[stream].id
    found: dict[str, list[Row]] = {}
    for seq, row in log.taken_rows.items():
        if row.stream == stream:
            found.setdefault(row.id, []).append(
                {
                    **dict.fromkeys(log.column_names(stream)),
                    key: row.id,
                    "seq": seq,
                    "version": row.version,
                    "action": row.action,
                    "event_id": row.leaf_hash,
                    "batch": row.batch,
                    "line": row.line,
                    TAKEN: row,
                }
            )
    return found


def with_taken_versions(rows: Iterable[Row], taken: Iterable[Row]) -> list[Row]:
    """Return all versions of an entity in the order of the log."""
    return sorted([*rows, *taken], key=lambda row: int(row["seq"]))


def taken_row(row: Mapping[str, Any] | None) -> TakenRow | None:
    """Return what is known of a version that was taken down; None of another one, or of none."""
    found = row.get(TAKEN) if row else None
    return found if isinstance(found, TakenRow) else None
