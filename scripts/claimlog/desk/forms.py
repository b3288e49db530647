"""What forms are generated from: variables, steps, codes and conditions.

Nothing of a topic stands here. Whether a column applies follows from ``schemas/requirements.csv``:
of two columns that belong together, the one that the codebook decides first lets the other apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from claimlog.desk.choice_keys import TRUTH_CODES, coded_keys, codes_in_use
from claimlog.desk.form_conditions import FormConditions
from claimlog.desk.row_references import (
    CLAIMS,
    COMPUTED,
    SPAN,
    form_streams,
    lookup_of,
    on_the_spot_streams,
    reference_of,
)
from claimlog.edit.identifier_numbers import is_numbered
from claimlog.log.event_log import Log
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import TRUTHS, Field, Table, column_words


def form(log: Log) -> dict[str, Any]:
    """Return everything that the pages make forms of, as JSON.

    Parameters
    ----------
    log
        The sealed log: of each column it says in which share of the claims it is filled.
    """
    definition = log.definition
    book = definition.codebook
    variables = [*_variables(definition)]
    shares = filled_shares(log)
    furniture = definition.streams["sources"].by_name["furniture"]
    kinds = next((inner.codelist for inner in furniture.fields if inner.codelist), "")
    return {
        "codebook": {**book.about, "decisions": book.decisions},
        "shared_words": definition.thresholds["shared_words"],
        "variables": variables,
        "furniture_kinds": coded_keys(codes_in_use(book, kinds or "")),
        "streams": {
            name: _stream(definition, definition.streams[name], variables, shares)
            for name in (*form_streams(definition), "links", "coders")
            if name in definition.streams
        },
    }


def filled_shares(log: Log) -> dict[str, float]:
    """Return in which share of the live claims each column is filled, two decimals.

    Of a column of a list's objects, as LIST.COLUMN, it is the share of the objects.
    """
    claims = log.live(CLAIMS)
    found = {}
    for item in log.definition.streams[CLAIMS].fields:
        column = claims[item.name]
        filled = column.list.len() > 0 if item.type == "array" else column.is_not_null()
        found[item.name] = _share(int(filled.sum()), claims.height)
        parts = column.explode().drop_nulls() if item.fields else None
        for inner in item.fields:
            if parts is not None:
                number = parts.struct.field(inner.name).is_not_null().sum() if len(parts) else 0
                found[f"{item.name}.{inner.name}"] = _share(int(number), len(parts))
    return found


def _share(number: int, of: int) -> float:
    return round(number / of, 2) if of else 0.0


def _variables(definition: Definition) -> Iterator[dict[str, Any]]:
    book = definition.codebook
    for row in book.variables:
        place = _place_of(definition, row["columns"].split())
        if place is not None:
            yield {
                **{name: row[name] for name in ("variable", "label", "include", "exclude")},
                **{name: row[name] for name in ("example", "scheme", "version")},
                **place,
                "steps": [*_steps(definition, row)],
            }


def _place_of(definition: Definition, columns: Sequence[str]) -> dict[str, Any] | None:
    """Say where a variable is coded; None if the build derives it."""
    claims = definition.streams[CLAIMS]
    place = {"stream": CLAIMS, "list": None, "via": None, "columns": [*columns]}
    names = {*columns}
    if names <= {*SPAN, *claims.in_use}:
        return place
    for item in claims.fields:
        if names <= {inner.name for inner in item.fields if not inner.retired}:
            return {**place, "list": item.name}
    stream, _, column = columns[0].partition(".")
    if column and stream in definition.streams:
        return {**place, "stream": stream, "columns": [name.partition(".")[2] for name in columns]}
    if (lookup := lookup_of(definition, columns[0])) is not None:
        reference, other = lookup
        stream_ = reference_of(claims, claims.by_name[reference])
        return {**place, "stream": stream_, "via": reference, "columns": [other]}
    return None


def _steps(definition: Definition, variable: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    steps = [row for row in definition.codebook.steps if row["variable"] == variable["variable"]]
    columns = [definition.codable[name] for name in variable["columns"].split()]
    answers = TRUTHS if any(item.type == "boolean" for item in columns) else {}
    coded = any(row["code"] for row in steps)
    for row in steps:
        kind = "rule"
        if coded:
            kind = "code" if row["code"] else "none"
            if row is steps[-1] and row["code"]:
                kind = "otherwise"
        yield {
            "step": int(row["step"]),
            "rule": row["rule"],
            "code": answers.get(row["code"], row["code"] or None),
            "kind": kind,
        }


def _stream(
    definition: Definition,
    table: Table,
    variables: Sequence[Mapping[str, Any]],
    shares: Mapping[str, float],
) -> dict[str, Any]:
    order = _column_order(table, variables)
    computed = COMPUTED.get(table.name, frozenset())
    names = [name for name in order if name not in computed]
    is_named = not is_numbered(table) or table.name in on_the_spot_streams(definition)
    if is_named and table.name not in (CLAIMS, "sources"):
        names.insert(0, table.id)
    compiled = definition.tables.get(table.name)
    conditions = FormConditions(definition.requirements, table, order)
    return {
        "title": table.title,
        "entity": table.entity,
        "id": table.id,
        "numbered": is_numbered(table),
        "label": compiled.spec.get("label") if compiled else None,
        "fields": [
            _field(definition, table, table.by_name[name], variables, conditions, shares)
            for name in names
        ],
    }


def _column_order(table: Table, variables: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns that people fill, in the order in which the codebook decides them."""
    decided = [
        name
        for row in variables
        if row["stream"] == table.name and row["list"] is None
        for name in row["columns"]
    ]
    rest = [name for name in table.in_use if name not in decided]
    return [name for name in dict.fromkeys((*decided, *rest)) if name in table.in_use]


