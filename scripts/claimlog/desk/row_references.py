"""Which streams a claim leads to, and which entries a row refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from claimlog.edit.row_inputs import REQUESTED_PASSAGE
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Field, Table
from claimlog.sources.anchor import COLUMNS as ANCHOR

CLAIMS, SOURCES = "claims", "sources"
SPAN = ("start", "end")
REQUESTED = (*REQUESTED_PASSAGE, *SPAN)
"""Keys of a passage in a request."""
COMPUTED = {
    CLAIMS: frozenset((*ANCHOR, "source_id")),
    SOURCES: frozenset(("text_sha256", "text_length", "furniture")),
}
"""Columns that the desk computes or knows, by stream: nobody is asked for them."""

Name = tuple[str, str]
"""Stream and identifier."""


def form_streams(definition: Definition) -> list[str]:
    """Return the claims, the sources, and every stream that a claim leads to by references."""
    found = [CLAIMS, "sources"]
    for name in found:
        for target in referenced_streams(definition.streams[name]):
            if target in definition.streams and target not in found:
                found.append(target)
    return found


def on_the_spot_streams(definition: Definition) -> list[str]:
    """Return the streams of which a coder may register an entry while coding."""
    return [name for name in form_streams(definition) if name not in (CLAIMS, "sources")]


def referenced_streams(table: Table) -> Iterator[str]:
    """Yield the streams that rows of a stream refer to, some of them several times."""
    for key in table.foreign_keys:
        yield key.table
    for item in table.fields:
        for part in (item, item.item, *item.fields):
            if part is not None and part.references:
                yield part.references


def reference_of(table: Table, item: Field) -> str | None:
    """Return the stream that a column refers to, its items included."""
    for key in table.foreign_keys:
        if key.column == item.name:
            return key.table
    return item.references or (item.item.references if item.item else None)


def lookup_of(definition: Definition, column: str) -> tuple[str, str] | None:
    """Return by which column of a claim, and of the row it refers to, a column is looked up."""
    item = definition.tables[CLAIMS].by_name
    if column not in item or not (lookup := item[column].lookup):
        return None
    reference, _, other = lookup.partition(".")
    return reference, other


def references(definition: Definition, stream: str, value: Mapping[str, Any]) -> list[Name]:
    """Return the entries that a row refers to, in columns and keys that are not retired.

    In those of any row (``anyRow``) these are the entries that have the identifier, of any stream.
    """
    return [
        (target, name)
        for one, names in _reference_lists(definition.streams[stream], value)
        for target in ([one] if one else on_the_spot_streams(definition))
        for name in names
        if isinstance(name, str)
    ]


def refers_to(definition: Definition, stream: str, value: Mapping[str, Any], entry: Name) -> bool:
    """Whether a row refers to an entry; quicker than to look through all `references`."""
    target, name = entry
    lists = _reference_lists(definition.streams[stream], value)
    return any(other in (target, None) and name in names for other, names in lists)


def count_references(
    definition: Definition, stream: str, rows: Iterable[Mapping[str, Any]]
) -> Mapping[str, Counter[str]]:
    """Return how often rows of a stream refer to entries, by the stream of these."""
    found: dict[str | None, Counter[str]] = {}
    for value in rows:
        for target, names in _reference_lists(definition.streams[stream], value):
            own = found.setdefault(target, Counter())
            own.update(name for name in names if isinstance(name, str))
    of_any_row = found.pop(None, Counter())
    targets = {*found, *(on_the_spot_streams(definition) if of_any_row else ())}
    return {target: found.get(target, Counter()) + of_any_row for target in targets if target}


def _reference_lists(
    table: Table, value: Mapping[str, Any]
) -> Iterator[tuple[str | None, Sequence[Any]]]:
    """Yield what stands in each column and key that refers to a stream, or, with None, to any.

    These are names, if the row is sound.
    """
    for column, cell in value.items():
        item = table.by_name.get(column)
        if item is None or item.retired:
            continue
        parts = cell if isinstance(cell, list) else [cell]
        target = reference_of(table, item)
        if target or item.any_row:
            yield target, parts
        for inner in item.fields:
            if not inner.retired and (inner.references or inner.any_row):
                rows = (part for part in parts if isinstance(part, dict))
                yield inner.references, [name for row in rows if (name := row.get(inner.name))]
