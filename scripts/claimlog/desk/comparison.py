"""Comparing two codings of a text, passage by passage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.desk.row_references import CLAIMS, SPAN
from claimlog.fold.span_matching import span_matches
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Field, Table

AGREED, SPAN_KIND, CODES = "agreed", "span", "codes"
LEFT_ONLY, RIGHT_ONLY, ADDED = "left_only", "right_only", "added"
OWN_COLUMNS = frozenset(("note", "coder_confidence"))
"""Columns in which each coder is right for himself."""

Row = dict[str, Any]
Drafts = Mapping[str, Row]


@dataclass(frozen=True)
class Unit:
    """A passage that one side marked, or that both did.

    Attributes
    ----------
    name
        Made of the names of the drafts, so that it stays the same.
    differs
        Columns in which both differ, those of lists as LIST.COLUMN.
    """

    name: str
    kind: str
    left: str | None
    right: str | None
    iou: float | None
    start: int
    end: int
    differs: tuple[str, ...] = ()


def compare(definition: Definition, left: Drafts, right: Drafts) -> list[Unit]:
    """Return the passages of two codings in the order of the text.

    They are matched as the build matches them for the tables of agreement.
    """
    names = [*left], [*right]
    spans = [(left[name]["start"], left[name]["end"]) for name in names[0]]
    others = [(right[name]["start"], right[name]["end"]) for name in names[1]]
    units = []
    matched: tuple[set[str], set[str]] = (set(), set())
    for one, other, share in span_matches(spans, others):
        first, second = names[0][one], names[1][other]
        matched[0].add(first)
        matched[1].add(second)
        units.append(_pair(definition, first, left[first], second, right[second], share))
    for side, drafts, kind in ((0, left, LEFT_ONLY), (1, right, RIGHT_ONLY)):
        for name, value in drafts.items():
            if name not in matched[side]:
                first, second = (name, "") if side == 0 else ("", name)
                start, end = value["start"], value["end"]
                label = f"{first}+{second}"
                units.append(Unit(label, kind, first or None, second or None, None, start, end))
    return sorted(units, key=lambda unit: (unit.start, -unit.end, unit.name))


def _pair(
    definition: Definition, first: str, left: Row, second: str, right: Row, share: float
) -> Unit:
    table = definition.streams[CLAIMS]
    differs = (*_differences(table, left, right),)
    same_span = all(left[name] == right[name] for name in SPAN)
    decided = [name for name in differs if not _is_own(table, name)]
    kind = AGREED if same_span and not decided else CODES if same_span else SPAN_KIND
    start, end = min(left["start"], right["start"]), max(left["end"], right["end"])
    return Unit(f"{first}+{second}", kind, first, second, round(share, 6), start, end, differs)


def _differences(table: Table, left: Row, right: Row) -> Iterator[str]:
    for name in table.in_use:
        if name in SPAN:
            continue
        item = table.by_name[name]
        mine, other = left.get(name), right.get(name)
        if item.fields:
            yield from _differences_in_list(item, mine or [], other or [])
        elif _comparable(item, mine) != _comparable(item, other):
            yield name


def _differences_in_list(item: Field, left: list[Row], right: list[Row]) -> Iterator[str]:
    if len(left) != len(right):
        yield item.name
        return
    for inner in (one for one in item.fields if not one.retired):
        pairs = zip(left, right, strict=True)
        if any(mine.get(inner.name) != other.get(inner.name) for mine, other in pairs):
            yield f"{item.name}.{inner.name}"


def nothing_as_null(value: Any) -> Any:
    """Return a value; null for an empty text or list, and never for 0 or no."""
    return None if value in ("", []) else value


def _comparable(item: Field, value: Any) -> Any:
    return sorted(value, key=str) if item.type == "array" and value else nothing_as_null(value)


def _is_own(table: Table, name: str) -> bool:
    """Whether a column is each coder's own: words of one's own, notes, names of one's own."""
    if name in OWN_COLUMNS:
        return True
    column, _, inner = name.partition(".")
    item = table.by_name[column]
    if inner:
        item = next(field for field in item.fields if field.name == inner)
        if item.codelist is None and item.references is None and not item.edtf:
            return True  # words and keys of one's own
    return item.own_words or item.identity
