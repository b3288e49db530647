"""Columns that a schema version added, and since which batch rows of a stream can have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from claimlog.log.batch import Batch
from claimlog.log.read_file import written_as
from claimlog.schema.definition import Definition
from claimlog.schema.upcast_steps import present_name

AddedColumns = Mapping[str, int]
"""Number of the first batch of a stream that has a column; of a key in a list as ``list.key``."""

NO_COLUMN = "no such column then"
"""What histories say in place of the old value where a row had no column for one."""


RETIRED_COLUMN = "no longer coded: the column is retired"
"""What histories say in place of the new value that a row leaves empty for that reason."""


def added_columns(definition: Definition, batches: Iterable[Batch]) -> dict[str, dict[str, int]]:
    """Return, by stream, the columns and keys that its first rows did not have.

    A column that no batch has yet comes with the batch after the last.
    """
    batches = list(batches)
    found: dict[str, dict[str, int]] = {}
    for step in definition.upcast_steps:
        if step.operation != "add":
            continue
        having = (
            batch.number
            for batch in batches
            if step.stream in batch.streams
            and written_as(batch, step.stream, definition) >= step.to_version
        )
        later = definition.steps_after(step.stream, step.to_version)
        name = present_name(step.column_name, later)
        first = min(having, default=max((batch.number for batch in batches), default=0) + 1)
        found.setdefault(step.stream, {})[f"{name}.{step.key}" if step.key else name] = first
    return found


def is_added_cell(name: str, old: Any, new: Any, batch: int, added: AddedColumns) -> bool:
    """Whether two values differ only in what a row of `batch`, the older one, had no place for.

    >>> is_added_cell("time_frame", None, "past", 16, {"time_frame": 17})
    True
    >>> is_added_cell("hops", [{"by": "a", "side": None}], [{"by": "a", "side": "us"}], 16,
    ...     {"hops.side": 17})
    True
    >>> is_added_cell("time_frame", None, "past", 17, {"time_frame": 17})
    False
    """
    if batch < added.get(name, 0):
        return True
    keys = list_keys(name, batch, added)
    if not keys or not isinstance(old, list) or not isinstance(new, list):
        return False
    then, now = (
        [{key: value for key, value in part.items() if key not in keys} for part in parts]
        for parts in (old, new)
    )
    return then == now


def list_keys(name: str, batch: int, added: AddedColumns) -> list[str]:
    """Return the keys that the objects in a list did not have in rows of `batch`."""
    pairs = ((*full.partition("."), first) for full, first in added.items())
    return [key for column, _, key, first in pairs if key and column == name and batch < first]
