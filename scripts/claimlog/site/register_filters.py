"""The lists of a package's registers: filtered by codes, references and dates, as declared."""

from __future__ import annotations

from collections.abc import Mapping, Set

from claimlog.schema.register_config import COUNTS, RegisterConfig
from claimlog.site.claim_filters import RESERVED
from claimlog.site.entity_links import stream_labels
from claimlog.site.lists.filters import (
    PERIOD_RULE,
    CodeFilter,
    Filter,
    ListDefinition,
    PeriodFilter,
    Sort,
)
from claimlog.site.store import Store
from claimlog.site.template_filters import words

COUNT_SORTS = {
    "origins": ("independent_origins", "most independent origins first"),
    "claims": ("claims", "most claims first"),
}


async def read_register_list(register: RegisterConfig, store: Store) -> ListDefinition:
    """Return the list of a register as a database has it."""
    return register_list_definition(register, await store.tables(), await stream_labels(store))


def register_list_definition(
    register: RegisterConfig,
    tables: Mapping[str, Set[str]],
    labels: Mapping[str, tuple[str, str]],
) -> ListDefinition:
    """Return the list of a register.

    Parameters
    ----------
    tables
        The columns of each table of the database.
    labels
        By stream, its identifier and the column by which its rows are called.
    """
    columns = tables.get(register.name, frozenset())
    filters: list[Filter] = []
    for name in register.columns:
        label = words(name).capitalize()
        if name in RESERVED:
            continue
        if name in register.codes and name in columns:
            filters.append(coded_filter(name, label, register.codes[name]))
        elif register.references.get(name) in labels:
            stream = register.references[name]
            filters += _reference_filters(register, name, tables, stream, labels[stream])
        elif name in register.dates and {f"{name}_start", f"{name}_end"} <= columns:
            filters.append(date_filter(name, label))
    key = f'"{register.id}"'
    sorts = [Sort("id", "by identifier", key)]
    dates = [item.name for item in filters if isinstance(item, PeriodFilter)]
    sorts += [date_sort(name, f"{words(name)}, earliest first", key) for name in dates]
    if columns >= set(COUNTS):
        sorts += [
            Sort(name, label, f"{column} desc, {key}")
            for name, (column, label) in COUNT_SORTS.items()
            if name not in dates
        ]
    return ListDefinition(register.name, register.id, tuple(sorts), tuple(filters))


def coded_filter(name: str, label: str, codelist: str) -> CodeFilter:
    """Return a filter by a coded column."""
    return CodeFilter(name, label, column=f'"{name}"', codelist=codelist, optional=True)


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


def date_sort(name: str, label: str, key: str) -> Sort:
    """Return an order by a column of EDTF dates; rows without one come last."""
    day = f'coalesce("{name}_start", "{name}_end")'
    return Sort(name, label, f"{day} is null, {day}, {key}")


def _reference_filters(
    register: RegisterConfig,
    name: str,
    tables: Mapping[str, Set[str]],
    stream: str,
    label: tuple[str, str],
) -> list[Filter]:
    """Return a filter by a column that refers to rows elsewhere, or by a list that does."""
    key, called = label
    choices = f'select "{key}" as code, coalesce("{called}", "{key}") as label from "{stream}"'
    about = (name, words(name).capitalize())
    bridge = f"{register.entity}_{name}"
    if name in tables[register.name]:
        return [CodeFilter(*about, column=f'"{name}"', choices=choices, optional=True)]
    if tables.get(bridge, frozenset()) >= {register.id, key} and register.id != key:
        pairs = (
            f'select distinct r.rowid, b."{key}" from "{bridge}" b '
            f'join "{register.name}" r on r."{register.id}" = b."{register.id}"'
        )
        return [CodeFilter(*about, pairs=pairs, choices=choices, optional=True)]
    return []
