"""Searches that can mean one page only, to which they lead at once: identifiers and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from urllib.parse import quote, unquote

from claimlog.file_names import path_segment
from claimlog.release.cited_names import identifier_in_key
from claimlog.site.entity_links import LABELS, store_registers
from claimlog.site.page import Page
from claimlog.site.search.addresses import address_path, is_address
from claimlog.site.search.entries import SOURCES
from claimlog.site.search.index import SearchIndex
from claimlog.site.store import Store, json_list

CLAIMS = "claims"
LONGEST_IDENTIFIER = 100
EVENT_ID = re.compile(r"[0-9a-f]{12,64}", re.I)
"""The hash of an event, whole or shortened as pages show it."""

DIGITS = re.compile("([0-9]+)")
MOST_NUMBERS, MOST_ZEROS = 3, 3
"""Numbers in an identifier before which zeros may be missing, and how many of them."""

HYPHEN = "-"
"""What stands between the parts of an identifier of a claim, where a reader may write a space."""

AROUND = " \t\r\n.,;:()[]<>«»“”\"'"
"""What stands around an identifier that was copied out of a sentence."""

QUERY_SIGNS = "!$%&'()*+,-./:;=?@_~"
"""What stands for itself in the query of an address (RFC 3986), and what escapes all else."""

CITATION_KEY = r"{name}-(?P<release>[0-9]+\.[0-9]+\.[0-9]+)-(?P<claim>.+)"
"""The key of a claim in BibTeX, as `claimlog.release.cite.CitedItem.key` writes it."""

OF_RELEASE = re.compile(r"(?P<prefix>/releases/(?P<release>[0-9]+\.[0-9]+\.[0-9]+))?(?P<path>/.+)")


@dataclass(frozen=True)
class SearchLead:
    """The one page that a search means.

    Attributes
    ----------
    path
        Without the prefix of the store's pages; None if there is no such page here.
    absent_release
        The release that an address or a key names and whose pages are not here, so that the path is
        that of the same page of other data and nobody is led there unasked.
    is_released
        Whether there is such a release.
    """

    path: str | None
    absent_release: str | None = None
    is_released: bool = True


async def search_lead(
    store: Store, index: SearchIndex, pages: Iterable[Page], text: str
) -> SearchLead | None:
    """Return what a search leads to, or None if it may mean more than one page.

    Claims, sources, and rows of registers that say how the dataset was made, as findings, are led
    to by their identifiers, in any case; a claim also by its key in a citation; the row that an
    event hash is of, by the hash; a source by the address of its work; and a page of the site by
    its own address, whatever the host.
    """
    if is_address(text):
        sources = index.of_address(text)
        if len(sources) == 1:
            return SearchLead(sources[0].path)
        return None if sources else await _own_page(store, index, pages, text)
    key = CITATION_KEY.format(name=re.escape(Store.latest(store.datasette).name))
    if match := re.fullmatch(key, text.strip(AROUND), re.I):
        claim = path_segment(identifier_in_key(match["claim"]))
        path = f"/releases/{match['release']}/{CLAIMS}/{claim}"
        return await _own_page(store, index, pages, path)
    named = await _path_of_name(store, index, text)
    return SearchLead(named) if named else None


async def _path_of_name(store: Store, index: SearchIndex, text: str) -> str | None:
    """Return the path of what an identifier or a hash names."""
    name = text.strip(AROUND)
    if not name or len(name) > LONGEST_IDENTIFIER:
        return None
    if any(char.isspace() for char in name):
        spaced = await _claim_id(store, HYPHEN.join(name.split()))
        return f"/{CLAIMS}/{path_segment(spaced)}" if spaced else None
    if EVENT_ID.fullmatch(name):
        rows = await store.rows(
            "select distinct stream, entity_id from events "
            "where event_id between :id and :id || 'g' limit 2",
            id=name.lower(),
        )
        if len(rows) == 1 and await _has_page(store, rows[0]["stream"]):
            return f"/{rows[0]['stream']}/{path_segment(rows[0]['entity_id'])}"
        return None
    if claim := await _claim_id(store, name):
        return f"/{CLAIMS}/{path_segment(claim)}"
    for one in index.of_name(name):
        if one.kind == SOURCES and one.id.casefold() == name.casefold():
            return one.path
    return await _path_of_row(store, name)


async def _path_of_row(store: Store, name: str) -> str | None:
    """Return the path of the row of a register to which no claim refers; others are results."""
    found = []
    for register in await store_registers(store):
        if not register.has_claims:
            rows = await store.rows(
                f'select distinct "{register.id}" as id from "{register.entity}_versions" '
                f'where "{register.id}" in (select value from json_each(:names)) limit 2',
                names=json_list({name, name.upper(), name.lower()}),
            )
            found += [f"/{register.name}/{path_segment(row['id'])}" for row in rows]
    return found[0] if len(found) == 1 else None


async def _claim_id(store: Store, name: str) -> str | None:
    """Return the claim that has an identifier in any case, retracted ones too.

    Zeros may be missing before its numbers, if one claim only can be meant.
    """
    for names in ({name, name.upper(), name.lower()}, _with_zeros(name)):
        rows = await store.rows(
            "select distinct claim_id from claim_versions where claim_id in "
            "(select value from json_each(:names)) limit 2",
            names=json_list(names),
        )
        if rows:
            return str(rows[0]["claim_id"]) if len(rows) == 1 else None
    return None


def _with_zeros(name: str) -> set[str]:
    """Return an identifier with zeros before its numbers.

    >>> {"C004-017", "C4-17", "C04-0017"} <= _with_zeros("c4-17")
    True
    """
    parts = DIGITS.split(name)
    if len(parts) > 2 * MOST_NUMBERS + 1:
        return set()
    choices = [
        [f"{'0' * zeros}{part}" for zeros in range(MOST_ZEROS + 1)] if at % 2 else [part]
        for at, part in enumerate(parts)
    ]
    texts = {"".join(choice) for choice in product(*choices)}
    return {text.upper() for text in texts} | {text.lower() for text in texts}


async def _has_page(store: Store, stream: str) -> bool:
    return stream in LABELS or stream in {one.name for one in await store_registers(store)}


async def _own_page(
    store: Store, index: SearchIndex, pages: Iterable[Page], text: str
) -> SearchLead | None:
    """Return the page of the site that an address is of, if what it names is there."""
    whole, query = address_path(text)
    base = store.datasette.setting("base_url").rstrip("/")
    path = whole.removeprefix(base).removesuffix(".json").removesuffix("/index.html")
    match = OF_RELEASE.fullmatch(path)
    if match is None:
        return None
    path, release = match["path"], match["release"]
    page = next((one for one in pages if re.fullmatch(one.pattern, path)), None)
    if page is None or (release and not page.in_releases):
        return None
    known = await _known_path(store, index, path)
    found = known and f"{known}{f'?{quote(query, safe=QUERY_SIGNS)}' if query else ''}"
    if not release:
        return SearchLead(found) if found else None
    if Store.of_release(store.datasette, release):
        return SearchLead(f"{match['prefix']}{found}") if found else None
    size = await store.row("select tree_size from releases where version = :v", v=release)
    if size is None:
        return SearchLead(None, release, is_released=False)
    if store.release is None and size["tree_size"] == await log_size(store):
        return SearchLead(found) if found else None
    return SearchLead(found, release)


async def _known_path(store: Store, index: SearchIndex, path: str) -> str | None:
    """Return the path of a page with the identifier as its row has it; None without such a row."""
    _, stream, *rest = path.split("/")
    if len(rest) != 1 or not await _has_page(store, stream):
        return path
    if stream == CLAIMS:
        claim = await _claim_id(store, unquote(rest[0]))
        return f"/{CLAIMS}/{path_segment(claim)}" if claim else None
    name = unquote(rest[0])
    is_known = any(one.kind == stream and one.id == name for one in index.of_name(name))
    return path if is_known else None


async def log_size(store: Store) -> int:
    """Return the number of rows of the log that a database holds."""
    return await store.count("select count(*) as n from events")
