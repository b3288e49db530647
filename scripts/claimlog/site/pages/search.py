"""The page of the search: what a text names, what fits its words by kind, and what is near."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from datasette import Response

from claimlog.site.page import PageRequest
from claimlog.site.pages.claims import claim_rows
from claimlog.site.pagination import Pagination
from claimlog.site.search.addresses import MOST_CHARACTERS as MOST_OF_ADDRESS
from claimlog.site.search.addresses import is_address
from claimlog.site.search.entries import SearchEntry
from claimlog.site.search.index import SearchIndex, search_index
from claimlog.site.search.leads import CLAIMS, SearchLead, log_size, search_lead
from claimlog.site.search.query import MOST_CHARACTERS, name_key
from claimlog.site.search.results import SearchResults, found_claims, search_results
from claimlog.site.store import Row, Store

FIRST_OF_KIND, FIRST_CLAIMS = 5, 10
"""Results of each kind on the page of all kinds."""

MOST_NAMED = 12
"""Results that have the whole text as a name."""


async def search(store: Store, request: PageRequest) -> Any:
    """Return what a search finds; lead to the page at once if it can mean no other."""
    from claimlog.site.page_list import site_pages

    text = " ".join(request.query.get("q", "")[: MOST_OF_ADDRESS + 1].split())
    index = await search_index(store)
    lead = await search_lead(store, index, site_pages(store.datasette), text)
    is_absent = lead is not None and lead.absent_release is not None
    path = lead.path if lead and not is_absent else None
    if path and not request.path.rstrip("/").endswith(".json"):
        prefix = "" if path.startswith("/releases/") else store.prefix
        return Response.redirect(store.datasette.urls.path(prefix + path))
    results = await search_results(store, index, text)
    return {
        "title": f"Search: {text[:60]}" if text else "Search",
        "q": text,
        "leads_to": path,
        "absent_release": await _absent_release(store, lead) if lead and is_absent else None,
        "searched": results.text,
        "suggestion": results.suggestion,
        "near": results.is_near,
        "address": is_address(text),
        "empty": results.is_empty,
        "cut": len(text) > MOST_CHARACTERS,
        **await _page_of(store, index, results, request),
    }


async def _absent_release(store: Store, lead: SearchLead) -> Row:
    """Return what is said of a release that is asked for and whose pages are not here."""
    rows = await store.rows("select version, tree_size from releases order by tree_size, version")
    size = await log_size(store)
    own = next((row["version"] for row in reversed(rows) if row["tree_size"] == size), None)
    return {
        "version": lead.absent_release,
        "is_released": lead.is_released,
        "releases": [row["version"] for row in rows],
        "own": store.release or own,
        "events": size,
        "path": lead.path,
    }


async def _page_of(
    store: Store, index: SearchIndex, results: SearchResults, request: PageRequest
) -> Mapping[str, Any]:
    """Return the first results of each kind, or one page of those of a single kind."""
    entries = results.entries
    labels = {**index.labels, CLAIMS: "Claims"}
    counts = {**{kind: len(group) for kind, group in entries.items()}, CLAIMS: results.claims}
    only = request.query.get("kind", "")
    only = only if counts.get(only) else ""
    query = {"q": results.text, **({"kind": only} if only else {})}
    pagination = Pagination.of(request, counts.get(only, 0))

    def of_kind(kind: str) -> list[SearchEntry]:
        if only:
            return entries[kind][pagination.offset : pagination.offset + pagination.size]
        return entries[kind][:FIRST_OF_KIND]

    rowids: list[int] = []
    if only in ("", CLAIMS):
        size, skip = (pagination.size, pagination.offset) if only else (FIRST_CLAIMS, 0)
        rowids = await found_claims(store, results, size, skip)
    claims = await claim_rows(store, rowids)
    return {
        "kind": only or None,
        "named": [] if only else [_named(one, results) for one in results.named[:MOST_NAMED]],
        "groups": [
            {
                "kind": kind,
                "label": labels[kind],
                "count": counts[kind],
                "results": [_result(one) for one in of_kind(kind)],
                "all": f"?{urlencode({'q': results.text, 'kind': kind})}",
            }
            for kind in entries
            if only in ("", kind)
        ],
        "claims": {
            "count": results.claims,
            "of_actor": bool(results.actors),
            "results": claims["claims"],
            "all": f"?{urlencode({'q': results.text, 'kind': CLAIMS})}",
        },
        "line": claims["line"],
        "part": pagination.links(query),
    }


def _result(entry: SearchEntry) -> Row:
    return {
        "kind": entry.kind,
        "id": entry.id,
        "title": entry.title,
        "path": entry.path,
        "note": entry.note,
        "claims": entry.claims,
    }


def _named(entry: SearchEntry, results: SearchResults) -> Row:
    """Return an entry with the name that was typed, if its title is another."""
    is_title = name_key(results.text) == name_key(entry.title)
    return {**_result(entry), "alias": None if is_title else results.text}
