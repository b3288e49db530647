"""Columns of a file of rows: those that no row has, and those that options fill for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from claimlog.edit.row_faults import ColumnFault
from claimlog.edit.row_inputs import ANCHORED, DOCUMENT, column_option, row_inputs
from claimlog.edit.template import missing_columns
from claimlog.errors import ClaimlogError, UsageError
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import COLUMNS as ANCHOR

if TYPE_CHECKING:
    from claimlog.edit.add_amend_retract import Entries

OF_A_TEXT = ("text_sha256", "text_length", "raw_sha256")
"""Columns of a source that only one text has."""


def refuse_row_columns(table: Table, given: Mapping[str, Any]) -> None:
    """Refuse values for all rows of a file in columns that hold another value in every row.

    Raises
    ------
    UsageError
        Naming the options.
    """
    own = _row_columns(table)
    if wrong := [name for name in given if name in own]:
        options = ", ".join(map(column_option, wrong))
        says, it = ("say", "them") if len(wrong) > 1 else ("says", "it")
        raise UsageError(
            f"{options} {says} what one row holds, and --from reads many: leave {it} out and put "
            f"{it} into the file (options of other columns fill what its rows leave empty)"
        )


def _row_columns(table: Table) -> set[str]:
    """Return the columns that hold another value in every row."""
    own = {table.id, *row_inputs(table)}
    if table.name in ANCHORED:
        own.update(ANCHOR)
    if DOCUMENT in own:
        own.update(OF_A_TEXT)
    if table.natural_key and len(table.natural_key.columns) == 1:
        own.update(table.natural_key.columns)
    return own


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


def with_absent_columns(table: Table, entries: Entries, amends: bool = False) -> Entries:
    """Return rows of a file with a fault for each column that it must have and has not at all.

    Parameters
    ----------
    amends
        Whether the rows amend, which takes no more than the identifier.
    """
    unread = {name for index in entries.faults.of_rows for name in entries.faults.columns(index)}
    present = unread.union(*entries.rows)
    needed = [table.id] if amends else missing_columns(table, present)
    faults = entries.faults.copy()
    faults.of_file += [_absence(table, name) for name in needed if name not in present]
    return replace(entries, faults=faults)


def _absence(table: Table, name: str) -> ColumnFault:
    is_shared = name not in _row_columns(table)
    option = f", or give {column_option(name)} for all rows" if is_shared else ""
    return ColumnFault((name,), ClaimlogError(f"the file has no column {name}; add it{option}"))
