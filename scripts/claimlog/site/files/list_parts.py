"""A filtered list of the site as files: the values of its filters, its orders, and its rows.

The values are those that the server counts (`claimlog.site.lists.list_index`): a script reads them
as numbers, and selects, counts and orders by the same rules.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from claimlog.schema.edtf_wording import MONTHS as MONTH_NAMES
from claimlog.site.datasette_internals import render_part
from claimlog.site.files.filtered_lists import FilteredList
from claimlog.site.files.index_script import File, FileOf, index_script, json_line
from claimlog.site.files.markup_trees import markup_trees
from claimlog.site.files.packed_numbers import packed_numbers, packed_steps
from claimlog.site.lists import code_labels, facet_groups, selection
from claimlog.site.lists.filter_values import (
    OPEN,
    CodeValues,
    Numbers,
    NumberValues,
    PeriodValues,
)
from claimlog.site.lists.filters import (
    ANY,
    MONTHS,
    NONE,
    CodeFilter,
    Filter,
    NumberFilter,
    PeriodFilter,
)
from claimlog.site.lists.number_ranges import EXPECTED, number_text
from claimlog.site.lists.served_list import ServedList
from claimlog.site.store import Codes, Store

ROWS_OF_PART = 100
"""Rows of a script."""

LIMITS: Mapping[str, Any] = {
    "any": ANY,
    "none": NONE,
    "months": MONTHS,
    "monthNames": MONTH_NAMES,
    "quarters": selection.QUARTERS,
    "codes": facet_groups.CODES,
    "entities": facet_groups.ENTITIES,
    "valuesInAll": facet_groups.VALUES_IN_ALL,
    "inSight": facet_groups.IN_SIGHT,
    "near": code_labels.NEAR,
    "few": code_labels.FEW,
    "compared": code_labels.COMPARED,
    "candidates": code_labels.CANDIDATES,
    "explained": selection.EXPLAINED,
    "range": EXPECTED,
    "valueCharacters": code_labels.VALUE_CHARACTERS,
}
"""What the server's lists are limited by, so that a script has no second set of it."""


async def list_parts(store: Store, listed: FilteredList, file_of: FileOf) -> AsyncIterator[File]:
    """Yield the scripts of a list; ``list-NAME`` says what the others are."""
    served = await listed.served_list(store)
    index = served.index
    in_table = np.sort(index.rowids)
    name = f"list-{listed.name}"
    sets = _ChoiceSets()
    filters = [_filter(served, item, sets) for item in served.definition.filters]
    yield index_script(
        name,
        {
            "total": len(in_table),
            "ofPart": ROWS_OF_PART,
            "size": listed.size,
            "rows": packed_steps(np.searchsorted(in_table, index.rowids).tolist()),
            "searched": bool(served.definition.search),
            "sorts": [[sort.name, sort.label] for sort in served.sorts],
            "filters": filters,
            "choices": sets.parts(),
            "limits": LIMITS,
        },
    )
    for sort, order in index.orders.items():
        yield index_script(f"{name}-order-{sort}", packed_steps(order.tolist()))
    yield index_script(f"{name}-definitions", _definitions(served, await store.codes()))
    async for file in _row_parts(store, listed, in_table, file_of):
        yield file


class _ChoiceSets:
    """Codes, labels and other names of filters: several filters have the same ones."""

    def __init__(self) -> None:
        self._sets: dict[str, list[Any]] = {}

    def parts(self) -> list[list[Any]]:
        """Return each set as its codes, their labels, and the other names by place of the code."""
        return [*self._sets.values()]

    def place(self, choices: Mapping[str, str], other_names: Mapping[str, Sequence[str]]) -> int:
        """Return which set some choices are."""
        names = [[at, *other_names[code]] for at, code in enumerate(choices) if code in other_names]
        part = [[*choices], [*choices.values()], names]
        key = json_line(part)
        self._sets.setdefault(key, part)
        return [*self._sets].index(key)


