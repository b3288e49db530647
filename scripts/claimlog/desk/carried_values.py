"""Saved rows as rows of the present definition, whichever definition they were saved by.

What is saved at the desk holds the columns that were filled, and does not say of which version. A
row of the present definition has answers, under the names that columns have by now, and words, of
which nothing is made (`draft_values.in_use`): what has no column any more, or none that can hold
it. Words stand under the name of their column, followed through the renames of
``schemas/upcasts.csv``, with ``(earlier)`` behind it, and are the answer again where that column
has none and can hold them. The keys of objects in a list are as columns of a row, and those that
were added since are there, as in rows of the open batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from claimlog.desk.row_references import COMPUTED
from claimlog.log.canonical import type_flaw
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Field, Table
from claimlog.schema.upcast_steps import present_name
from claimlog.strict_json import decode_value

ROW_BYTES = 60_000
"""Bytes of a row as canonical JSON: with the columns that are added, what a line may have."""

EMPTY: tuple[Any, ...] = (None, "", [])
EARLIER = " (earlier)"
"""Follows the name of a column or key under which words are kept."""

Row = dict[str, Any]
Fields = Mapping[str, Field]
NO_NAMES: Mapping[str, str] = MappingProxyType({})


class PresentRows:
    """Saved rows of one stream as the present definition has them."""

    def __init__(self, definition: Definition, stream: str) -> None:
        self._columns = definition.streams[stream].by_name
        self._questions = _questions(definition.streams[stream])
        self._names = _new_names(definition, stream)
        self._added_keys = _added_keys(definition, stream)
        self._ever = _all_questions(definition, stream)

    def unheard_name(self, row: Mapping[str, Any]) -> str | None:
        """Return what words of a row are of that no version of the schema asks for, if any are.

        What is kept under such a name would be an answer once there is a column of that name.
        """
        for name, cell in row.items():
            column = name.removesuffix(EARLIER)
            if name not in self._columns and column not in self._ever:
                return column
            parts = cell if isinstance(cell, list) else ()
            keys = {
                key.removesuffix(EARLIER)
                for part in parts
                if isinstance(part, dict)
                for key in part
            }
            for key in keys - self._ever.get(column, keys):
                return f"{column}.{key}"
        return None

    def by_present_names(self, row: Mapping[str, Any]) -> Row:
        """Return a row of which all that answers no column or key is words of one."""
        named = _named(self._columns, {**row}, self._names)
        return {name: self._of_parts(name, cell, _named) for name, cell in named.items()}

    def of(self, row: Row) -> Row:
        """Return a row in which each column and key of the schema holds what it can hold."""
        named = self.by_present_names(row)
        filled = {
            name: self._of_parts(name, cell, self._filled(name)) for name, cell in named.items()
        }
        found = _fitted(self._columns, self._questions, filled)
        return row if found == row else found  # so that most are not held twice

    def _of_parts(self, name: str, cell: Any, change: Callable[[Fields, Row], Row]) -> Any:
        """Return a cell of which each object is changed, if its column holds a list of such."""
        item = self._columns.get(name.removesuffix(EARLIER))
        if item is None or not _holds_objects(item, cell):
            return cell
        keys = {inner.name: inner for inner in item.fields}
        return [change(keys, part) for part in cell]

    def _filled(self, name: str) -> Callable[[Fields, Row], Row]:
        """Return what gives an object of a column all its keys, with what they can hold."""
        added = self._added_keys.get(name.removesuffix(EARLIER), {})

        def fill(keys: Fields, part: Row) -> Row:
            said = {key.removesuffix(EARLIER) for key in part}
            given = {key: cell for key, cell in added.items() if key not in said}
            return {**dict.fromkeys(keys), **given, **_fitted(keys, keys, part)}

        return fill


def _named(fields: Fields, row: Row, names: Mapping[str, str] = NO_NAMES) -> Row:
    """Return a row of which all that is under no name of a field in use is words, if it is filled.

    What was typed as an answer is later than words of the same field.
    """
    found = {name: cell for name, cell in row.items() if _is_in_use(fields, name)}
    others = [name for name in row if name not in found and row[name] not in EMPTY]
    for name in sorted(others, key=lambda one: one.endswith(EARLIER)):
        field = name.removesuffix(EARLIER)
        found.setdefault(f"{names.get(field, field)}{EARLIER}", row[name])
    return found


def _is_in_use(fields: Fields, name: str) -> bool:
    return name in fields and not fields[name].retired


def _fitted(fields: Fields, questions: Fields, named: Row) -> Row:
    """Return a row in which answers that do not fit are words, and words that fit are answers."""
    found: Row = {}
    for name, value in named.items():  # answers stand before words
        field = name.removesuffix(EARLIER)
        is_answer = name in fields
        if is_answer and _fits(fields[name], value):
            found[name] = value
        elif value in EMPTY:
            continue
        elif not is_answer and named.get(field) in EMPTY and _fits(questions.get(field), value):
            found[field] = value
        else:
            found.setdefault(f"{field}{EARLIER}", value)
    return found


def _fits(item: Field | None, value: Any) -> bool:
    """Whether there is a column, and a value is one of it; of objects, only that they are ones."""
    return item is not None and (_holds_objects(item, value) or type_flaw(item, value) is None)


def _holds_objects(item: Field, value: Any) -> bool:
    """Whether a value is a list of objects, no longer than a row can have with all their keys."""
    return (
        bool(item.fields)
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


def _questions(table: Table) -> Fields:
    """Return the columns of which answers are saved at the desk: those that people fill."""
    computed = COMPUTED.get(table.name, frozenset())
    return {name: table.by_name[name] for name in table.content if name not in computed}


def _all_questions(definition: Definition, stream: str) -> dict[str, set[str]]:
    """Return the questions of all versions of a schema, each with the keys of its objects."""
    found: dict[str, set[str]] = defaultdict(set)
    earlier = (then for (name, _), then in definition.earlier.items() if name == stream)
    for table in (definition.streams[stream], *earlier):
        for item in _questions(table).values():
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
