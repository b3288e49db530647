"""An index of what has a page and is no claim: by name, by words, and by address."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from claimlog.site.datasette_internals import QueryInterrupted
from claimlog.site.protection.reader_request import finish_job
from claimlog.site.protection.server_queries import time_limit
from claimlog.site.search.addresses import address_host, address_key
from claimlog.site.search.entries import ACTORS, SearchEntry, kind_labels, search_entries
from claimlog.site.search.query import Term, match_expression, name_key
from claimlog.site.search.spelling import Vocabulary, read_vocabulary
from claimlog.site.search.word_places import read_places
from claimlog.site.store import Store

MOST_MATCHES = 1_000
"""Entries that a search by words gives at most."""

MOST_NAMES = 12
"""Names of an actor that are looked for where one of them was typed."""

TOKENIZER = "porter unicode61"
"""That of the full-text index of claims, so that the same words find both."""


THREAD = ThreadPoolExecutor(1, thread_name_prefix="claimlog-search")
"""That of all searches in indexes, whose connections take one query at a time."""

PREFIXES = "1 2 3"
"""Letters of a beginning whose entries are listed: all words that begin so would take long."""

WORD_COLUMNS = ("names", "text")


@dataclass(frozen=True)
class SearchIndex:
    """An index of entries, which cannot change.

    Attributes
    ----------
    entries
        Those of a kind together, the one with most claims first: the order of all results.
    labels
        What each kind is called, in the order of the results.
    vocabulary
        The words of entries and claims, for what a misspelt one may mean.
    names, addresses, hosts
        The places of entries in `entries` by `name_key`, `address_key` and `address_host`.
    """

    entries: tuple[SearchEntry, ...]
    labels: Mapping[str, str]
    vocabulary: Vocabulary
    names: Mapping[str, list[int]] = field(repr=False)
    addresses: Mapping[str, list[int]] = field(repr=False)
    hosts: Mapping[str, list[int]] = field(repr=False)
    _words: sqlite3.Connection = field(repr=False)

    @classmethod
    def of(
        cls, entries: Iterable[SearchEntry], labels: Mapping[str, str], vocabulary: Vocabulary
    ) -> SearchIndex:
        """Return the index of some entries."""
        rows = tuple(entries)
        names: dict[str, list[int]] = {}
        addresses: dict[str, list[int]] = {}
        hosts: dict[str, list[int]] = {}
        # one that serves many pages, which ask in one thread
        words = sqlite3.connect(":memory:", check_same_thread=False)
        words.execute(
            f"create virtual table entries using fts5({', '.join(WORD_COLUMNS)}, "
            f"tokenize='{TOKENIZER}', prefix='{PREFIXES}')"
        )
        words.executemany(
            "insert into entries (rowid, names, text) values (?, ?, ?)",
            ((at, " · ".join(one.names), one.text) for at, one in enumerate(rows)),
        )
        for at, one in enumerate(rows):
            for key in dict.fromkeys(map(name_key, one.names)):
                names.setdefault(key, []).append(at)
            for address in one.addresses:
                addresses.setdefault(address_key(address), []).append(at)
                hosts.setdefault(address_host(address), []).append(at)
        names.pop("", None)
        return cls(rows, labels, vocabulary, names, addresses, hosts, words)

    def of_name(self, text: str) -> list[SearchEntry]:
        """Return the entries that have a name, however it is written."""
        return [self.entries[at] for at in self.names.get(name_key(text), ())]

    def of_address(self, address: str) -> list[SearchEntry]:
        """Return the entries whose work is at an address."""
        return [self.entries[at] for at in self.addresses.get(address_key(address), ())]

    def of_host(self, address: str) -> list[SearchEntry]:
        """Return the entries whose work is at the host of an address."""
        return [self.entries[at] for at in self.hosts.get(address_host(address), ())]

    def names_of_actor(self, text: str) -> Collection[str]:
        """Return all names of the actors that have a name; of anything else, none."""
        actors = [one for one in self.of_name(text) if one.kind == ACTORS]
        names = [name for one in actors for name in one.names]
        return [*dict.fromkeys(names)][:MOST_NAMES]

    def expression(self, terms: list[Term], operator: str = "AND", prefixes: bool = False) -> str:
        """Return the FTS5 query of some terms; an actor's name is looked for by all its names."""
        return match_expression(terms, self.names_of_actor, operator, prefixes)

    def of_words(self, expression: str) -> Iterator[tuple[SearchEntry, bool]]:
        """Yield the entries that fit an FTS5 query, and whether their names alone do.

        Those whose names fit come first.
        """
        names = dict.fromkeys(self._matches(f"names : ({expression})"))
        for at in dict.fromkeys((*names, *self._matches(expression))):
            yield self.entries[at], at in names

    async def find_words(self, expression: str, seconds: float) -> list[tuple[SearchEntry, bool]]:
        """Return what `of_words` yields, found in the thread of searches within so many seconds.

        Raises
        ------
        QueryInterrupted
            If it takes longer.
        """

        def find() -> list[tuple[SearchEntry, bool]]:
            try:
                with time_limit(self._words, seconds):
                    return [*self.of_words(expression)]
            except sqlite3.OperationalError as error:
                if error.args != ("interrupted",):
                    raise
                raise QueryInterrupted(error, expression, None) from None

        return await finish_job(asyncio.get_running_loop().run_in_executor(THREAD, find))

    def _matches(self, expression: str) -> list[int]:
        rows = self._words.execute(
            "select rowid from entries where entries match ? order by rowid limit ?",
            (expression, MOST_MATCHES),
        )
        return [row[0] for row in rows]

    def word_places(self) -> Iterator[tuple[str, int, int, int]]:
        """Yield every word of the entries: its entry, column and place there, by word and entry."""
        return read_places(self._words, "main", "entries", WORD_COLUMNS)


async def search_index(store: Store) -> SearchIndex:
    """Return the index of a database, made once if the database cannot change."""
    return await store.memoize("search index", _search_index)


async def _search_index(store: Store) -> SearchIndex:
    entries = await search_entries(store)
    vocabulary = await read_vocabulary(store, entries)
    return SearchIndex.of(entries, await kind_labels(store), vocabulary)
