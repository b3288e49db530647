"""Columns of a file of new rows: those that options of the command fill for all of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from claimlog.edit.append import Entries
from claimlog.edit.new_rows import INPUTS
from claimlog.edit.source_documents import DOCUMENT, takes_document
from claimlog.errors import UsageError
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import COLUMNS as ANCHOR

OF_A_TEXT = ("text_sha256", "text_length", "raw_sha256")
"""Columns of a source that only one text has."""


def refuse_row_columns(table: Table, given: Mapping[str, Any]) -> None:
    """Refuse values for all rows of a file in columns that hold another value in every row.

    Raises
    ------
    UsageError
        Naming the options.
    """
    own = {table.id, *INPUTS.get(table.name, ())}
    if "quote" in own:
        own.update(ANCHOR)
    if takes_document(table):
        own.update((DOCUMENT, *OF_A_TEXT))
    if table.natural_key and len(table.natural_key.columns) == 1:
        own.update(table.natural_key.columns)
    if wrong := [name for name in given if name in own]:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in wrong)
        says, it = ("say", "them") if len(wrong) > 1 else ("says", "it")
        raise UsageError(
            f"{options} {says} what one row holds, and --from reads many: leave {it} out and put "
            f"{it} into the file (options of other columns fill what its rows leave empty)"
        )


def filled_by_options(entries: Entries, given: Mapping[str, Any]) -> Entries:
    """Return rows of a file with the values given for all of them where a row holds none.

    An empty cell, a null and an empty list hold none.
    """
    if not given:
        return entries
    rows = [
        {**given, **{name: value for name, value in row.items() if _holds(value, name, given)}}
        for row in entries.rows
    ]
    return replace(entries, rows=rows)


def _holds(value: Any, name: str, given: Mapping[str, Any]) -> bool:
    """Whether a row says for itself what its column holds, or nothing else is given for it."""
    return name not in given or value not in (None, "", [])