def _field(
    definition: Definition,
    table: Table,
    item: Field,
    variables: Sequence[Mapping[str, Any]],
    conditions: FormConditions,
    shares: Mapping[str, float],
    within: str | None = None,
) -> dict[str, Any]:
    variable = next(
        (
            row
            for row in variables
            if row["stream"] == table.name and row["list"] == within and item.name in row["columns"]
        ),
        None,
    )
    alone = variable is not None and len(variable["columns"]) == 1
    references = item.references if within else reference_of(table, item)
    limits = item.constraints
    coded = item.codelist or (item.item.codelist if item.item else None)
    return {
        "column": item.name,
        "variable": variable["variable"] if variable else None,
        "kind": _kind(table, item, references, bool(coded)),
        "label": variable["label"] if variable and alone else column_words(item.name).capitalize(),
        "description": item.description,
        "unit": item.unit,
        "example": item.example,
        "required": item.required and item.type != "array",
        "list": item.type == "array",
        "codes": TRUTH_CODES
        if item.type == "boolean"
        else coded_keys(codes_in_use(definition.codebook, coded or "")),
        "references": references,
        "pattern": limits.get("pattern"),
        "min_length": limits.get("minLength"),
        "max_length": limits.get("maxLength"),
        "minimum": limits.get("minimum"),
        "own_words": item.own_words,
        "share": _share_of(table, item, shares, within),
        **conditions.of(item.name, within),
        "fields": [
            _field(definition, table, inner, variables, conditions, shares, item.name)
            for inner in _inner_order(item, variables)
        ],
    }


def _share_of(
    table: Table, item: Field, shares: Mapping[str, float], within: str | None
) -> float | None:
    """Return in which share of the claims a column is filled; None of other streams."""
    if table.name != CLAIMS:
        return None
    return shares[f"{within}.{item.name}" if within else item.name]


def _inner_order(item: Field, variables: Sequence[Mapping[str, Any]]) -> list[Field]:
    fields = {inner.name: inner for inner in item.fields if not inner.retired}
    decided = [name for row in variables if row["list"] == item.name for name in row["columns"]]
    first = [name for name in fields if fields[name].references or name not in decided]
    return [fields[name] for name in dict.fromkeys((*first, *decided)) if name in fields]


def _kind(table: Table, item: Field, references: str | None, is_coded: bool) -> str:
    if item.fields:
        return "objects"
    if references:
        return "references" if item.type == "array" else "reference"
    if item.name == table.id:
        return "identifier"
    if is_coded:
        return "code"
    if item.type == "array":
        return "strings"
    if item.edtf:
        return "date"
    return item.type if item.type in ("integer", "number", "boolean") else "text"
