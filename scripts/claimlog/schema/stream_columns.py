"""Gives compiled tables the columns that a stream gained, and takes away those that it lost.

A column is declared once, in the schema of its stream. Where the files of the tables have not
caught up (`claimlog schemas --write`), a table gets the columns of its stream that no table has,
and loses those that its stream has no more, with the indexes, keys and facets that name them. A
column that one table has and another leaves out is left out on purpose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from claimlog.schema.table_schema import REQUIRED_STREAMS, Table

Spec = dict[str, Any]

VERSION_COLUMNS = ("action", "reason")
"""Columns of a stream that only its table of versions has."""

UNNESTED = {
    "sources": ("lineage", "furniture"),
    "actors": ("memberships",),
    "incidents": ("actors",),
    "claims": ("attributions",),
}
"""Lists of a stream that have a table of their own."""


def with_stream_columns(table: Spec, stream: Table, repeated: Collection[str | None]) -> Spec:
    """Return the schema of a table with the columns that its stream has.

    Parameters
    ----------
    table
        The schema of the table of a stream's current rows, or of all of its versions.
    repeated
        The columns of streams that some table repeats, as STREAM.COLUMN.
    """
    columns = {spec["name"]: spec for spec in stream.spec["fields"]}
    kept = [field for field in table["fields"] if not _is_gone(field, stream.name, columns)]
    names = {field["name"] for field in kept}
    is_current = "stream" not in table
    left_out = (*VERSION_COLUMNS, *_unnested_lists(stream)) if is_current else ()
    own = [
        {**spec, "from": f"{stream.name}.{name}"}
        for name, spec in columns.items()
        if f"{stream.name}.{name}" not in repeated and name not in (*names, *left_out)
    ]
    if is_current and stream.name not in REQUIRED_STREAMS:
        own = [*_with_days(own, names)]
    if not own and len(kept) == len(table["fields"]):
        return table
    gone = {field["name"] for field in table["fields"]} - names
    projected = {**_without(table, gone), "fields": [*kept, *own]}
    if is_current:
        for key, added in (("search", own_word_columns(own)), ("facets", text_codes(own))):
            if added and key in table:
                projected[key] = [*projected.get(key, ()), *added]
        _add_keys(projected, stream, {field["name"] for field in own})
    return projected


def _unnested_lists(stream: Table) -> tuple[str, ...]:
    """Return the lists of a stream that have a table of their own, and no column in its table."""
    if stream.name in REQUIRED_STREAMS:
        return UNNESTED.get(stream.name, ())
    return tuple(item.name for item in stream.fields if item.item and item.item.references)


def _with_days(fields: Iterable[Spec], names: Collection[str]) -> Iterator[Spec]:
    """Yield columns, and behind each EDTF date those of its days."""
    for field in fields:
        yield field
        if field.get("edtf"):
            yield from (day for day in day_columns(field["name"]) if day["name"] not in names)


def day_columns(name: str) -> tuple[Spec, Spec]:
    """Return the columns of the first and the last day that an EDTF column can mean."""
    first, last = (
        {
            "name": f"{name}_{end}",
            "type": "date",
            "description": f"{which} day that {name} can mean; empty where open or unknown.",
            "unit": "day",
        }
        for end, which in (("start", "First"), ("end", "Last"))
    )
    return first, last


def _add_keys(table: Spec, stream: Table, added: set[str]) -> None:
    """Give a table the foreign keys of columns that were added to it, and indexes for them."""
    keys = [key for key in stream.spec.get("foreignKeys", ()) if added.issuperset(key["fields"])]
    if keys:
        indexes = [*table.get("indexes", ()), *(key["fields"] for key in keys)]
        table |= {"foreignKeys": [*table.get("foreignKeys", ()), *keys], "indexes": indexes}


def _is_gone(field: Spec, stream: str, columns: Mapping[str, Spec]) -> bool:
    """Whether a column repeats one of the same name that its stream does not have."""
    name = field["name"]
    return field.get("from") == f"{stream}.{name}" and name not in columns


def _without(table: Spec, gone: set[str]) -> Spec:
    """Return a schema in which nothing beside the fields names some columns."""
    if not gone:
        return table
    lists = {
        "search": [name for name in table.get("search", ()) if name not in gone],
        "facets": [name for name in table.get("facets", ()) if name not in gone],
        "indexes": [*_indexes(table, gone)],
        "foreignKeys": [
            key for key in table.get("foreignKeys", ()) if not gone.intersection(key["fields"])
        ],
    }
    rest = {
        key: value
        for key, value in table.items()
        if not (key in ("label", "sort", "sort_desc") and value in gone)
    }
    kept = {key: value for key, value in lists.items() if value}
    return {
        key: kept.get(key, value) for key, value in rest.items() if key not in lists or key in kept
    }


def _indexes(table: Spec, gone: set[str]) -> Iterator[list[str]]:
    """Yield the indexes whose first column is there, each without columns that are not."""
    seen: list[list[str]] = []
    for columns in table.get("indexes", ()):
        left = [name for name in columns if name not in gone]
        if columns[0] not in gone and left not in seen:
            seen.append(left)
            yield left


def own_word_columns(fields: Iterable[Spec]) -> list[str]:
    """Return the names of the text columns marked `ownWords`: those that search indexes."""
    return [field["name"] for field in fields if field.get("ownWords") and _is_text(field)]


def text_codes(fields: Iterable[Spec]) -> list[str]:
    """Return the columns that hold one code each, but for what an event does to its entity."""
    coded = [field["name"] for field in fields if field.get("codelist") and _is_text(field)]
    return [name for name in coded if name not in VERSION_COLUMNS]


def _is_text(field: Spec) -> bool:
    return bool(field["type"] == "string")
