"""Pages that ``schemas/site.json`` asks for: which columns each needs, and what cannot be shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from claimlog.schema.table_schema import Table

Row = dict[str, Any]

LISTS = ("from", "to")
"""Keys that name columns which hold lists of actors."""
NEEDED = ("from", "to", "sign")
"""Keys of single columns without which there is no page; without another, it shows less."""
OPTIONAL = ("column", "course", "modality", "split")

SITE_NAMES = frozenset(
    (
        *("index", "claims", "sources", "actors", "incidents", "measures", "disputes", "facts"),
        *("origins", "codebook", "quality", "releases", "as-of", "downloads", "docs", "robots"),
        *("search", "feeds"),
    )
)
"""First parts of the addresses that every site has."""


def page_columns(page: Row) -> list[str]:
    """Return the columns of claims that a page speaks of."""
    return [*page.get("columns", ()), *(page[key] for key in (*NEEDED, *OPTIONAL) if key in page)]


def coded_page_columns(page: Row) -> list[str]:
    """Return the columns of claims whose codes a page shows."""
    lists = {page[key] for key in LISTS if key in page}
    return [name for name in page_columns(page) if name not in lists]


def limit_page(page: Row, known: Collection[str], coded: Collection[str]) -> Row | None:
    """Return a page without what speaks of columns that claims do not have; None if none is left.

    Parameters
    ----------
    known, coded
        The columns of claims, and those that have a code list.
    """
    there = {key: page[key] in (known if key in LISTS else coded) for key in page if key in NEEDED}
    if not all(there.values()) or not set(coded).issuperset(page.get("columns", ())):
        return None
    absent = {key for key in OPTIONAL if key in page and page[key] not in coded}
    return {key: value for key, value in page.items() if key not in absent}


def pages_flaw(
    pages: Collection[Row], streams: Mapping[str, Table], codes: Mapping[str, Collection[Row]]
) -> str | None:
    """Say why a page cannot be shown, or return None.

    Parameters
    ----------
    codes
        The codes of each code list.
    """
    relations = {row["code"] for row in codes.get("relation", ())}
    claims = streams["claims"].by_name
    for page in pages:
        name = page["name"]
        if name in SITE_NAMES or name in streams:
            return f"pages: /{name} is the address of another page; call it something else"
        for code in page.get("relations", ()):
            if code not in relations:
                return f"pages: {code} is no code of relation; name one of its codes"
        for column in (page[key] for key in LISTS if key in page):
            item = claims[column].item if column in claims else None
            if column in claims and (item is None or item.references != "actors"):
                return f"pages: {column} is no list of actors; name a column of claims that is one"
    return None
