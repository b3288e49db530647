"""What a version of a row changed: the columns in which it differs from the version before."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from claimlog.schema.table_schema import ENVELOPE, POSITION

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

    >>> changed_columns({"version": 1, "topic": "trust"}, {"version": 2, "topic": "sharing"})
    {'topic': ('trust', 'sharing')}
    """
    return {
        name: (before[name], value)
        for name, value in after.items()
        if name not in ignored and before[name] != value
    }
