"""Entries of one identifier that are not the same: who decides says what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.desk.desk import Desk
from claimlog.desk.entry_merge import NewEntries
from claimlog.desk.row_references import Name
from claimlog.desk.saved_decisions import Decisions
from claimlog.edit.identifier_numbers import next_identifier
from claimlog.schema.pattern_matching import fits
from claimlog.schema.table_schema import Table

Row = Mapping[str, Any]


def clashing_entries(
    desk: Desk, entries: NewEntries, decisions: Decisions
) -> dict[Name, list[str]]:
    """Return the identifiers by which things that differ are to be registered, with the coders.

    Beside those of coders there may be an entry of who decides, and one of the register.
    """
    made = decisions.entry_rows()
    found: dict[Name, list[str]] = {}
    for (stream, name), rows in entries.by_final_name.items():
        table = desk.log.definition.streams[stream]
        others = (made.get(stream, {}).get(name), desk.log.entries(stream).get(name))
        values = [*(row for _, row in rows), *filter(None, others)]
        first, *rest = (_content(table, row) for row in values)
        if any(content != first for content in rest):
            found[stream, name] = [*dict.fromkeys(coder for coder, _ in rows)]
    return found


def _content(table: Table, row: Row) -> dict[str, Any]:
    values = {column: row.get(column) for column in table.content}
    return {column: value for column, value in values.items() if value not in (None, "", [])}


class FreeIdentifiers:
    """Identifiers that no entry has, for those that clash; what is taken is looked at once."""

    def __init__(self, desk: Desk, entries: NewEntries) -> None:
        self._desk, self._entries = desk, entries
        self._known: dict[str, tuple[set[str], str | None]] = {}

    def like(self, stream: str, name: str) -> str | None:
        """Return one like a given one; None if the pattern of the register has no such."""
        table = self._desk.log.definition.streams[stream]
        if stream not in self._known:
            taken = {*self._desk.log.entries(stream), *self._entries.final.get(stream, {})}
            self._known[stream] = taken, next_identifier(table, taken)
        taken, numbered = self._known[stream]
        if numbered is not None:
            return numbered
        pattern = str(table.by_name[table.id].constraints.get("pattern") or ".+")
        last = len(taken) + 3
        endings = (f"{sign}{number}" for sign in ("-", "_", "") for number in range(2, last))
        wanted = (f"{name}{ending}" for ending in endings)
        return next((new for new in wanted if new not in taken and fits(new, pattern)), None)