def _filter(served: ServedList, item: Filter, sets: _ChoiceSets) -> dict[str, Any]:
    values = served.index.values[item.name]
    about = {"name": item.name, "label": item.label, "description": item.description}
    if isinstance(item, PeriodFilter):
        assert isinstance(values, PeriodValues)
        return about | {"counted": item.is_counted} | _periods(values)
    if isinstance(item, NumberFilter):
        assert isinstance(values, NumberValues)
        return about | {"optional": item.optional, "none": item.none} | _numbers(values)
    assert isinstance(item, CodeFilter)
    assert isinstance(values, CodeValues)
    choices = served.choices[item.name]
    shares = {ANY: "any", NONE: item.none} if item.optional else {}
    own = {
        code: label
        for code, label in choices.items()
        if shares.get(code) != label or code in values.values
    }
    places = {code: place for place, code in enumerate(own)}
    listed = served.listed.get(item.name)
    return about | {
        "choices": sets.place(own, choices.other_names),
        "optional": item.optional,
        "none": item.none,
        "ordered": bool(item.codelist or item.labels),
        "listed": None if listed is None else packed_numbers(sorted(_known_places(listed, places))),
        # a value that is too long to be chosen stands behind those that can be
        "values": packed_numbers(places.get(value, len(places)) for value in values.values),
        "codes": packed_numbers((values.codes.astype(np.int64) + 1).tolist()),
        "pairs": None if values.rows is None else packed_steps(values.rows.tolist()),
    }


def _known_places(codes: frozenset[str], places: Mapping[str, int]) -> Iterator[int]:
    return (places[code] for code in codes if code in places)


def _periods(values: PeriodValues) -> dict[str, Any]:
    """Return first and last months from 1 on, 0 where there is none, and what each date is."""
    interval = values.interval if values.interval is not None else np.zeros_like(values.dated)
    flags = values.dated.astype(np.int64) + 2 * interval
    return {
        "first": packed_numbers(_months(values.first, -OPEN)),
        "last": packed_numbers(_months(values.last, OPEN)),
        "dates": packed_numbers(flags.tolist()),
    }


def _numbers(values: NumberValues) -> dict[str, Any]:
    """Return the distinct numbers as texts, lowest first, and the place of each row's from 1 on."""
    present = values.present()
    distinct, places = np.unique(values.numbers[present], return_inverse=True)
    codes = np.zeros(len(present), dtype=np.int64)
    codes[present] = places + 1
    return {
        "numbers": [*map(number_text, distinct.tolist())],
        "codes": packed_numbers(codes.tolist()),
    }


def _months(months: Numbers, none: int) -> list[int]:
    known: list[int] = np.where(months == none, 0, months.astype(np.int64) + 1).tolist()
    return known


def _definitions(served: ServedList, codes: Codes) -> dict[str, dict[str, str]]:
    """Return what codes mean, by filter."""
    return {
        item.name: {
            code: meaning
            for code in served.choices[item.name]
            if (meaning := codes.entry(item.codelist, code)["definition"])
        }
        for item in served.definition.filters
        if isinstance(item, CodeFilter) and item.codelist
    }


async def _row_parts(
    store: Store, listed: FilteredList, rowids: Numbers, file_of: FileOf
) -> AsyncIterator[File]:
    """Yield the rows as pages show them, in the order of their table."""
    datasette = store.datasette
    base = {"prefix": store.prefix, "urls": datasette.urls, "store": store, **listed.variables}
    for number, at in enumerate(range(0, len(rowids), ROWS_OF_PART)):
        own = rowids[at : at + ROWS_OF_PART].tolist()
        values = {**base, **await listed.rows(store, own)}
        html = await render_part(datasette, listed.template, values)
        trees = markup_trees(html, file_of)
        if len(trees) != len(own):
            raise ValueError(f"{listed.template} draws {len(trees)} of {len(own)} rows")
        yield index_script(f"list-{listed.name}-rows-{number}", trees)
