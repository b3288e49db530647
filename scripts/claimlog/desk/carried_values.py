"""Saved rows as rows of the present definition, whichever definition they were saved by.

What is saved at the desk holds the columns that were filled, and does not say of which version. A
name that is no column any more is followed through the renames of ``schemas/upcasts.csv``, and the
objects of a list are given the keys that were added since, as rows of the open batch are. What
cannot be brought along stays in the row as words that nothing is made of (`draft_values.in_use`):
under its own name where there is no such column or key any more, and under a name that no column
has where that one holds values of another type by now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from claimlog.log.canonical import type_flaw
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Field
from claimlog.schema.upcast_steps import present_name
from claimlog.strict_json import decode_value

ROW_BYTES = 60_000
"""Bytes of a row as canonical JSON: with the columns that are added, what a line may have."""

EMPTY: tuple[Any, ...] = (None, "", [])
EARLIER = " (earlier)"
"""Follows the name of a column or key under which what it held before is kept."""

Row = dict[str, Any]


class PresentRows:
    """Saved rows of one stream as the present definition has them."""

    def __init__(self, definition: Definition, stream: str) -> None:
        self._columns = definition.streams[stream].by_name
        self._names = _new_names(definition, stream)
        self._added_keys = _added_keys(definition, stream)
        self._ever = _all_names(definition, stream)

    def unheard_name(self, row: Mapping[str, Any]) -> str | None:
        """Return a column, or a key of a list, of a row that no version of the schema has, if any.

        What is kept under such a name would be an answer once there is a column of that name.
        """
        for name, cell in row.items():
            column = name.removesuffix(EARLIER)
            if column not in self._ever:
                return name
            parts = cell if isinstance(cell, list) else ()
            for key in {key for part in parts if isinstance(part, dict) for key in part}:
                if key.removesuffix(EARLIER) not in self._ever[column]:
                    return f"{name}.{key}"
        return None

    def by_present_names(self, row: Mapping[str, Any]) -> Row:
        """Return a row under the present names of its columns.

        Where a question is answered under its present name too, that answer is the one.
        """
        found: Row = {}
        for name, cell in row.items():
            new = self._names.get(name, name)
            is_answered = new != name and row.get(new) not in EMPTY
            found[f"{new}{EARLIER}" if is_answered else new] = cell
        return found

    def of(self, row: Row) -> Row:
        """Return a row in which each column and key of the schema holds what it can hold."""
        named = self.by_present_names(row)
        upcast = {name: self._of_keys(name, cell) for name, cell in named.items()}
        found = _with_misfits_aside(self._columns, upcast)
        return row if found == row else found  # so that most are not held twice

    def _of_keys(self, name: str, cell: Any) -> Any:
        """Return a cell in which each object of a list has all its keys, with what they hold."""
        item = self._columns.get(name)
        if item is None or not _holds_objects(item, cell):
            return cell
        keys = {inner.name: inner for inner in item.fields}
        added = {**dict.fromkeys(keys), **self._added_keys.get(name, {})}
        return [{**added, **_with_misfits_aside(keys, part)} for part in cell]


def _with_misfits_aside(fields: Mapping[str, Field], values: Mapping[str, Any]) -> Row:
    """Return values of which those that do not fit are aside, and those that fit again are not."""
    found: Row = {}
    for name, value in values.items():
        item = fields.get(name.removesuffix(EARLIER))
        if item is None or (name != item.name and values.get(item.name) not in EMPTY):
            found[name] = value
        elif not _fits(item, value):
            found[f"{item.name}{EARLIER}"] = value
        elif value not in EMPTY:
            found[item.name] = value
        else:
            found.setdefault(name, value)
    return found


def _fits(item: Field, value: Any) -> bool:
    """Whether a value is one of a column; of objects, only that they are ones."""
    return _holds_objects(item, value) or type_flaw(item, value) is None


def _holds_objects(item: Field | None, value: Any) -> bool:
    """Whether a value is a list of objects, no longer than a row can have with all their keys."""
    return (
        item is not None
        and bool(item.fields)
        and isinstance(value, list)
        and len(value) * sum(len(f'"{key.name}":null,') for key in item.fields) <= ROW_BYTES
        and all(isinstance(part, dict) for part in value)
    )


def _new_names(definition: Definition, stream: str) -> dict[str, str]:
    """Return what columns are called now that had another name."""
    now = definition.streams[stream].by_name
    return {
        column: present_name(column, definition.steps_after(stream, version))
        for (name, version), then in sorted(definition.earlier.items(), key=itemgetter(0))
        if name == stream
        for column in then.names
        if column not in now
    }


def _all_names(definition: Definition, stream: str) -> dict[str, set[str]]:
    """Return the columns that any version of a schema has, each with the keys of its objects."""
    found: dict[str, set[str]] = defaultdict(set)
    earlier = (then for (name, _), then in definition.earlier.items() if name == stream)
    for table in (definition.streams[stream], *earlier):
        for item in table.fields:
            found[item.name] |= {key.name for key in item.fields}
    return dict(found)


def _added_keys(definition: Definition, stream: str) -> dict[str, Row]:
    """Return the keys that the objects of lists were given, with what earlier ones have there.

    Those that are retired since are left out: nobody typed that.
    """
    found: dict[str, Row] = defaultdict(dict)
    columns, steps = definition.streams[stream].by_name, definition.steps_after(stream, 0)
    for at, step in enumerate(steps, 1):
        item = columns.get(present_name(step.column_name, steps[at:])) if step.key else None
        if item and any(key.name == step.key and not key.retired for key in item.fields):
            found[item.name][step.key] = decode_value(step.given)
    return found
