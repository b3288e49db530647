"""The search of the site as files: what the server's search knows, divided into scripts."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from claimlog.file_names import path_segment
from claimlog.site.entity_links import LABELS, store_registers
from claimlog.site.files.index_script import (
    File,
    FileOf,
    KeyedParts,
    index_script,
    script_order,
)
from claimlog.site.files.list_parts import ROWS_OF_PART
from claimlog.site.files.packed_numbers import packed_numbers
from claimlog.site.files.packed_words import packed_places
from claimlog.site.files.query_clock import CLOCKS
from claimlog.site.page_list import site_pages
from claimlog.site.pages import search as search_page
from claimlog.site.pagination import PAGE_SIZE
from claimlog.site.search import addresses, leads, query, results, spelling
from claimlog.site.search import index as search_index_module
from claimlog.site.search.entries import ACTORS, SOURCES, SearchEntry
from claimlog.site.search.index import SearchIndex, search_index
from claimlog.site.search.query import identifier_shape
from claimlog.site.search.word_places import read_places
from claimlog.site.store import Store, json_list

ENTRIES_OF_PART = 100
"""Entries of a script."""

CLAIM_IDS = """select v.claim_id as id, c.number
from (select distinct claim_id from claim_versions) v
left join (select claim_id, row_number() over (order by rowid) - 1 as number from claims) c
using (claim_id)"""
"""Every claim that there ever was, and the place of its row in the table; null if retracted."""

EVENTS = """select substr(event_id, 1, :digits) as id, stream, entity_id
from events where stream in (select value from json_each(:streams)) order by 1"""
ACTOR_CLAIMS = """select m.actor_id as id, c.number from
(select distinct actor_id, claim_id from claim_actors) m
join (select claim_id, row_number() over (order by rowid) - 1 as number from claims) c
using (claim_id) order by 1, 2"""
"""Every actor with the places of the claims that have it in a column."""

EVENT_DIGITS = 32
"""Of the 64 of an event hash, as many as no two rows will ever have in common."""

CLAIM_COLUMNS = "select name from pragma_table_info('claims_fts')"

LIMITS: Mapping[str, Any] = {
    "actors": ACTORS,
    "sources": SOURCES,
    "characters": query.MOST_CHARACTERS,
    "terms": query.MOST_TERMS,
    "nameWords": query.NAME_WORDS,
    "stopWords": sorted(query.STOP_WORDS),
    "matches": search_index_module.MOST_MATCHES,
    "actorNames": search_index_module.MOST_NAMES,
    "addressCharacters": addresses.MOST_CHARACTERS,
    "identifierCharacters": leads.LONGEST_IDENTIFIER,
    "around": leads.AROUND,
    "hyphen": leads.HYPHEN,
    "zeros": leads.MOST_ZEROS,
    "numbers": leads.MOST_NUMBERS,
    "correctedWords": results.CORRECTED_WORDS,
    "letters": (spelling.SHORTEST_WORD, spelling.LONGEST_WORD),
    "firstLetterKept": spelling.FIRST_LETTER_KEPT,
    "oneEdit": spelling.ONE_EDIT,
    "candidates": spelling.CANDIDATES,
    "firstOfKind": search_page.FIRST_OF_KIND,
    "firstClaims": search_page.FIRST_CLAIMS,
    "named": search_page.MOST_NAMED,
    "page": PAGE_SIZE,
    "eventDigits": EVENT_DIGITS,
}
"""What the server's search is limited by, so that a script has no second set of it."""


