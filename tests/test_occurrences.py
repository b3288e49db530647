"""Places of a passage in a text: all of them, in a time that grows with the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimlog.edit.find_quote import find_quote
from claimlog.edit.quote_places import QuotePlaces
from claimlog.errors import ClaimlogError
from claimlog.sources.occurrences import occurrences
from claimlog.sources.text import Text

LETTERS = st.text("ab", max_size=60)


def naive(content: str, part: str) -> list[int]:
    return [at for at in range(len(content)) if content.startswith(part, at)]


@given(LETTERS, st.text("ab", min_size=1, max_size=12))
def test_every_place_is_found_overlapping_ones_too(content: str, part: str) -> None:
    assert occurrences(content, part) == naive(content, part)


@given(st.text("ab", min_size=1, max_size=4), st.integers(1, 9), LETTERS, st.integers(1, 30))
def test_a_run_that_repeats_itself_is_found_at_each_period(
    period: str, times: int, between: str, length: int
) -> None:
    content = f"{between}{period * 2 * times}{between}{period * times}"
    part = (period * times)[:length]
    assert occurrences(content, part) == naive(content, part)


@pytest.fixture
def indexed_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts have an index too, and few words a sign of their own."""
    monkeypatch.setattr("claimlog.sources.place_index.LONG_TEXT", 0)
    monkeypatch.setattr("claimlog.sources.place_index.MOST_CANDIDATES", 12)
    monkeypatch.setattr("claimlog.sources.word_signs.KINDS", 2)


HELD = [HealthCheck.function_scoped_fixture]
WORDS = st.lists(st.sampled_from("abcd"), max_size=30)


@pytest.mark.usefixtures("indexed_from_nothing")
@settings(suppress_health_check=HELD)
@given(WORDS, WORDS, st.integers(0, 30))
def test_runs_of_words_are_found_as_runs_of_letters_are(
    words: list[str], other: list[str], first: int
) -> None:
    text = Text(" ".join(words))
    for wanted in (other, words[first : first + 6], words[first : first + 3]):
        found = naive("".join(words), "".join(wanted)) if wanted else []
        assert QuotePlaces().of_words(text, wanted) == found


@pytest.mark.usefixtures("indexed_from_nothing")
@settings(suppress_health_check=HELD)
@given(st.text("ab\U0001f469é\ud800", max_size=200), st.integers(0, 200), st.integers(1, 60))
def test_a_quote_is_found_by_the_index_wherever_reading_finds_it(
    content: str, first: int, length: int
) -> None:
    text, quote = Text(content), content[first : first + length]
    for part in (quote, f"{quote}a", f"é{quote}", content, f"{content}b"):
        assert QuotePlaces().of(text, part) == (naive(content, part) if part else [])
        found = text.place_index.places(part)
        assert found is None or found == naive(content, part)


def test_quotes_of_a_long_text_are_looked_for_without_reading_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = " ".join(f"{number:x}" for number in range(300_000))
    text, places = Text(content), QuotePlaces()

    def refuse(*_: str) -> list[int]:
        raise AssertionError("the text was read")

    monkeypatch.setattr("claimlog.edit.quote_places.occurrences", refuse)
    for at in range(0, len(content) - 40, 50_000):
        assert content[at : at + 40] in content
        assert at in places.of(text, content[at : at + 40])
    assert places.of(text, "no such passage stands in it") == []
    assert places.of_words(text, ["ab", "ac", "ad", "ae", "af"]) == [0xAB]
    assert places.of_words(text, ["ab", "ac", "ad", "af", "ae"]) == []
    assert places.of_words(text, ["ab", "ac", "zebra", "ae", "af"]) == []


def test_quotes_that_only_reading_tells_of_are_refused_once_so_much_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = Text("ha " * 1_000)
    monkeypatch.setattr("claimlog.edit.quote_places.READ_FOR_PLACES", 10 * len(text.content))
    places, said = QuotePlaces(), []
    for _ in range(20):
        with pytest.raises(ClaimlogError) as raised:
            find_quote(text, "ha ha", None, "S001", False, None, places)
        said.append(str(raised.value))
    assert "occurs 999 times" in said[0]
    assert said[-1].startswith("S001: the quotes before it that are short or repeat themselves")
    assert len(said[-1]) < 300
    # another file, or a quote alone, is looked for as ever
    assert find_quote(text, "ha ha", 3, "S001").start == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "quote", "message"),
    [
        ("a" * 2_000_000, "a" * 1_000_000, "occurs 1000001 times"),
        ("ab" * 1_000_000, "ab" * 500_000, "occurs 500001 times"),
        (f"{'a' * 999_999}b" * 2, "a" * 500_000, "occurs 1000000 times"),
        ("a " * 200_000, "a " * 99_999 + "a!", "its words stand at offset 0"),
        ("a " * 200_000, "a " * 99_999 + "b", "the text has"),
    ],
)
def test_a_text_that_repeats_itself_takes_seconds_and_one_line(
    content: str, quote: str, message: str
) -> None:
    begun = time.process_time()
    with pytest.raises(ClaimlogError, match=message) as raised:
        find_quote(Text(content), quote, None, "S001")
    assert time.process_time() - begun < 20  # by the square these take minutes to hours
    assert len(str(raised.value)) < 3_000
