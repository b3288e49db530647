"""Rows as they would stand in the open batch, of what is only saved at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.desk.draft_values import in_use
from claimlog.edit.clock import now
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import anchor
from claimlog.sources.text import Text

Row = dict[str, Any]
NOBODY = "nobody"
"""Who recorded a row that is only looked at."""


def asserted_row(log: Log, table: Table, identifier: str, value: Mapping[str, Any]) -> Row:
    """Return the row that would assert an entity."""
    filled = in_use(table, value)
    state = {
        item.name: filled.get(item.name, [] if item.type == "array" else None)
        for item in table.fields
    }
    return {
        **state,
        table.id: identifier,
        "action": "assert",
        "version": 1,
        "recorded_at": max(now(), log.last_time or ""),
        "recorded_by": NOBODY,
        "reason": None,
    }


def claim_values(source: str, text: Text, value: Mapping[str, Any]) -> Row:
    """Return the columns of a draft, with its source and its anchor."""
    return {**value, "source_id": source, **anchor(text, value["start"], value["end"]).as_row()}
