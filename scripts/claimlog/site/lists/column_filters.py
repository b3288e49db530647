"""Filters and orders by columns of a kind, for any list: codes, dates, actors, other rows."""

from __future__ import annotations

from claimlog.schema.table_schema import with_unit
from claimlog.site.lists.filters import (
    PERIOD_RULE,
    CodeFilter,
    NumberFilter,
    OtherNames,
    PeriodFilter,
    Sort,
)

RESERVED = frozenset(("q", "page", "sort", "rows"))
"""Parameters of a list's address that are no filters."""

ACTORS = "select actor_id as code, name as label from actors"
ACTOR_NAMES = OtherNames("actors", "actor_id", ("iso3", "aliases"))
BODIES = "A state stands for its bodies and people too."
WITH_STATES = (
    "with p as ({pairs}) select row, id from p union select p.row, a.state_id from p "
    "join actors a on a.actor_id = p.id where a.state_id is not null"
)
"""Who is meant, and the state of each: a row for both."""


def coded_filter(name: str, label: str, codelist: str) -> CodeFilter:
    """Return a filter by a coded column."""
    return CodeFilter(name, label, column=f'"{name}"', codelist=codelist, optional=True)


def truth_filter(
    name: str, label: str, meaning: str, optional: bool = True, none: str = "none"
) -> CodeFilter:
    """Return a filter by a column of yes and no."""
    column = f"case \"{name}\" when 1 then 'yes' when 0 then 'no' end"
    labels = {"yes": "yes", "no": "no"}
    return CodeFilter(
        name, label, meaning, column=column, labels=labels, optional=optional, none=none
    )


def number_filter(
    name: str, label: str, meaning: str, unit: str | None, optional: bool = True, none: str = "none"
) -> NumberFilter:
    """Return a filter by a column of numbers, which is called with its unit."""
    return NumberFilter(name, with_unit(label, unit), meaning, f'"{name}"', optional, none)


def actor_filter(name: str, label: str, meaning: str, pairs: str, listed: str = "") -> CodeFilter:
    """Return a filter by actors, each also as its state.

    Parameters
    ----------
    pairs
        A query for row numbers and actors, named ``row`` and ``id``.
    listed
        A query for those that pages list.
    """
    return CodeFilter(
        name,
        label,
        f"{meaning} {BODIES}".strip(),
        pairs=WITH_STATES.format(pairs=pairs),
        choices=ACTORS,
        other_names=ACTOR_NAMES,
        listed=listed,
        optional=True,
        none="nobody",
    )


def reference_filter(
    name: str, label: str, meaning: str, stream: str, called: tuple[str, str], pairs: str = ""
) -> CodeFilter:
    """Return a filter by a column that refers to rows of a stream, or by a list that does.

    Parameters
    ----------
    called
        The identifier of the stream and the column by which its rows are called.
    pairs
        For a list, a query for row numbers and identifiers, named ``row`` and ``id``.
    """
    if stream == "actors" and pairs:
        return actor_filter(name, label, meaning, pairs)
    key, title = called
    # claims are too many to hold what each is called: those referred to stand for themselves
    choices = f'select "{key}" as code, coalesce("{title}", "{key}") as label from "{stream}"'
    return CodeFilter(
        name,
        label,
        meaning,
        column="" if pairs else f'"{name}"',
        pairs=f"select distinct row, id from ({pairs})" if pairs else "",
        choices=choices if stream != "claims" else "",
        optional=True,
    )


def date_filter(name: str, label: str) -> PeriodFilter:
    """Return a filter by a column of EDTF dates, with the columns of its first and last day."""
    return PeriodFilter(
        name,
        label,
        PERIOD_RULE,
        f'"{name}_start"',
        f'"{name}_end"',
        f"coalesce(\"{name}\" like '%/%', 0)",
    )


def date_sort(column: str, label: str, key: str, name: str = "") -> Sort:
    """Return an order by a column of EDTF dates; rows without one come last."""
    day = f'coalesce("{column}_start", "{column}_end")'
    return Sort(name or column, label, f"{day} is null, {day}, {key}")
