"""Lists that a service gives a page at a time, and how much of one is looked through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from claimlog.errors import ClaimlogError

PAGE_SIZE, PAGES = 100, 20
MOST_ITEMS = PAGES * PAGE_SIZE
"""Items of a list that are looked through."""


def listed_items(fetch_page: Callable[[int], list[Any]], too_many: str) -> Iterator[Any]:
    """Yield the items of a list of which a page, numbered from 1, has `PAGE_SIZE` items at most.

    A caller that keeps an item keeps only what it needs of it: a page is as large as any answer.

    Raises
    ------
    ValueError
        If a page holds more items than were asked for.
    ClaimlogError
        With the message `too_many`, if there are more than `MOST_ITEMS`.
    """
    for page in range(1, PAGES + 1):
        items = fetch_page(page)
        if len(items) > PAGE_SIZE:
            raise ValueError(f"{len(items):,} items on a page of {PAGE_SIZE}")
        yield from items
        if len(items) < PAGE_SIZE:
            return
    raise ClaimlogError(too_many)
