"""The lists of a package's registers: filtered by the columns that they declare."""

from __future__ import annotations

from collections.abc import Mapping, Set

from claimlog.schema.register_config import COUNTS, RegisterConfig
from claimlog.site.entity_links import stream_labels
from claimlog.site.lists.column_filters import (
    RESERVED,
    coded_filter,
    date_filter,
    date_sort,
    number_filter,
    reference_filter,
    truth_filter,
)
from claimlog.site.lists.filters import Filter, ListDefinition, PeriodFilter, Sort
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
        elif (stream := register.references.get(name, "")) in labels:
            key, _ = labels[stream]
            bridge = tables.get(f"{register.entity}_{name}", frozenset())
            if name in columns:
                filters.append(reference_filter(name, label, "", stream, labels[stream]))
            elif bridge >= {register.id, key} and register.id != key:
                pairs = _list_pairs(register, name, key)
                filters.append(reference_filter(name, label, "", stream, labels[stream], pairs))
        elif name in register.dates and {f"{name}_start", f"{name}_end"} <= columns:
            filters.append(date_filter(name, label))
        elif name in register.truths and name in columns:
            filters.append(truth_filter(name, label, ""))
        elif name in register.numbers and name in columns:
            filters.append(number_filter(name, label, "", register.numbers[name]))
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


def _list_pairs(register: RegisterConfig, name: str, key: str) -> str:
    """Return a query for the rows that a list of references has, from the table that holds it."""
    return (
        f'select r.rowid as row, b."{key}" as id from "{register.entity}_{name}" b '
        f'join "{register.name}" r on r."{register.id}" = b."{register.id}"'
    )
