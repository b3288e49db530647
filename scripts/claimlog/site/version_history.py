"""The versions of an entity as its page lists them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence, Set

from claimlog.log.column_beginnings import AddedColumns
from claimlog.log.version_changes import EVENT_COLUMNS, changed_columns, with_truths
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Row, Store

VERSIONS = 200
"""Versions of a row that its page lists, the latest; the table of versions has them all."""


async def latest_versions(store: Store, entity: str, name: str) -> list[Row]:
    """Return the latest versions of a row, oldest first, and one more to compare the first with."""
    rows = await store.rows(
        f'select * from "{entity}_versions" where "{entity}_id" = :name '
        "order by version desc limit :most",
        name=name,
        most=VERSIONS + 1,
    )
    truths = await store.truth_columns(f"{entity}_versions")
    return [with_truths(row, truths) for row in rows[::-1]]


def taken_versions(store: Store, stream: str, name: str, versions: Sequence[Row]) -> list[Row]:
    """Return the versions of an entity that were taken down, before the last one of `versions`."""
    taken = dataset_metadata(store.datasette).get("taken_down", ())
    own = [row for row in taken if (row["stream"], row["id"]) == (stream, name)]
    present = {row["version"] for row in versions}
    last = max(present, default=0)
    return [row for row in own if row["version"] not in present and row["version"] < last]


def version_history(
    versions: list[Row],
    release_of: Callable[[Row], str | None],
    added: AddedColumns,
    ignored: Set[str] = EVENT_COLUMNS,
    retired: Collection[str] = (),
) -> list[Row]:
    """Return each version with what it changed, why, and the release that first held it.

    Parameters
    ----------
    versions
        What `latest_versions` returns; of more than are listed the first is not listed.
    added
        Columns that the first rows did not have: what such a one held before is not said.
    ignored
        Columns whose changes are not named.
    retired
        Columns that new rows leave empty: that one is empty now says nothing of the row.
    """
    history: list[Row] = []
    before: Row = versions[0]
    for row in versions[len(versions) > VERSIONS :]:
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
                    {
                        "column": name,
                        "old": old,
                        "new": new,
                        "is_new": before["batch"] < added.get(name, 0),
                        "is_retired": name in retired and new in (None, []),
                    }
                    for name, (old, new) in changed.items()
                ],
            }
        )
        before = row
    return history
