"""Entries of registers that coders made on the spot, and what becomes of them.

Two coders name one actor by two identifiers, or two by one. Who decides says which are the same;
then every row names the entry that is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claimlog.desk.draft_values import in_use
from claimlog.desk.row_references import CLAIMS, Name, reference_of, references
from claimlog.desk.saved_decisions import REGISTERED_AS, SAME_AS, Decisions
from claimlog.desk.work import Work
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table

Row = dict[str, Any]


class NewEntries:
    """The entries of all coders of a text, with the decisions on them.

    Attributes
    ----------
    by_final_name
        The entries of coders as they are to be registered, with the coders, by stream and last
        identifier. Those that are the same as another are not there.
    final
        The entries that are to be registered, by stream and identifier.
    """

    def __init__(self, definition: Definition, works: Sequence[Work], decisions: Decisions) -> None:
        self.definition = definition
        self._settled = decisions.settled_entries()
        self._final_names: dict[str, str] = {}
        self._own = {
            (work.coder, entry.stream, entry.identifier): self._in_use(entry.stream, entry.value)
            for work in works
            for entry in work.entries()
        }
        self._streams: dict[tuple[str, str], list[str]] = {}
        """Those in which a coder made an entry of a name."""
        for coder, stream, name in self._own:
            self._streams.setdefault((coder, name), []).append(stream)
        self.final = {
            stream: {name: self._in_use(stream, row) for name, row in own.items()}
            for stream, own in decisions.entry_rows().items()
        }
        self.by_final_name = self._group_by_final_name()
        for (stream, name), rows in self.by_final_name.items():
            self.final.setdefault(stream, {}).setdefault(name, rows[0][1])

    def _in_use(self, stream: str, value: Row) -> Row:
        return in_use(self.definition.streams[stream], value)

    def final_name(self, coder: str, stream: str, name: str) -> str:
        """Return the identifier by which a coder's entry is registered at last."""
        followed: dict[str, None] = {}
        final = None
        while final is None:
            key = f"{coder}/{stream}/{name}"
            settled = self._settled.get(key)
            if key in self._final_names:
                final = self._final_names[key]
            elif settled is None or key in followed:
                final = name
            elif REGISTERED_AS in settled:
                final = str(settled[REGISTERED_AS])
            else:
                other, slash, rest = str(settled[SAME_AS]).partition("/")
                coder, name, final = other, rest, None if slash else other
            followed[key] = None
        self._final_names |= dict.fromkeys(followed, final)
        return final

    def _group_by_final_name(self) -> dict[Name, list[tuple[str, Row]]]:
        found: dict[Name, list[tuple[str, Row]]] = {}
        for (coder, stream, name), value in self._own.items():
            if SAME_AS not in self._settled.get(f"{coder}/{stream}/{name}", {}):
                final = self.final_name(coder, stream, name)
                row = self.renamed(coder, stream, value)
                found.setdefault((stream, final), []).append((coder, row))
        return found

    def renamed(self, coder: str, stream: str, value: Mapping[str, Any]) -> Row:
        """Return a row of a coder with the entries named as they are registered at last."""
        table = self.definition.streams[stream]
        return {
            column: self._renamed_cell(coder, table, column, cell) for column, cell in value.items()
        }

    def _renamed_cell(self, coder: str, table: Table, column: str, cell: Any) -> Any:
        item = table.by_name.get(column)
        if item is None:
            return cell  # words that were typed for a column that is not there any more
        target = reference_of(table, item)
        if target and isinstance(cell, list):
            names = [self._renamed_name(coder, target, part) for part in cell]
            return [*dict.fromkeys(names)]
        if target or item.any_row:
            return self._renamed_name(coder, target, cell)
        inner = {one.name: one.references for one in item.fields if one.references or one.any_row}
        if inner and isinstance(cell, list):
            return [
                {
                    key: self._renamed_name(coder, inner[key], part)
                    if key in inner and part is not None
                    else part
                    for key, part in one.items()
                }
                for one in cell
            ]
        return cell

    def _renamed_name(self, coder: str, stream: str | None, name: str) -> str:
        """Return a name as an entry of a stream, or with None of any, is registered at last.

        A name by which a coder made entries of several streams stays where it may mean each.
        """
        own = self._streams.get((coder, name), [])
        if stream is None and len(own) == 1:
            [stream] = own
        if stream is None or stream not in own:
            return name
        return self.final_name(coder, stream, name)

    def drafts(self, work: Work) -> dict[str, Row]:
        """Return a coder's drafts with the entries named as they are registered at last."""
        return {
            name: self.renamed(work.coder, CLAIMS, value) for name, value in work.drafts().items()
        }

    def entries_for(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Name]:
        """Return the new entries that rows lead to: no other is registered, whoever made it."""
        names: dict[Name, None] = {}
        pending = [(stream, row) for stream, given in rows.items() for row in given]
        while pending:
            stream, row = pending.pop()
            for target, name in references(self.definition, stream, row):
                if name in self.final.get(target, {}) and (target, name) not in names:
                    names[target, name] = None
                    pending.append((target, self.final[target][name]))
        return [*names]
