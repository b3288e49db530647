"""The lists of the site that are filtered and sorted: how each is defined and how its rows look."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from claimlog.site.claim_filters import read_claim_list
from claimlog.site.entity_links import store_registers
from claimlog.site.lists.filters import ListDefinition
from claimlog.site.lists.served_list import ServedList, read_served_list
from claimlog.site.page_list import site_pages
from claimlog.site.pages.claims import claim_rows
from claimlog.site.pages.incidents import LISTED, incident_rows, read_incident_list
from claimlog.site.pages.register import REGISTER_TEMPLATE, register_rows, register_variables
from claimlog.site.pagination import PAGE_SIZE
from claimlog.site.register_filters import read_register_list
from claimlog.site.store import Row, Store


@dataclass(frozen=True)
class FilteredList:
    """A list, by the name of its address.

    Attributes
    ----------
    define
        Gives its definition.
    rows
        Gives the variables of `template` for some row numbers.
    template
        Draws rows, as the page of the list does.
    size
        Rows of a page.
    variables
        Other variables of the template.
    """

    name: str
    define: Callable[[Store], Awaitable[ListDefinition]]
    rows: Callable[[Store, list[int]], Awaitable[Row]]
    template: str
    size: int = PAGE_SIZE
    variables: Row = field(default_factory=dict)

    async def served_list(self, store: Store) -> ServedList:
        """Return the list with its values, as the server reads it."""
        return await read_served_list(store, self.name, self.define)


async def filtered_lists(store: Store) -> list[FilteredList]:
    """Return every list of a database that has filters; the one of claims is the first."""
    return [
        FilteredList("claims", read_claim_list, claim_rows, "_claim_rows.html"),
        FilteredList("incidents", read_incident_list, incident_rows, "_incident_rows.html", LISTED),
        *(
            FilteredList(
                register.name,
                partial(read_register_list, register),
                partial(register_rows, register),
                "_register_rows.html",
                variables=register_variables(register),
            )
            for register in await store_registers(store)
            if _has_list(store, register.name)
        ),
    ]


def _has_list(store: Store, name: str) -> bool:
    """Whether the page of a register is its list: a register of measures has one of its own."""
    pages = (one for one in site_pages(store.datasette) if re.fullmatch(one.pattern, f"/{name}"))
    return next(pages).template == REGISTER_TEMPLATE
