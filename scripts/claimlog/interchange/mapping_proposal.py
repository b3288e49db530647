"""First mapping of another tool's names, from what they have in common with columns and codes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from claimlog.interchange.annotations import Project
from claimlog.interchange.import_mapping import (
    UNDECIDED,
    AttributeRule,
    ImportMapping,
    mapped_columns,
)
from claimlog.schema.codebook import Row
from claimlog.schema.table_schema import Field, Table

COLUMN = re.compile(r"[\w-]+")
BETWEEN = re.compile(r"[:=/]")
"""What stands between a column and a code in a label, as in ``topic: law``."""

VALUES = 200
"""Values of an attribute up to which each of those that are no codes is listed."""

Codes = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Proposal:
    """A mapping to look at; `is_exact` if every name in it is that of a column, code or row."""

    mapping: ImportMapping
    is_exact: bool


def propose_mapping(
    project: Project,
    table: Table,
    codes: Codes,
    sources: Mapping[str, str | None],
    coders: Iterable[str],
    fixed: Mapping[str, object],
) -> Proposal:
    """Return a first mapping for the names that a project holds.

    Parameters
    ----------
    sources
        The source that each document is by its text, None where no source has it.
    coders
        Identifiers of the coders that are registered.
    fixed
        Columns that the user has given for all rows.
    """
    mapping = ImportMapping(table.name, project.unit)
    mapping.documents = {name: source or UNDECIDED for name, source in sources.items()}
    labels: dict[str, None] = {}
    attributes: dict[str, dict[str, None]] = {}
    names: dict[str, None] = {}
    for _, annotation in project.annotations():
        labels |= dict.fromkeys(annotation.labels)
        names |= dict.fromkeys([annotation.coder] if annotation.coder else [])
        own = [project.bare_labels.get(label, {}) for label in annotation.labels]
        if own and all(meaning is None for meaning in own):
            continue  # the tool's own layers
        for name, value in annotation.attributes.items():
            attributes.setdefault(name, {})[value] = None
    known = set(coders)
    if "coder" in table.names and "coder" not in fixed:
        mapping.coders = {name: name if name in known else UNDECIDED for name in names}
    is_exact = UNDECIDED not in mapping.coders.values()
    places = _codes_by_name(table, codes)
    for label in labels:
        if label in project.bare_labels:
            mapping.labels[label] = project.bare_labels[label]
            continue
        exact, found = _label(label, places)
        mapping.labels[label] = found or UNDECIDED
        is_exact &= exact
    for name, values in attributes.items():
        rule = _attribute(table, project.columns.get(name, name), values, codes, fixed)
        mapping.attributes[name] = rule
        is_exact &= (isinstance(rule, AttributeRule) and not rule.values) or rule is None
    return Proposal(mapping, is_exact and not list(mapping.undecided()))


def _codes_by_name(table: Table, codes: Codes) -> dict[str, dict[tuple[str, str], None]]:
    """Return the columns and codes that a word can mean, by code and by its label."""
    places: dict[str, dict[tuple[str, str], None]] = {}
    for name in mapped_columns(table):
        for row in _usable(table.by_name[name], codes):
            for word in (row["code"], row["label"]):
                places.setdefault(_folded(word), {})[(name, row["code"])] = None
    return places


def _usable(item: Field, codes: Codes) -> list[Row]:
    listed = codes.get(item.codelist, []) if item.codelist else []
    return [row for row in listed if not row.get("retired")]


def _folded(word: str) -> str:
    return re.sub(r"[\W_]+", "_", word.casefold()).strip("_")


def _column(name: str, columns: Collection[str]) -> str | None:
    """Return the column of a name, or the only one whose name differs in signs and capitals."""
    if name in columns:
        return name
    alike = [column for column in columns if _folded(column) == _folded(name)]
    return alike[0] if len(alike) == 1 else None


def _label(
    label: str, places: Mapping[str, Mapping[tuple[str, str], None]]
) -> tuple[bool, dict[str, str] | None]:
    """Return what a label stands for, if that can be told, and whether it says it exactly."""
    column, *rest = (part.strip() for part in BETWEEN.split(label, maxsplit=1))
    if rest and COLUMN.fullmatch(column):
        code = rest[0]
        found = places.get(_folded(code), {})
        meant_column = _column(column, {name for name, _ in found})
        meant = [place for place in found if place[0] == meant_column]
        if meant:
            exact = (column, code) == meant[0]
            return exact, dict(meant[:1])
    meant = list(places.get(_folded(label), {}))
    return False, dict(meant) if len(meant) == 1 else None


def _attribute(
    table: Table, name: str, values: Iterable[str], codes: Codes, fixed: Mapping[str, object]
) -> AttributeRule | str | None:
    column = _column(name, mapped_columns(table))
    if name in table.by_name and table.by_name[name].retired:
        return None
    if column is None:
        return UNDECIDED
    if column in fixed or (column == table.id and fixed):
        return None  # the user's value holds, and rows of another coder have names of their own
    item = table.by_name[column]
    listed = {row["code"] for row in _usable(item, codes)}
    if not listed or item.type == "array":
        return AttributeRule(column)
    by_name = {
        _folded(word): row["code"]
        for row in _usable(item, codes)
        for word in (row["code"], row["label"])
    }
    other = [value for value in values if value and value not in listed][:VALUES]
    return AttributeRule(column, {v: by_name.get(_folded(v), UNDECIDED) for v in other})