async def search_parts(
    store: Store, file_of: FileOf, frozen: Collection[str] = ()
) -> AsyncIterator[File]:
    """Yield the scripts of the search of a database; ``search`` says what the others are.

    Parameters
    ----------
    frozen
        Releases whose own pages lie in the site.
    """
    index = await search_index(store)
    keyed: dict[str, KeyedParts] = {}

    def parts(name: str, items: Iterable[tuple[str, Any]]) -> Iterator[File]:
        keyed[name] = KeyedParts(name)
        return keyed[name].files(items)

    for file in _entry_parts(index, store.prefix, file_of):
        yield file
    for name, places in (
        ("names", index.names),
        ("addresses", index.addresses),
        ("hosts", index.hosts),
    ):
        for file in parts(name, _sorted((key, [*own]) for key, own in places.items())):
            yield file
    for file in parts("entry-words", packed_places(index.word_places(), 2)):
        yield file
    for file in parts("claim-words", _claim_words(store)):
        yield file
    ids = await store.rows(CLAIM_IDS)
    for file in parts("claim-ids", _sorted((row["id"], row["number"]) for row in ids)):
        yield file
    streams = sorted({*LABELS, *(one.name for one in await store_registers(store))})
    events = await store.rows(EVENTS, streams=json_list(streams), digits=EVENT_DIGITS)
    for file in parts(
        "events", ((row["id"], _path(row["stream"], row["entity_id"])) for row in events)
    ):
        yield file
    for file in parts("row-ids", _sorted((await _row_paths(store)).items())):
        yield file
    acting = await store.rows(ACTOR_CLAIMS)
    for file in parts("actor-claims", _sorted(_places_by_actor(acting))):
        yield file
    yield _vocabulary(index)
    yield index_script(
        "search",
        {
            "labels": {**index.labels},
            "limits": LIMITS,
            "entries": {"total": len(index.entries), "ofPart": ENTRIES_OF_PART},
            "claims": {"ofPart": ROWS_OF_PART},
            "claimColumns": len(await store.rows(CLAIM_COLUMNS)),
            "shapes": sorted({identifier_shape(row["id"]) for row in ids}),
            "streams": streams,
            "patterns": [
                [one.pattern.replace("(?P<", "(?<"), one.in_releases]
                for one in site_pages(store.datasette)
                if one.template != "claimlog_not_found.html"
            ],
            "releases": sorted({*_drawn_releases(store), *frozen}),
            "dataset": Store.latest(store.datasette).name,
            "released": await _released(store, file_of),
            "events": await leads.log_size(store),
            "first": {name: one.first for name, one in keyed.items()},
        },
    )


async def _row_paths(store: Store) -> dict[str, list[str]]:
    """Return the paths of rows of registers to which no claim refers, by identifier."""
    paths: dict[str, list[str]] = {}
    for register in await store_registers(store):
        if not register.has_claims:
            rows = await store.rows(
                f'select distinct "{register.id}" as id from "{register.entity}_versions" '
                "order by 1"
            )
            for row in rows:
                paths.setdefault(row["id"], []).append(_path(register.name, row["id"]))
    return paths


def _path(stream: str, identifier: str) -> str:
    """Return the path of a row's page as addresses spell it, without a slash before it."""
    return f"{stream}/{path_segment(identifier)}"


def _places_by_actor(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the actors, each with the places of its claims."""
    for actor, own in groupby(rows, key=lambda row: row["id"]):
        yield actor, packed_numbers(row["number"] for row in own)


def _drawn_releases(store: Store) -> list[str]:
    """Return the releases whose pages are drawn beside those of the build."""
    databases = (Store(store.datasette, name) for name in store.datasette.databases)
    return [one.release for one in databases if one.release and not one.name.startswith("_")]


async def _released(store: Store, file_of: FileOf) -> list[tuple[str, int, str]]:
    """Return the releases that a database knows with size and page of each, oldest first."""
    rows = await store.rows("select version, tree_size from releases order by tree_size, version")
    return [
        (row["version"], row["tree_size"], file_of(f"/releases/{row['version']}")) for row in rows
    ]


def _entry_parts(index: SearchIndex, prefix: str, file_of: FileOf) -> Iterator[File]:
    for number, at in enumerate(range(0, len(index.entries), ENTRIES_OF_PART)):
        part = index.entries[at : at + ENTRIES_OF_PART]
        yield index_script(f"entries-{number}", [_entry(one, prefix, file_of) for one in part])


def _entry(entry: SearchEntry, prefix: str, file_of: FileOf) -> list[Any]:
    """Return what results say of an entry, and its names; its words are in ``entry-words``."""
    file = file_of(prefix + entry.path)
    return [entry.kind, entry.id, entry.title, file, entry.note, entry.claims, [*entry.names]]


def _claim_words(store: Store) -> Iterator[tuple[str, str]]:
    """Yield the words of all claims; a claim is the place of its row in the table."""
    address = f"{Path(store.database.path).absolute().as_uri()}?mode=ro"
    clock = CLOCKS[store.datasette]
    with (
        closing(sqlite3.connect(address, uri=True)) as connection,
        clock.watch(store.name, connection),
    ):
        rows = connection.execute("select rowid from claims order by 1")
        numbers = {row: number for number, (row,) in enumerate(rows)}
        columns = [name for (name,) in connection.execute(CLAIM_COLUMNS)]
        places = read_places(connection, "main", "claims_fts", columns, numbers)
        yield from packed_places(places, len(columns))


def _sorted(items: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return sorted(items, key=lambda item: script_order(item[0]))


def _vocabulary(index: SearchIndex) -> File:
    words = _sorted(index.vocabulary.words.items())
    weights = packed_numbers(weight for _, weight in words)
    return index_script("vocabulary", {"words": " ".join(w for w, _ in words), "weights": weights})
