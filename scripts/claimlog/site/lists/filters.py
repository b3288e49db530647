"""What a list can be filtered and sorted by, as data: SQL for which rows have which value.

These declarations are the only place that says what a filter means. The server reads their values
into memory once (`claimlog.site.lists.list_index`); files of a static site can hold the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ANY, NONE = "any", "none"
"""What an optional filter calls every value, and that there is none."""

PERIOD = re.compile(r"(?P<year>[0-9]{4})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")
MONTHS = 12
PERIOD_RULE = (
    "A date counts for the year and month that it lies in, an interval for each that it touches; a "
    "mere year counts for no month."
)


@dataclass(frozen=True)
class Filter:
    """A property of rows that a list is filtered by; of several values, either may hold.

    Attributes
    ----------
    name, label, description
        The parameter of the address, what pages call it, and what it means.
    """

    name: str
    label: str
    description: str = ""


@dataclass(frozen=True)
class OtherNames:
    """Columns of a table that hold other names of its rows, each one name or a list of them."""

    table: str
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class CodeFilter(Filter):
    """A filter by codes or identifiers.

    Attributes
    ----------
    column
        SQL over a row of the table for its one value, or null.
    pairs
        Instead, a query for row numbers and values where a row may have several, each once. A
        null value says that there is something without an identifier.
    choices
        A query for the codes that exist and their labels; without it, those of `codelist`, or the
        values themselves.
    labels
        Codes and labels that the declaration gives itself.
    other_names
        Where the other names stand that a reader may give for a code.
    listed
        A query for the codes that a page lists, where `choices` has more.
    optional, none
        Whether any or none can be asked for, and what none is called.
    """

    column: str = ""
    pairs: str = ""
    choices: str = ""
    codelist: str | None = None
    labels: Mapping[str, str] | None = None
    other_names: OtherNames | None = None
    listed: str = ""
    optional: bool = False
    none: str = "none"


@dataclass(frozen=True)
class PeriodFilter(Filter):
    """A filter by year, quarter or month of EDTF dates.

    Attributes
    ----------
    first, last
        SQL over a row for the first and last day that its date can mean, or null.
    interval
        SQL for whether the date is an interval, which counts for every period that it touches. Any
        other date counts for a period that it lies in. Without it, a date counts for the year
        that it begins in, and for a quarter or month that it lies in.
    """

    first: str = "null"
    last: str = "null"
    interval: str = ""

    @property
    def is_counted(self) -> bool:
        """Whether pages count its periods and offer them."""
        return bool(self.interval)


@dataclass(frozen=True)
class NumberFilter(Filter):
    """A filter by ranges of numbers (`claimlog.site.lists.number_ranges`).

    Attributes
    ----------
    column
        SQL over a row of the table for its number, or null; what is no number counts as null.
    optional, none
        Whether any or none can be asked for, and what none is called.
    """

    column: str = "null"
    optional: bool = False
    none: str = "none"


@dataclass(frozen=True)
class Sort:
    """An order of a list: SQL for an ``order by``, and the columns that it needs."""

    name: str
    label: str
    order: str
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ListDefinition:
    """A table as a list: its order where none is chosen, filters, and other orders.

    Attributes
    ----------
    search
        The full-text index of the table, if it has one.
    """

    table: str
    key: str
    sorts: tuple[Sort, ...]
    filters: tuple[Filter, ...]
    search: str = ""

    def filter(self, name: str) -> Filter | None:
        """Return the filter of a parameter."""
        return next((item for item in self.filters if item.name == name), None)

    def filter_of_codelist(self, codelist: str) -> str | None:
        """Return the parameter of the first filter by the codes of a list."""
        coded = (item for item in self.filters if isinstance(item, CodeFilter))
        return next((item.name for item in coded if item.codelist == codelist), None)


def month_range(period: str) -> tuple[int, int] | None:
    """Return the first and last month of a year, quarter or month, counted from year 0.

    >>> month_range("2025-Q1") == (2025 * 12, 2025 * 12 + 2), month_range("2025-13")
    (True, None)
    """
    match = PERIOD.fullmatch(period)
    if match is None or not period.isascii() or match["year"] == "0000":
        return None
    january = int(match["year"]) * MONTHS
    if match["quarter"]:
        first = january + 3 * int(match["quarter"]) - 3
        return first, first + 2
    if match["month"]:
        first = january + int(match["month"]) - 1
        return first, first
    return january, january + MONTHS - 1


def month_of_day(day: str | None) -> int | None:
    """Return the month of a day such as ``2025-03-29``, counted from year 0."""
    if not day or len(day) < len("0000-00") or not (day[:4] + day[5:7]).isdecimal():
        return None
    return int(day[:4]) * MONTHS + int(day[5:7]) - 1


def period_of_year(year: int) -> str:
    """Return a year as an address has it."""
    return f"{year:04}"


def period_of_month(month: int) -> str:
    """Return a month, counted from year 0, as an address has it.

    >>> period_of_month(2025 * 12 + 2)
    '2025-03'
    """
    return f"{month // MONTHS:04}-{month % MONTHS + 1:02}"
