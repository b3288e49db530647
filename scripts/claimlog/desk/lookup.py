"""Looking up entries of registers by identifier, name or alias while somebody types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claimlog.desk.row_references import reference_of
from claimlog.errors import ClaimlogError
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table
from claimlog.sources.words import words

MOST = 20
PROMPT_ENTRIES = 5_000
"""Entries of a register whose names are made ready in some tenths of a second."""

Row = Mapping[str, Any]


def label_of(definition: Definition, stream: str, row: Row) -> str:
    """Return what an entry is called."""
    table = definition.streams[stream]
    compiled = definition.tables.get(stream)
    column = compiled.spec.get("label") if compiled else None
    return str(row.get(column or table.id) or row.get(table.id) or "")


@dataclass(frozen=True)
class NamedEntry:
    """An entry of a register with all that it is found by.

    Attributes
    ----------
    names
        Its identifier, name and aliases, each with its words as they are compared.
    """

    identifier: str
    row: Row
    label: str
    names: list[tuple[str, str]]


def named_entries(definition: Definition, stream: str, rows: Mapping[str, Row]) -> list[NamedEntry]:
    """Return the entries of a register with their names made ready to be compared at every key."""
    return [
        NamedEntry(
            identifier,
            row,
            label_of(definition, stream, row) or identifier,
            [(name, _folded(name)) for name in (identifier, *names_of(definition, stream, row))],
        )
        for identifier, row in rows.items()
    ]


def find_entries(
    definition: Definition,
    stream: str,
    query: str,
    known: Sequence[NamedEntry],
    proposed: Sequence[NamedEntry],
    used: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Return the entries that a beginning of a word leads to, best first.

    Parameters
    ----------
    known, proposed
        Entries of the log, and those made on the spot.
    used
        How often the coder has used entries; more often used ones come first.
    """
    asked = _folded(query)
    found = []
    for entries, is_proposed in ((proposed, True), (known, False)):
        for entry in entries:
            rank, matched = _match(entry, asked)
            if rank is not None:
                name = entry.identifier
                order = (rank, -used.get(name, 0), entry.label.casefold(), name)
                found.append((order, entry, matched, is_proposed))
    found.sort(key=lambda one: one[0])
    return [
        {
            "id": entry.identifier,
            "label": entry.label,
            "matched": None if matched in (entry.label, entry.identifier) else matched,
            "detail": _detail(definition, stream, entry.row),
            "proposed": is_proposed,
        }
        for _, entry, matched, is_proposed in found[:MOST]
    ]


def names_of(definition: Definition, stream: str, row: Row) -> Iterator[str]:
    """Yield name and aliases of an entry."""
    table = definition.streams[stream]
    label = label_of(definition, stream, row)
    if label:
        yield label
    for item in table.fields:
        if item.type == "array" and item.item and reference_of(table, item) is None:
            yield from (str(name) for name in row.get(item.name) or ())


def _match(entry: NamedEntry, asked: str) -> tuple[int | None, str]:
    """Return how well an entry is meant, lower is better, and by which of its names."""
    best: tuple[int | None, str] = (None, "")
    for name, folded in entry.names:
        rank = _rank(folded, asked)
        if rank is not None and (best[0] is None or rank < best[0]):
            best = (rank, name)
    return best


def _rank(name: str, asked: str) -> int | None:
    if not asked:
        return 0
    if name == asked:
        return 0
    if name.startswith(asked):
        return 1
    if f" {asked}" in name:
        return 2
    return 3 if asked in name else None


def _folded(text: str) -> str:
    try:
        return " ".join(words(text.replace("-", " ")))
    except ClaimlogError:
        return ""


def _detail(definition: Definition, stream: str, row: Row) -> str | None:
    """Return the label of the first code that an entry has: what kind of thing it is."""
    table: Table = definition.streams[stream]
    for item in table.fields:
        if item.codelist and item.name in table.content and row.get(item.name):
            codes = definition.codebook.codes[item.codelist]
            return next((c["label"] for c in codes if c["code"] == row[item.name]), None)
    return None
