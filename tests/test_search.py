"""The index of the search: names, addresses, slips, and how much work a search can make."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from claimlog.site.datasette_internals import QueryInterrupted
from claimlog.site.search import spelling
from claimlog.site.search.entries import SearchEntry
from claimlog.site.search.index import SearchIndex
from claimlog.site.search.query import (
    MOST_CHARACTERS,
    MOST_TERMS,
    match_expression,
    search_terms,
)
from claimlog.site.search.results import CORRECTED_WORDS, correction
from claimlog.site.search.spelling import CANDIDATES, Vocabulary, edit_distance

LABELS = {"actors": "Actors", "sources": "Sources", "codes": "Codebook"}


def entry(kind: str, name: str, *names: str, text: str = "", address: str = "") -> SearchEntry:
    addresses = (address,) if address else ()
    path = f"/{kind}/{name}"
    return SearchEntry(kind, name, names[0], path, (name, *names), text, addresses=addresses)


ENTRIES = [
    entry("actors", "nor", "Norland", "Kingdom of Norland", "NOR"),
    entry("actors", "zurn", "Zürn", text="Harbour master of Norland."),
    entry("actors", "port", "Port"),
    entry("sources", "S001", "The pact", address="https://www.gazette.example/a?p=1"),
    entry("sources", "S002", "The port", address="https://gazette.example/a?p=2"),
    entry("codes", "port", "Port", text="Claims of harbours."),
]


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    words = {"norland": 9, "harbour": 4, "pilots": 1}
    return SearchIndex.of(ENTRIES, LABELS, Vocabulary.of(words))


def found(index: SearchIndex, text: str) -> list[str]:
    expression = index.expression(search_terms(text))
    return [f"{one.kind}/{one.id}" for one, _ in index.of_words(expression)]


@pytest.mark.parametrize("text", ["Norland", "NOR", "nor", "kingdom-of  NORLAND", "“Norland”"])
def test_a_name_is_found_however_it_is_written(text: str, index: SearchIndex) -> None:
    assert [one.id for one in index.of_name(text)] == ["nor"]


def test_accents_make_no_difference_and_a_name_may_be_of_several(index: SearchIndex) -> None:
    assert [one.id for one in index.of_name("ZURN")] == ["zurn"]
    assert [one.kind for one in index.of_name("port")] == ["actors", "codes"]
    assert index.of_name("") == index.of_name("—") == []


def test_what_has_the_words_in_its_name_comes_before_what_has_them_elsewhere(
    index: SearchIndex,
) -> None:
    assert found(index, "norland") == ["actors/nor", "actors/zurn"]
    assert found(index, "harbours") == ["actors/zurn", "codes/port"]


def test_words_of_an_actor_are_found_by_any_of_its_names(index: SearchIndex) -> None:
    assert found(index, "NOR harbour") == found(index, "kingdom of norland harbour") != []
    assert found(index, '"kingdom of harbour"') == []


def test_an_address_is_told_from_another_of_the_same_site_by_its_query(index: SearchIndex) -> None:
    assert [one.id for one in index.of_address("http://gazette.example/a/?p=2#x")] == ["S002"]
    assert index.of_address("gazette.example/a") == []
    assert [one.id for one in index.of_host("gazette.example/b")] == ["S001", "S002"]


@pytest.mark.parametrize(
    "text",
    [
        *("NEAR(qx qy)", "names : qx", "qx* OR -qy", "^qx + qy", '"qx" "', "{qx qy} : qz"),
        *("q" * 5000, "\0 qx", "AND"),
    ],
)
def test_nothing_that_is_typed_is_read_as_syntax(text: str, index: SearchIndex) -> None:
    for operator in ("AND", "OR"):
        for prefixes in (False, True):
            expression = index.expression(search_terms(text), operator, prefixes)
            assert [*index.of_words(expression)] == []


def test_a_search_has_a_bounded_number_of_terms_and_characters() -> None:
    assert len(search_terms(" ".join(f"w{n}" for n in range(90)))) == MOST_TERMS
    assert len(search_terms("a" * 5000)[0].text) == MOST_CHARACTERS
    assert len(match_expression(search_terms("a " * 90))) < 10


def test_a_search_runs_in_a_thread_of_its_own(
    index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    found = index.of_words

    def of_words(_: SearchIndex, expression: str) -> Iterator[tuple[SearchEntry, bool]]:
        names.append(threading.current_thread().name)
        return found(expression)

    monkeypatch.setattr(SearchIndex, "of_words", of_words)
    rows = asyncio.run(index.find_words('"norland"', 60))
    assert [one.id for one, _ in rows] == ["nor", "zurn"]
    assert names[0].startswith("claimlog-search")


def test_a_search_that_takes_too_long_is_stopped() -> None:
    entries = [entry("codes", f"c{at}", f"word{at}") for at in range(1_000)]
    index = SearchIndex.of(entries, LABELS, Vocabulary.of({}))
    with pytest.raises(QueryInterrupted):
        asyncio.run(index.find_words('"wo"*', -1))
    assert len(asyncio.run(index.find_words('"wo"*', 60))) == len(entries)


def test_short_beginnings_of_words_are_indexed(index: SearchIndex) -> None:
    """So that twenty letters are no twenty readings of every word."""
    [(sql,)] = index._words.execute("select sql from sqlite_master where name = 'entries'")
    assert "prefix='1 2 3'" in sql


def test_a_slip_is_compared_with_a_bounded_number_of_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def distance(one: str, other: str) -> int:
        compared.append(other)
        return edit_distance(one, other)

    monkeypatch.setattr(spelling, "edit_distance", distance)
    letters = "abcdefghij"
    words = {f"harbour{a}{b}{c}": 1 for a in letters for b in letters for c in letters}
    many = SearchIndex.of([], LABELS, Vocabulary.of(words))
    slips = " ".join(f"harbourzz{letter}" for letter in letters)
    assert correction(many, slips) is not None
    assert 0 < len(compared) <= CANDIDATES * CORRECTED_WORDS


def test_a_word_is_mended_where_it_stands_and_known_words_stay(index: SearchIndex) -> None:
    assert correction(index, "Pilots of the harbuor!") == "Pilots of the harbour!"
    assert correction(index, "pilots harbour") is None
    assert correction(index, "harbour-17 pil") is None
