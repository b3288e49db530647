"""The tables that repeat a stream's columns: what a stream has more or less than they say.

A column is declared once, in the schema of its stream. Where the files of the tables have not
caught up (`claimlog schemas --write`), a table gets the columns of its stream that no table has,
and loses those that its stream has no more, with the indexes, keys and facets that name them. A
column that one table has and another leaves out is left out on purpose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

Spec = dict[str, Any]

ENVELOPE = ("action", "reason")
"""Columns of a stream that only its table of versions has."""

UNNESTED = {
    "sources": ("lineage", "furniture"),
    "actors": ("memberships",),
    "incidents": ("actors",),
    "claims": ("attributions",),
}
"""Lists of a stream that have a table of their own."""


def project_columns(
    table: Spec, stream: str, columns: Mapping[str, Spec], repeated: Collection[str | None]
) -> Spec:
    """Return the schema of a table with the columns that its stream has.

    Parameters
    ----------
    table
        The schema of the table of a stream's current rows, or of all of its versions.
    columns
        The fields of the stream by name.
    repeated
        The columns of streams that some table repeats, as STREAM.COLUMN.
    """
    kept = [field for field in table["fields"] if not _is_gone(field, stream, columns)]
    names = {field["name"] for field in kept}
    left_out = () if "stream" in table else (*ENVELOPE, *UNNESTED.get(stream, ()))
    own = [
        {**spec, "from": f"{stream}.{name}"}
        for name, spec in columns.items()
        if f"{stream}.{name}" not in repeated and name not in (*names, *left_out)
    ]
    if not own and len(kept) == len(table["fields"]):
        return table
    gone = {field["name"] for field in table["fields"]} - names
    projected = {**_without(table, gone), "fields": [*kept, *own]}
    if "stream" not in table:
        for key, added in (("search", _free(own)), ("facets", _coded(own))):
            if added and key in table:
                projected[key] = [*projected.get(key, ()), *added]
    return projected


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


def _free(fields: list[Spec]) -> list[str]:
    """Return the columns that hold free text of our own, which can be searched."""
    return [field["name"] for field in fields if field.get("ownWords") and _is_text(field)]


def _coded(fields: list[Spec]) -> list[str]:
    return [field["name"] for field in fields if field.get("codelist") and _is_text(field)]


def _is_text(field: Spec) -> bool:
    return bool(field["type"] == "string")
