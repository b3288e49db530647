"""Places of a passage in a text: all of them, in a time that grows with the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlog.edit.find_quote import find_quote
from claimlog.errors import ClaimlogError
from claimlog.sources.occurrences import occurrences, word_runs
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


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd")))
def test_runs_of_words_are_found_as_runs_of_letters_are(text: list[str], wanted: list[str]) -> None:
    tokens = [(at, at + 1, word) for at, word in enumerate(text)]
    found = naive("".join(text), "".join(wanted)) if wanted else []
    assert word_runs(tokens, wanted) == found


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
