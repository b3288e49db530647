"""What a version of a row changed: the columns in which it differs from the version before."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from claimlog.schema.table_schema import ENVELOPE, POSITION, Field, Table, empty_retired
from claimlog.strict_json import LARGEST_INTEGER

EVENT_COLUMNS = frozenset({*ENVELOPE, *POSITION, "valid_from_seq", "valid_to_seq"})
"""Columns about the event that recorded a version, which differ from version to version anyway."""

ANCHOR_HASHES = frozenset(
    {"quote_sha256", "words_sha256", "before_sha256", "after_sha256", "word_count"}
)
"""Columns of claims that follow from the passage, and say nothing to somebody who reads a page."""


def changed_columns(
    before: Mapping[str, Any], after: Mapping[str, Any], ignored: Set[str] = EVENT_COLUMNS
) -> dict[str, tuple[Any, Any]]:
    """Return the old and the new value of every column that differs, in the order of `after`.

    >>> changed_columns({"version": 1, "topic": "trust"}, {"version": 2, "topic": "trade"})
    {'topic': ('trust', 'trade')}
    """
    return {
        name: (before[name], value)
        for name, value in after.items()
        if name not in ignored and before[name] != value
    }


def state_fields(stream: Table) -> tuple[Field, ...]:
    """Return the columns that an amendment changes: all but envelope and hashes of the anchor."""
    ignored = EVENT_COLUMNS | ANCHOR_HASHES
    return tuple(item for item in stream.fields if item.name not in ignored)


def changed_cell(item: Field, old: Any, new: Any) -> tuple[Any, Any] | None:
    """Return old and new value of a column, or None if they do not differ.

    A retired column, or a retired key in a list, that is empty now is taken as empty before too:
    the schema emptied it, and no amendment did.
    """
    if new == empty_retired(item, new):
        old = empty_retired(item, old)
    return None if old == new else (old, new)


def changed_cells(
    stream: Table, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return old and new value of every column in which two versions of a row differ.

    What readers are told of a change is derived here: the diff of releases, their changelog and
    delta, the table ``cell_changes``, the desk and the check of citations all say what this says.
    """
    cells = {
        item.name: changed_cell(item, before[item.name], after[item.name])
        for item in state_fields(stream)
    }
    return {name: cell for name, cell in cells.items() if cell is not None}


def with_truths(row: Mapping[str, Any], columns: Set[str]) -> dict[str, Any]:
    """Return a row whose columns of yes and no hold these, and not 1 and 0 as tables have them.

    >>> with_truths({"pass": 1, "open": 0, "shut": None}, {"open", "shut"})
    {'pass': 1, 'open': False, 'shut': None}
    """
    return {
        name: bool(value) if name in columns and value in (0, 1) else value
        for name, value in row.items()
    }


def readable_value(value: object, absent: str = "empty", no_items: str = "empty") -> str:
    """Return a value of a row for people: lists and objects without their brackets.

    Parameters
    ----------
    absent, no_items
        What is said of null, and of a list without items.

    >>> readable_value([{"actor_id": "nor", "verb": "say", "side": None}]), readable_value([])
    ('actor_id nor, verb say', 'empty')
    >>> readable_value(30.0), readable_value(2.5)
    ('30', '2.5')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(readable_value(part, absent, no_items) for part in value) or no_items
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items() if part is not None)
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_INTEGER:
        return str(int(value))  # as a person writes it
    return absent if value is None else str(value)
