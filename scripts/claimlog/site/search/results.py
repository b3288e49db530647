"""What a search finds: what its text names, then what fits its words; else what is near."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from claimlog.site.search.addresses import is_address
from claimlog.site.search.entries import ACTORS, SearchEntry
from claimlog.site.search.index import SearchIndex
from claimlog.site.search.query import (
    WORD,
    Term,
    identifier_shape,
    name_key,
    plain_letters,
    search_terms,
    words_of,
)
from claimlog.site.store import Store, json_list

CORRECTED_WORDS = 5
"""Words of a search that are corrected, if the database does not know them."""

FITTING = "select rowid as id from claims_fts where claims_fts match :words"
NAMING = (
    "select c.rowid from claim_actors m join claims c using (claim_id) "
    "where m.actor_id in (select value from json_each(:actors))"
)
BESIDE_CLAIMS = """
select rowid as id from claims where claim_id in (select value from json_each(:ids)) order by rowid
"""

BESIDE = """
select id from (select claim_id as id from claims where claim_id < :text order by 1 desc limit 2)
union select id from (select claim_id as id from claims where claim_id > :text order by 1 limit 2)
"""


@dataclass(frozen=True)
class SearchResults:
    """What was found.

    Attributes
    ----------
    text
        What was looked for: the search, or what it was taken to mean.
    expression
        The FTS5 query of it, by which claims are found.
    named
        The entries that have the text as a name.
    entries
        Other entries that fit it by kind; first the kinds of which a name fits it.
    claims
        How many claims fit it, or have one of `actors`.
    actors
        The actors that have the text as a name: claims have them in columns, whatever name or none
        the statement says.
    suggestion
        What a misspelt search was taken to mean.
    is_near
        Whether nothing fits all of the search, so that what fits a part of it was looked for.
    beside
        Identifiers of claims on both sides of one that does not exist.
    """

    text: str
    expression: str = ""
    named: list[SearchEntry] = field(default_factory=list)
    entries: Mapping[str, list[SearchEntry]] = field(default_factory=dict)
    claims: int = 0
    actors: tuple[str, ...] = ()
    suggestion: str | None = None
    is_near: bool = False
    beside: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.named or self.entries or self.claims or self.beside)


async def search_results(store: Store, index: SearchIndex, text: str) -> SearchResults:
    """Return what a search finds.

    Where nothing fits all of its words, words are taken for the beginnings of longer ones, then for
    misspelt ones, and at last what fits one of them is given.
    """
    if is_address(text):
        sources = ((one, True) for one in index.of_host(text))
        return SearchResults(text, entries=_by_kind(index, sources, []), is_near=True)
    terms = search_terms(text)
    if not terms:
        return SearchResults(text)
    found = await _find(store, index, text, terms)
    if found.is_empty:
        found = await _find(store, index, text, terms, prefixes=True)
    if not found.is_empty:
        return found
    if suggestion := correction(index, text):
        found = await _find(
            store, index, suggestion, search_terms(suggestion), suggestion=suggestion
        )
        if not found.is_empty:
            return found
    meant = search_terms(suggestion or text)
    found = await _find(
        store, index, suggestion or text, meant, operator="OR", suggestion=suggestion, is_near=True
    )
    return replace(found, beside=await _claims_beside(store, text)) if found.is_empty else found


async def _find(
    store: Store,
    index: SearchIndex,
    text: str,
    terms: list[Term],
    operator: str = "AND",
    prefixes: bool = False,
    suggestion: str | None = None,
    is_near: bool = False,
) -> SearchResults:
    expression = index.expression(terms, operator, prefixes)
    named = index.of_name(text)
    actors = tuple(one.id for one in named if one.kind == ACTORS)
    seconds = store.datasette.setting("sql_time_limit_ms") / 1000
    found = await index.find_words(expression, seconds)
    return SearchResults(
        text,
        expression,
        named,
        _by_kind(index, found, named),
        await store.count(
            f"select count(*) as n from ({_hits(actors)})",
            words=expression,
            actors=json_list(actors),
        ),
        actors,
        suggestion,
        is_near,
    )


def _hits(actors: tuple[str, ...]) -> str:
    """Return SQL for the row numbers of the claims that fit a search or have one of its actors."""
    return f"{FITTING} union {NAMING}" if actors else FITTING


def _by_kind(
    index: SearchIndex, found: Iterable[tuple[SearchEntry, bool]], named: list[SearchEntry]
) -> dict[str, list[SearchEntry]]:
    """Return entries by kind: first what the text names is of, then those of which a name fits."""
    kinds = [*index.labels]
    first = {one.kind for one in named[:1]}
    entries: dict[str, list[SearchEntry]] = {}
    by_name = set()
    for entry, is_name in found:
        if entry not in named:
            entries.setdefault(entry.kind, []).append(entry)
            by_name |= {entry.kind} if is_name else set()
    order = sorted(
        entries, key=lambda kind: (kind not in first, kind not in by_name, kinds.index(kind))
    )
    return {kind: entries[kind] for kind in order}


def correction(index: SearchIndex, text: str) -> str | None:
    """Return what a misspelt search may mean: a name, or its words with the unknown ones mended."""
    name = index.vocabulary.nearest(name_key(text))
    if name and (entries := index.of_name(name)):
        names = (entries[0].title, *entries[0].names)
        return next(one for one in names if name_key(one) == name)
    words = words_of(" ".join(term.text for term in search_terms(text)))
    unknown = [word for word in dict.fromkeys(words) if word not in index.vocabulary.words]
    mended = {
        word: near
        for word in unknown[:CORRECTED_WORDS]
        if (near := index.vocabulary.nearest(word)) is not None
    }
    if not mended:
        return None
    return WORD.sub(lambda match: mended.get(plain_letters(match[0]), match[0]), text)


async def _claims_beside(store: Store, text: str) -> tuple[str, ...]:
    """Return the claims on both sides of an identifier that has their shape and does not exist."""
    rows = await store.rows(BESIDE, text=text.upper())
    shape = identifier_shape(text)
    return tuple(row["id"] for row in rows if identifier_shape(row["id"]) == shape)


async def found_claims(store: Store, results: SearchResults, size: int, skip: int = 0) -> list[int]:
    """Return the row numbers of claims that were found, in the order of their table."""
    if results.beside:
        rows = await store.rows(BESIDE_CLAIMS, ids=json_list(results.beside))
    elif results.claims:
        rows = await store.rows(
            f"select id from ({_hits(results.actors)}) order by id limit :size offset :skip",
            words=results.expression,
            actors=json_list(results.actors),
            size=size,
            skip=skip,
        )
    else:
        rows = []
    return [row["id"] for row in rows]
