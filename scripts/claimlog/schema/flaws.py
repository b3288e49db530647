"""What is wrong with a Table Schema beyond its shape: names, references, constraints, patterns.

Found when the schema is read, so that nothing that follows meets a column that is not there, a
constraint that no value of its type can keep, or a name that SQL or a path reads otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from claimlog.limits import HOPS, INDEXED_COLUMNS, NAME
from claimlog.schema.constraint_kinds import CONSTRAINTS, column_constraints, looser_constraint
from claimlog.schema.pattern_matching import pattern_flaw
from claimlog.schema.table_schema import ENVELOPE, POSITION

Spec = Mapping[str, Any]

FOLD_INPUTS = {
    "claim": {
        **dict.fromkeys(("source_id", "statement", "occurred", "incident_id"), "string"),
        **dict.fromkeys(("start", "end"), "integer"),
        **dict.fromkeys(("attributions", "dyad_from", "dyad_to"), "array"),
    },
}
"""By entity, columns that tables are computed from whatever the topic is, and their types."""

HOP_LISTS = {"claim": ("attributions",)}
"""By entity, lists of objects that are folded position by position, so that they have a limit."""

ROW_TYPES = ("string", "integer", "number", "boolean", "datetime", "array")
"""Types that a value in the log can have; the schemas of tables have more."""

INSTEAD = {
    "date": "for a date make it a string with edtf, which can also be a month or a span",
}
"""By type that no row has, what serves instead."""

TEXT_MARKS = ("anyRow", "edtf", "ownWords", "freeText")
"""Marks of a column that say how its text is read, so that no other type has them."""

ROW_NUMBERS = ("rowid", "oid", "rank")
"""Names that SQLite or its full-text index means otherwise."""

SQL_WORDS = frozenset(
    (
        *("add", "all", "alter", "and", "as", "autoincrement", "between", "case", "cast", "check"),
        *("collate", "commit", "constraint", "create", "current_date", "current_time"),
        *("current_timestamp", "default", "deferrable", "delete", "distinct", "drop", "else"),
        *("escape", "except", "exists", "false", "foreign", "from", "group", "having", "in"),
        *("index", "insert", "intersect", "into", "is", "isnull", "join", "limit", "not"),
        *("nothing", "notnull", "null", "on", "or", "order", "primary", "raise", "references"),
        *("returning", "select", "set", "table", "then", "to", "transaction", "true", "union"),
        *("unique", "update", "using", "values", "when", "where"),
    )
)
"""Words that SQLite reads as a name only in quotes: queries of readers and pages have none."""

TABLE_FUNCTIONS = frozenset(
    (
        *("bytecode", "dbstat", "fsdir", "generate_series", "json_each", "json_tree"),
        *("jsonb_each", "jsonb_tree", "tables_used", "zipfile"),
    )
)
"""Names by which SQL calls a function that gives a table: a table of that name would hide it."""

OWN_PREFIXES = ("sqlite_", "idx_", "pragma_", "fts3", "fts4", "fts5", "rtree", "geopoly")
"""Beginnings of names that SQLite gives to tables and modules of its own, and we to indexes."""

OFFICIAL = re.compile(
    r"https://(datapackage\.org/profiles/|specs\.frictionlessdata\.io/schemas/)[a-z0-9./-]+"
)
"""Addresses of profiles that say what a file is. They are never fetched."""

REFERENCES = ("$ref", "$dynamicRef", "$id", "$anchor", "$defs")


def name_flaw(name: str, what: str) -> str | None:
    """Say that a name is none for a table, column or code list, or return None."""
    if re.fullmatch(NAME, name) and not name.endswith("\n"):
        return None
    return (
        f"the name {name[:80]!r} of {what} is not lower-case letters, digits and underscores, at "
        "most 63"
    )


def is_reserved_table(name: str) -> bool:
    """Whether SQL would mean, or a file of SQLite hold, something else by the name of a table."""
    return name in TABLE_FUNCTIONS | SQL_WORDS or name.startswith(OWN_PREFIXES)


def reference_flaw(value: Any, place: str = "") -> str | None:
    """Say where a JSON value names another document to read, or return None.

    What is only shown, an example, may hold anything.
    """
    if isinstance(value, list):
        parts = [(f"{place}/{index}", part) for index, part in enumerate(value)]
    elif isinstance(value, dict):
        for key in REFERENCES:
            if key in value:
                return f"{place}/{key}".removeprefix("/") + ": a schema names no other; take it out"
        parts = [(f"{place}/{key}", part) for key, part in value.items() if key != "example"]
    else:
        return None
    return next((flaw for at, part in parts if (flaw := reference_flaw(part, at))), None)


def instruction_flaw(value: Any, place: str = "") -> str | None:
    """Say where a JSON value has a key that a program may take for an instruction, or return None.

    Datasette puts the content of a file in place of ``{"$file": …}`` in its configuration, and a
    variable of the environment in place of ``{"$env": …}``. Keys of JSON Schema have rules of their
    own.
    """
    if isinstance(value, list):
        parts = [(f"{place}/{index}", part) for index, part in enumerate(value)]
    elif isinstance(value, dict):
        for key in value:
            if key.startswith("$") and key not in ("$schema", *REFERENCES):
                return f"{place}/{key[:80]}".removeprefix("/") + ": no key begins with $; rename it"
        parts = [(f"{place}/{key[:80]}", part) for key, part in value.items()]
    else:
        return None
    return next((flaw for at, part in parts if (flaw := instruction_flaw(part, at))), None)


def schema_flaw(spec: Spec, is_stream: bool) -> str | None:
    """Say what is wrong with a Table Schema of the right shape, or return None."""
    return next(_flaws(spec, is_stream), None)


def folding_flaw(spec: Spec) -> str | None:
    """Say why no tables can be computed from the present schema of a stream, or return None.

    Earlier versions need not pass: their rows are given the present columns first.
    """
    columns = {item["name"]: item for item in spec["fields"]}
    for name, kind in FOLD_INPUTS.get(spec["entity"], {}).items():
        if name not in columns:
            return f'lacks the column "{name}", which tables are computed from'
        if columns[name]["type"] != kind:
            return f"{name}: is {columns[name]['type']}, expected {kind}"
    return next((flaw for name in columns if (flaw := column_name_flaw(name))), None)


def column_name_flaw(name: str) -> str | None:
    """Say that SQL means something else by the name of a column, or return None."""
    if name in ROW_NUMBERS or name in SQL_WORDS:
        return f'the column "{name}" has a name that means something else to SQLite; rename it'
    return None


def _flaws(spec: Spec, is_stream: bool) -> Iterator[str]:
    identifier = spec.get("$schema")
    if identifier is not None and not (
        isinstance(identifier, str) and OFFICIAL.fullmatch(identifier)
    ):
        yield f"$schema: {str(identifier)[:80]!r} is not the address of a Table Schema profile"
    if flaw := reference_flaw(spec):
        yield flaw
    columns = {item["name"]: item for item in spec["fields"]}
    if len(columns) < len(spec["fields"]):
        yield "two columns have one name"
    for name in _named_columns(spec):
        if name not in columns:
            yield f'names the column "{name[:80]}", which it does not have'
    for item in spec["fields"]:
        yield from _column_flaws(item)
    if is_stream:
        yield from _stream_flaws(spec, columns)
    else:
        yield from _table_flaws(spec, columns)


def _named_columns(spec: Spec) -> Iterator[str]:
    """Yield the columns that a schema names outside of its fields."""
    yield from spec["primaryKey"]
    for key in spec.get("foreignKeys", ()):
        yield from key["fields"]
    for columns in spec.get("indexes", ()):
        yield from columns
    yield from _key_columns(spec)
    for kind in ("search", "facets"):
        yield from spec.get(kind, ())
    for kind in ("label", "sort", "sort_desc"):
        if kind in spec:
            yield spec[kind]


def _key_columns(spec: Spec) -> Iterator[str]:
    key = spec.get("naturalKey", {"fields": ()})
    yield from key["fields"]
    if "symmetric" in key:
        yield from (*key["symmetric"]["fields"], key["symmetric"]["column"])


def _column_flaws(item: Spec, whole: str = "") -> Iterator[str]:
    name = f"{whole}{item['name']}"
    yield from _constraint_flaws(name, item["type"], item)
    if item.get("retired") and column_constraints(item).get("required"):
        yield f"{name}: is retired, so that it is empty in new rows, and required; drop one of both"
    if "lookup" in item and whole:
        yield f"{name}: a key of the objects of a list is not looked up; take lookup out"
    for mark in TEXT_MARKS:
        if item.get(mark) and item["type"] != "string":
            yield f"{name}: {mark} is said of string columns, not of {item['type']}"
    if ("items" in item) != (item["type"] == "array"):
        yield f"{name}: an array has items, and nothing else has"
    parts = item.get("items", {})
    if whole and parts:
        yield f"{name}: an array in the objects of an array is not read; flatten it"
    yield from _constraint_flaws(f"{name}/items", "string", parts)
    inner = parts.get("fields", ())
    if len({part["name"] for part in inner}) < len(inner):
        yield f"{name}: two keys of its objects have one name"
    for part in inner:
        yield from _column_flaws(part, f"{name}/")


def _constraint_flaws(name: str, kind: str, spec: Spec) -> Iterator[str]:
    """Yield what is wrong with the constraints of a column or of the parts of an array."""
    for limits in (spec.get("constraints", {}), spec.get("currentConstraints", {})):
        for key, constraint in CONSTRAINTS.items():
            if key in limits and constraint.types and kind not in constraint.types:
                types = " or ".join(constraint.types)
                yield f"{name}: {key} is a constraint of {types}, not of {kind}"
        if "pattern" in limits and (flaw := pattern_flaw(limits["pattern"])):
            yield f"{name}: {flaw}"
    if looser := looser_constraint(spec):
        yield (
            f"{name}: {looser} in currentConstraints asks for less than in constraints, which "
            "holds for rows of every version; take it out of one of the two"
        )


def _stream_flaws(spec: Spec, columns: Mapping[str, Spec]) -> Iterator[str]:
    wanted = {**ENVELOPE, f"{spec['entity']}_id": "string"}
    for name, kind in wanted.items():
        if name not in columns:
            yield f'lacks the column "{name}", which every row of a stream has'
        elif columns[name].get("retired"):
            yield f"{name}: is retired, but every row of a stream has it"
        elif columns[name]["type"] != kind:
            yield f"{name}: is {columns[name]['type']}, expected {kind}"
    for item in spec["fields"]:
        for part in (item, *item.get("items", {}).get("fields", ())):
            if part["type"] not in ROW_TYPES:
                yield f"{part['name']}: rows hold no {part['type']}; {INSTEAD[part['type']]}"
    for name in _key_columns(spec):
        if name in wanted or columns.get(name, {}).get("type") == "array":
            yield f"naturalKey: {name} is no single value of what a row describes; take it out"
    for name in HOP_LISTS.get(spec["entity"], ()):
        most = column_constraints(columns.get(name, {})).get("maxLength")
        if "fields" not in columns.get(name, {}).get("items", {}) or (most or HOPS + 1) > HOPS:
            yield f"{name}: is no list of objects with a maxLength of at most {HOPS}"
    for name in columns:
        if "lookup" in columns[name]:
            yield f"{name}: a row holds what was coded and looks nothing up; take lookup out"
    for name in POSITION:
        if name in columns:
            yield f'the column "{name}" has the name of a row\'s place in the log; rename it'


def _table_flaws(spec: Spec, columns: Mapping[str, Spec]) -> Iterator[str]:
    for name, item in columns.items():
        # `data_dictionary` has a column "table", and no column that is one of a stream
        if (flaw := column_name_flaw(name)) and (name in ROW_NUMBERS or "from" in item):
            yield flaw
    if "search" in spec and spec.get("bridge"):
        yield "search: a bridge has no row numbers to be found by; drop one of the two"
    for item in spec["fields"]:
        source = columns.get(item.get("derivedFrom", item["name"]))
        if source is None or source["type"] != item["type"]:
            yield f"{item['name']}: derivedFrom names no other column of the same type"
    indexes = ["_".join(columns) for columns in spec.get("indexes", ())]
    if len(set(indexes)) < len(indexes):
        yield "indexes: two of them get one name; order their columns otherwise"
    if (indexed := sum(map(len, spec.get("indexes", ())))) > INDEXED_COLUMNS:
        yield f"indexes: have {indexed:,} columns, more than {INDEXED_COLUMNS} together; drop some"
    for item in spec["fields"]:
        if item["type"] == "array" and item["name"] in spec["primaryKey"]:
            yield f"{item['name']}: an array is no part of a primary key"
