"""Looking up entries of registers by identifier, name or alias while somebody types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from claimlog.desk.row_references import reference_of
from claimlog.errors import ClaimlogError
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table
from claimlog.sources.words import words

MOST = 20
Row = Mapping[str, Any]


def label_of(definition: Definition, stream: str, row: Row) -> str:
    """Return what an entry is called."""
    table = definition.streams[stream]
    compiled = definition.tables.get(stream)
    column = compiled.spec.get("label") if compiled else None
    return str(row.get(column or table.id) or row.get(table.id) or "")


def find_entries(
    definition: Definition,
    stream: str,
    query: str,
    known: Mapping[str, Row],
    proposed: Mapping[str, Row],
    used: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Return the entries that a beginning of a word leads to, best first.

    Parameters
    ----------
    known, proposed
        Entries of the log, and those made on the spot, by identifier.
    used
        How often the coder has used entries; more often used ones come first.
    """
    asked = _folded(query)
    found = []
    for rows, is_proposed in ((proposed, True), (known, False)):
        for identifier, row in rows.items():
            rank, matched = _match(definition, stream, identifier, row, asked)
            if rank is not None:
                label = label_of(definition, stream, {**row, f"{stream}": identifier})
                order = (rank, -used.get(identifier, 0), label.casefold(), identifier)
                found.append((order, identifier, row, label or identifier, matched, is_proposed))
    found.sort(key=lambda one: one[0])
    return [
        {
            "id": identifier,
            "label": label,
            "matched": None if matched in (label, identifier) else matched,
            "detail": _detail(definition, stream, row),
            "proposed": is_proposed,
        }
        for _, identifier, row, label, matched, is_proposed in found[:MOST]
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


def _match(
    definition: Definition, stream: str, identifier: str, row: Row, asked: str
) -> tuple[int | None, str]:
    """Return how well an entry is meant, lower is better, and by which of its names."""
    best: tuple[int | None, str] = (None, "")
    for name in (identifier, *names_of(definition, stream, row)):
        rank = _rank(_folded(name), asked)
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
