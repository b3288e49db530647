"""A list of a served database, and the answer to an address that filters, sorts or exports it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasette import Response

from claimlog.site.datasette_internals import escape_sqlite
from claimlog.site.lists.code_labels_reader import read_code_labels
from claimlog.site.lists.facet_groups import Listed, chosen_parts, facet_groups
from claimlog.site.lists.filter_values import Mask
from claimlog.site.lists.filters import CodeFilter, ListDefinition, Sort
from claimlog.site.lists.index_reader import read_list_index
from claimlog.site.lists.list_index import ListIndex, SelectedRows
from claimlog.site.lists.selection import Choices, Selection, select
from claimlog.site.lists.whole_list import whole_list
from claimlog.site.page import InvalidQuery, PageRequest
from claimlog.site.pagination import PAGE_SIZE, Pagination
from claimlog.site.store import Row, Store

FOUND = (
    "select group_concat(rowid) as ids from {index} where {index} match :words "
    "group by rowid / 50000"
)
"""Row numbers that a search finds, in texts that are shorter than SQLite's longest."""

WHOLE = "rows"
"""The parameter of a list's JSON by which ``all`` asks for every row."""


@dataclass(frozen=True)
class ServedList:
    """A list as it is in memory: what can be chosen of each filter, and who has what.

    Attributes
    ----------
    choices
        The codes that exist and their labels, by filter.
    listed
        Those that pages list, for filters that do not list all.
    """

    definition: ListDefinition
    index: ListIndex
    choices: Choices
    listed: Listed

    @property
    def sorts(self) -> list[Sort]:
        """The orders that this database allows."""
        first, *others = self.definition.sorts
        return [first, *(sort for sort in others if sort.name in self.index.orders)]


@dataclass(frozen=True)
class ListAnswer:
    """What an address selects of a list, and which page of it is asked for."""

    served: ServedList
    selection: Selection
    selected: SelectedRows
    pagination: Pagination

    def rowids(self) -> list[int]:
        """Return the row numbers of the page, in order."""
        pagination = self.pagination
        return self.selected.rowids(self.selection.sort.name, pagination.offset, pagination.size)


async def read_served_list(
    store: Store, name: str, define: Callable[[Store], Awaitable[ListDefinition]]
) -> ServedList:
    """Return a list of a database, read once if that cannot change."""

    async def read(store: Store) -> ServedList:
        definition = await define(store)
        columns = (await store.tables()).get(definition.table, frozenset())
        index: ListIndex = await store.database.execute_fn(
            lambda connection: read_list_index(connection, definition, columns)
        )
        choices, listed = {}, {}
        for item in definition.filters:
            if isinstance(item, CodeFilter):
                values = index.values[item.name].values  # type: ignore[union-attr]
                choices[item.name] = await read_code_labels(store, item, values)
                if item.listed:
                    rows = await store.rows(item.listed)
                    listed[item.name] = frozenset(row["code"] for row in rows)
        return ServedList(definition, index, choices, listed)

    return await store.memoize(f"list of {name}", read)


async def answer_list(
    store: Store,
    served: ServedList,
    request: PageRequest,
    about: Row,
    describe: Callable[[ListAnswer], Awaitable[Row]],
    match: Callable[[str], str] = str,
    size: int = PAGE_SIZE,
) -> Any:
    """Return the data of a page of a list, or all its rows for an address that asks for these.

    A form that was sent with empty fields is led to the address without them.

    Parameters
    ----------
    about
        What a page says beyond what all lists do, its title for one, whether it lists rows or not.
    describe
        Gives the rows as the page lists them.
    match
        Gives the search of an index for the words that are looked for; none finds nothing.
    size
        Rows of a page.

    Raises
    ------
    InvalidQuery
        If the address has a value that cannot be.
    """
    definition = served.definition
    selection = await asyncio.to_thread(
        select, request.values, definition, served.sorts, served.choices
    )
    whole = request.query.get(WHOLE, "").strip()
    if whole not in ("", "all"):
        message = f"“{whole[:60]}” is no number of rows; {WHOLE}=all asks for all of them as JSON."
        selection.errors.append(
            {"parameter": WHOLE, "value": whole[:60], "message": message, "near": []}
        )
    words = match(selection.text)
    found = await _search_mask(store, served, words) if selection.text else None
    selected = await asyncio.to_thread(served.index.select, selection.chosen, found)
    if request.format == "html" and not selection.errors and _has_blank(request):
        return Response.redirect(_clean_address(request, selection))
    if selection.errors:
        empty = Pagination(1, 0)
        raise InvalidQuery(about | await _data(store, served, selection, selected, empty))
    if request.format == "csv" or (request.format == "json" and whole):
        rowids = selected.rowids(selection.sort.name, 0)
        return whole_list(
            store, definition.table, rowids, request.format, _file_name(definition, selection)
        )
    pagination = Pagination.of(request, selected.total, size)
    data = about | await _data(store, served, selection, selected, pagination)
    if selection.text and not words:
        data["notes"].append("The search holds no word to look for.")
    return data | await describe(ListAnswer(served, selection, selected, pagination))


def _has_blank(request: PageRequest) -> bool:
    """Return whether a form was sent with fields that are empty."""
    return any(not value.strip() for values in request.values.values() for value in values)


def _clean_address(request: PageRequest, selection: Selection) -> str:
    """Return the address of the same list without parameters that say nothing, as a relative one.

    >>> from claimlog.site.lists.filters import Sort
    >>> order = Sort("id", "by identifier", "claim_id")
    >>> _clean_address(PageRequest("/a/claims", {}, {}), Selection("tide", order, order))
    'claims?q=tide'
    """
    page = [number for number in request.values.get("page", ()) if number.strip()]
    name = request.path.rstrip("/").rpartition("/")[2]
    up = "../" if request.path.endswith("/") else ""
    return f"{up}{name}{selection.address(page=page[:1])}"


def _file_name(definition: ListDefinition, selection: Selection) -> str:
    return f"{definition.table}-selected" if selection.query else definition.table


async def _search_mask(store: Store, served: ServedList, words: str) -> Mask:
    """Return which rows a search finds."""
    rows = []
    if words:
        index = escape_sqlite(served.definition.search)
        rows = await store.rows(FOUND.format(index=index), words=words)
    numbers = [np.array(row["ids"].split(","), dtype=np.int64) for row in rows if row["ids"]]
    rowids = np.concatenate(numbers) if numbers else np.empty(0, np.int64)
    return served.index.with_rowids(rowids)


async def _data(
    store: Store,
    served: ServedList,
    selection: Selection,
    selected: SelectedRows,
    pagination: Pagination,
) -> Row:
    """Return what every page of a list says, whatever its rows are."""
    definition = served.definition
    codes = await store.codes()
    errors = selection.errors
    return {
        **({"ok": False, "error": " ".join(row["message"] for row in errors)} if errors else {}),
        "q": selection.text,
        "searched": bool(definition.search),
        "chosen": chosen_parts(definition, selection, served.choices, codes),
        "filters": await asyncio.to_thread(
            facet_groups, definition, selection, selected, served.choices, served.listed
        ),
        "filtered": bool(selection.text or selection.chosen),
        "sort": selection.sort.name,
        "sorts": [{"name": sort.name, "label": sort.label} for sort in served.sorts],
        "query": selection.address(),
        "errors": errors,
        "notes": [],
        "in_all": len(served.index.rowids),
        "part": pagination.links(selection.query),
    }
