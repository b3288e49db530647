"""What the parameters of a list's address select, and what is wrong with those that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from claimlog.schema.edtf_wording import MONTHS
from claimlog.site.lists.code_labels import VALUE_CHARACTERS, CodeLabels
from claimlog.site.lists.filters import (
    ANY,
    NONE,
    PERIOD,
    CodeFilter,
    Filter,
    ListDefinition,
    NumberFilter,
    PeriodFilter,
    Sort,
    month_range,
)
from claimlog.site.lists.number_ranges import EXPECTED, near_ranges, range_code, range_label
from claimlog.site.store import Row

Choices = Mapping[str, CodeLabels]
"""Codes that exist and their labels, by filter."""

EXPLAINED = 3
"""Values that do not exist for which near ones are looked for; of others a page names the value."""

QUARTERS = ("first", "second", "third", "fourth")


@dataclass
class Selection:
    """The rows that an address asks for.

    Attributes
    ----------
    text
        The words that are searched for, as they were given.
    chosen
        Values by filter, of which either may hold.
    sort
        The order of the list.
    errors
        Values that cannot be: parameter, value, message, and near values with their addresses.
    """

    text: str
    sort: Sort
    default: Sort
    chosen: dict[str, list[str]] = field(default_factory=dict)
    errors: list[Row] = field(default_factory=list)

    @property
    def query(self) -> dict[str, Sequence[str]]:
        """The parameters of the address that ask for the same."""
        query: dict[str, Sequence[str]] = {"q": [self.text]} if self.text else {}
        query |= self.chosen
        if self.sort is not self.default:
            query["sort"] = [self.sort.name]
        return query

    def address(self, /, **change: Sequence[str]) -> str:
        """Return the query string that asks for the same with some parameters changed.

        An empty sequence takes a parameter away.
        """
        query = {name: values for name, values in {**self.query, **change}.items() if values}
        return f"?{urlencode(query, doseq=True)}" if query else ""


def select(
    values: Mapping[str, Sequence[str]],
    definition: ListDefinition,
    sorts: Sequence[Sort],
    choices: Choices,
) -> Selection:
    """Return what the parameters of an address select; empty ones select nothing.

    Parameters
    ----------
    sorts
        The orders that the list has.
    """
    by_name = {sort.name: sort for sort in sorts}
    default = definition.sorts[0]
    selection = Selection("", default, default)
    if definition.search:
        selection.text = _first(values, "q")
    wrong: list[tuple[str, str, str, list[str]]] = []
    explained = 0
    for item in definition.filters:
        for given in values.get(item.name, ()):
            text = given.strip()
            if not text:
                continue
            code = _code_of(item, text, choices)
            if code is None:
                near = near_values(item, text, choices) if explained < EXPLAINED else []
                explained += 1
                wrong.append((item.name, text, _no_such_value(item, text), near))
            elif code not in selection.chosen.setdefault(item.name, []):
                selection.chosen[item.name].append(code)
    sort = _first(values, "sort")
    if sort in by_name:
        selection.sort = by_name[sort]
    elif sort:
        message = f"There is no order “{sort[:VALUE_CHARACTERS]}”."
        wrong.append(("sort", sort, message, [*by_name]))
    selection.errors = [
        {
            "parameter": name,
            "value": text[:VALUE_CHARACTERS],
            "message": message,
            "near": [_proposal(selection, name, code, definition, choices) for code in near],
        }
        for name, text, message, near in wrong
    ]
    return selection


def _first(values: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(values.get(name, ())), "").strip()


def _proposal(
    selection: Selection, name: str, code: str, definition: ListDefinition, choices: Choices
) -> Row:
    item = definition.filter(name)
    if item is None:
        label = next(sort.label for sort in definition.sorts if sort.name == code)
        return {"code": code, "label": label, "link": selection.address(sort=[code])}
    codes = [*selection.chosen.get(name, ()), code]
    label = value_label(item, code, choices)
    return {"code": code, "label": label, "link": selection.address(**{name: codes})}


def _code_of(item: Filter, text: str, choices: Choices) -> str | None:
    """Return the code that a value means: itself, or one that it differs from by case or label."""
    if isinstance(item, PeriodFilter):
        if item.is_counted and text in (ANY, NONE):
            return text
        return text.upper() if month_range(text.upper()) else None
    if isinstance(item, NumberFilter):
        return text if item.optional and text in (ANY, NONE) else range_code(text)
    assert isinstance(item, CodeFilter)
    return choices[item.name].code_of(text)


def _no_such_value(item: Filter, text: str) -> str:
    short = text[:VALUE_CHARACTERS]
    if isinstance(item, PeriodFilter):
        return (
            f"{item.label}: “{short}” is no year, quarter or month; expected 2025, 2025-Q1 or "
            "2025-03."
        )
    if isinstance(item, NumberFilter):
        return f"{item.label}: “{short}” is no number or range of numbers; expected {EXPECTED}."
    return f"{item.label}: there is no “{short}”."


def near_values(item: Filter, text: str, choices: Choices) -> list[str]:
    """Return codes that are like one that does not exist, by code or label."""
    if isinstance(item, PeriodFilter):
        return _near_periods(text)
    if isinstance(item, NumberFilter):
        return near_ranges(text[:VALUE_CHARACTERS])
    return choices[item.name].near(text)


def _near_periods(text: str) -> list[str]:
    """Return periods that a text may mean.

    >>> _near_periods("March 2025"), _near_periods("2025-3"), _near_periods("2025-13")
    (['2025-03', '2025'], ['2025-03', '2025'], ['2025'])
    """
    year = re.search(r"(?<![0-9])[0-9]{4}(?![0-9])", text)
    if year is None or year[0] == "0000":
        return []
    rest = (text[: year.start()] + " " + text[year.end() :]).casefold()
    words = re.findall(r"[a-z]{3,}", rest)
    months = [
        number
        for number, name in enumerate(MONTHS, 1)
        if any(name.casefold().startswith(word) for word in words)
    ]
    months += [int(digits) for digits in re.findall(r"[0-9]{1,2}", rest)[:1] if not words]
    return [*(f"{year[0]}-{month:02}" for month in months[:1] if 1 <= month <= 12), year[0]]


def value_label(item: Filter, code: str, choices: Choices) -> str:
    """Return what pages call a value of a filter."""
    if isinstance(item, PeriodFilter):
        return {ANY: "dated", NONE: "without a date"}.get(code) or period_label(code)
    if isinstance(item, NumberFilter):
        return {ANY: "any", NONE: item.none}.get(code) or range_label(code)
    return choices[item.name].get(code, code)


def period_label(period: str) -> str:
    """Return what pages call a period.

    >>> period_label("2025-03"), period_label("2025-Q1"), period_label("2025")
    ('March 2025', 'first quarter of 2025', '2025')
    """
    match = PERIOD.fullmatch(period)
    if match is None:
        return period
    if match["quarter"]:
        return f"{QUARTERS[int(match['quarter']) - 1]} quarter of {match['year']}"
    return f"{MONTHS[int(match['month']) - 1]} {match['year']}" if match["month"] else match["year"]
