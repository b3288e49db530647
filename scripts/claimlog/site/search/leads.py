"""Searches that can mean one page only, to which they lead at once: identifiers and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from claimlog.site.entity_links import LABELS, store_registers
from claimlog.site.page import Page
from claimlog.site.search.addresses import address_path, is_address
from claimlog.site.search.entries import SOURCES
from claimlog.site.search.index import SearchIndex
from claimlog.site.store import Store, json_list

CLAIMS = "claims"
LONGEST_IDENTIFIER = 100
EVENT_ID = re.compile(r"[0-9a-f]{64}", re.I)
AROUND = " \t\r\n.,;:()[]<>«»“”\"'"
"""What stands around an identifier that was copied out of a sentence."""

QUERY_SIGNS = "!$%&'()*+,-./:;=?@_~"
"""What stands for itself in the query of an address (RFC 3986), and what escapes all else."""

OF_RELEASE = re.compile(r"(?P<prefix>/releases/(?P<release>[0-9]+\.[0-9]+\.[0-9]+))?(?P<path>/.+)")


async def leading_path(
    store: Store, index: SearchIndex, pages: Iterable[Page], text: str
) -> str | None:
    """Return the path that a search leads to, or None if it may mean more than one page.

    Claims and sources are led to by their identifiers, in any case; the row that an event hash is
    of, by the hash; a source by the address of its work; and a page of the site by its own address,
    whatever the host. Paths are without the prefix of the store's pages.
    """
    if is_address(text):
        sources = index.of_address(text)
        if len(sources) == 1:
            return sources[0].path
        return None if sources else await _own_path(store, index, pages, text)
    name = text.strip(AROUND)
    if not name or len(name) > LONGEST_IDENTIFIER or any(char.isspace() for char in name):
        return None
    if EVENT_ID.fullmatch(name):
        row = await store.row(
            "select stream, entity_id from events where event_id = :id", id=name.lower()
        )
        if row and await _has_page(store, row["stream"]):
            return f"/{row['stream']}/{quote(row['entity_id'], safe='')}"
        return None
    if claim := await _claim_id(store, name):
        return f"/{CLAIMS}/{quote(claim, safe='')}"
    for one in index.of_name(name):
        if one.kind == SOURCES and one.id.casefold() == name.casefold():
            return one.path
    return None


async def _claim_id(store: Store, name: str) -> str | None:
    """Return the claim that has an identifier in any case, retracted ones too."""
    row = await store.row(
        "select claim_id from claim_versions where claim_id in "
        "(select value from json_each(:names)) limit 1",
        names=json_list({name, name.upper(), name.lower()}),
    )
    return row["claim_id"] if row else None


async def _has_page(store: Store, stream: str) -> bool:
    return stream in LABELS or stream in {one.name for one in await store_registers(store)}


async def _own_path(
    store: Store, index: SearchIndex, pages: Iterable[Page], text: str
) -> str | None:
    """Return the path of a page of the site, if an address has one and what it names is there."""
    whole, query = address_path(text)
    base = store.datasette.setting("base_url").rstrip("/")
    path = whole.removeprefix(base).removesuffix(".json").removesuffix("/index.html")
    match = OF_RELEASE.fullmatch(path)
    if match is None:
        return None
    path = match["path"]
    page = next((one for one in pages if re.fullmatch(one.pattern, path)), None)
    if page is None or (match["release"] and not page.in_releases):
        return None
    _, stream, *rest = path.split("/")
    if len(rest) == 1 and await _has_page(store, stream):
        known = (
            await _claim_id(store, rest[0])
            if stream == CLAIMS
            else any(one.kind == stream and one.id == rest[0] for one in index.of_name(rest[0]))
        )
        if not known:
            return None
    prefix = match["prefix"] or ""
    if prefix and not Store.of_release(store.datasette, match["release"]):
        prefix = ""
    return f"{prefix}{quote(path)}{f'?{quote(query, safe=QUERY_SIGNS)}' if query else ''}"
