"""States of the dataset as users name them: a version, or head."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimlog.log.event_log import Log
    from claimlog.release.diff import DatasetState


def named_state(log: Log, name: str) -> DatasetState:
    from claimlog.log.release_index import find_entry_of_log
    from claimlog.release.diff import DatasetState

    if name == "head":
        return DatasetState.of_head(log, "head")
    return DatasetState.of_entry(find_entry_of_log(log, name))
