"""Entries of one identifier that are not the same: who decides says what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, count
from string import ascii_lowercase
from typing import Any

from claimlog.desk.desk import Desk
from claimlog.desk.draft_values import in_use
from claimlog.desk.entry_merge import NewEntries
from claimlog.desk.row_references import Name
from claimlog.desk.saved_decisions import Decisions
from claimlog.edit.identifier_numbers import next_identifier
from claimlog.schema.pattern_matching import which_fit
from claimlog.schema.table_schema import Table

Row = Mapping[str, Any]
SIGNS = ("-", "_", "")
"""What stands between an identifier and its ending."""


def clashing_entries(
    desk: Desk, entries: NewEntries, decisions: Decisions
) -> dict[Name, list[str]]:
    """Return the identifiers by which things that differ are to be registered, with the coders.

    Beside those of coders there may be an entry of who decides, and one of the register.
    """
    made = decisions.entry_rows()
    tables = desk.log.definition.streams
    streams = {stream for stream, _ in entries.by_final_name}
    known = {stream: desk.log.entries(stream) for stream in streams}
    found: dict[Name, list[str]] = {}
    for (stream, name), rows in entries.by_final_name.items():
        table = tables[stream]
        others = (made.get(stream, {}).get(name), known[stream].get(name))
        values = [*(row for _, row in rows), *filter(None, others)]
        first, *rest = (_content(table, row) for row in values)
        if any(content != first for content in rest):
            found[stream, name] = [*dict.fromkeys(coder for coder, _ in rows)]
    return found


def _content(table: Table, row: Row) -> dict[str, Any]:
    return {
        column: value for column, value in in_use(table, row).items() if value not in (None, "", [])
    }


def free_identifiers(desk: Desk, entries: NewEntries, names: Iterable[Name]) -> dict[Name, str]:
    """Return identifiers that no entry has, like given ones that clash.

    There is none for a name if the pattern of its register takes no ending of `_endings`.
    """
    by_stream: dict[str, list[str]] = {}
    for stream, name in names:
        by_stream.setdefault(stream, []).append(name)
    found: dict[Name, str] = {}
    for stream, own in by_stream.items():
        table = desk.log.definition.streams[stream]
        taken = {*desk.log.entries(stream), *entries.final.get(stream, {})}
        numbered = next_identifier(table, taken)
        if numbered is not None:
            found |= {(stream, name): numbered for name in own}
            continue
        wanted = {name: [*_like(name, taken)] for name in own}
        pattern = str(table.by_name[table.id].constraints.get("pattern") or ".+")
        fitting = which_fit(chain.from_iterable(wanted.values()), pattern)
        for name, likes in wanted.items():
            if (free := next((one for one in likes if one in fitting), None)) is not None:
                found[stream, name] = free
    return found


def _like(name: str, taken: Collection[str]) -> Iterator[str]:
    """Yield the first identifier that is not taken of each form that patterns commonly take."""
    for endings in _endings():
        free = (new for ending in endings if (new := f"{name}{ending}") not in taken)
        if (first := next(free, None)) is not None:
            yield first


def _endings() -> Iterator[Iterable[str]]:
    """Yield endings, likely ones first: numbers of one to three digits, and letters."""
    for sign in SIGNS:
        for digits in (1, 2, 3):
            yield (f"{sign}{number:0{digits}}" for number in count(2))
    for sign in SIGNS:
        yield (f"{sign}{letter}" for letter in ascii_lowercase[1:])
