"""The versions of an entity as its page lists them."""

from __future__ import annotations

from collections.abc import Callable, Set

from claimlog.log.row_changes import ENVELOPE, changed_columns
from claimlog.site.store import Row


def version_history(
    versions: list[Row], release_of: Callable[[Row], str | None], ignored: Set[str] = ENVELOPE
) -> list[Row]:
    """Return each version with what it changed, why, and the release that first held it.

    Parameters
    ----------
    versions
        Rows of a table of versions, oldest first.
    ignored
        Columns whose changes are not named.
    """
    history: list[Row] = []
    before: Row = versions[0]
    for row in versions:
        changed = changed_columns(before, row, ignored)
        history.append(
            {
                "version": row["version"],
                "action": row["action"],
                "reason": row["reason"],
                "recorded_at": row["recorded_at"],
                "recorded_by": row["recorded_by"],
                "batch": row["batch"],
                "event_id": row["event_id"],
                "release": release_of(row),
                "changed": [
                    {"column": name, "old": old, "new": new} for name, (old, new) in changed.items()
                ],
            }
        )
        before = row
    return history
