"""Facts of Unicode that hashes of words rest on, whatever Unicode the running Python knows."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from claimlog.edit.document_registration import file_stem
from claimlog.release.publishing.remote_words import bare_words
from claimlog.site.search.query import name_key
from claimlog.sources.characters import (
    IGNORABLE,
    LONG_RUN,
    OPTIONAL_MARKS,
    TATWEEL,
    cluster_spans,
    is_assigned,
    kinds,
    normalize,
    stream_safe,
)
from claimlog.sources.words import words

EVERY = [chr(number) for number in (*range(0xD800), *range(0xE000, 0x20000))]
LATER = ["\U00010d50", "\ua7cb", "\U0001e030", "\U0001ccd6", "\U000105c9"]  # Unicode 15 and 16


def test_the_code_points_that_unicode_14_assigns_are_those_of_its_database() -> None:
    known = {character for character in EVERY if is_assigned(character)}
    for character in EVERY:
        is_open = unicodedata.category(character) == "Cn"
        if unicodedata.unidata_version == "14.0.0":
            assert is_open == (character not in known), hex(ord(character))
        else:  # a later one assigns more, never fewer
            assert not (is_open and character in known), hex(ord(character))


def test_the_ignorable_code_points_are_those_of_unicode() -> None:
    table = {chr(number) for first, last in IGNORABLE for number in range(first, last + 1)}
    every = [*EVERY, *map(chr, range(0xE0000, 0xE1000))]
    found = set(regex.findall(r"\p{Default_Ignorable_Code_Point}", "".join(every)))
    assert table == found


def test_optional_marks_are_nonspacing_marks_of_their_scripts() -> None:
    for first, last in OPTIONAL_MARKS:
        for character in map(chr, range(first, last + 1)):
            assert unicodedata.category(character) == "Mn", hex(ord(character))
            assert unicodedata.name(character).startswith(("HEBREW", "ARABIC"))


@pytest.mark.parametrize("character", LATER)
def test_a_letter_that_came_after_unicode_14_is_read_as_it_stands(character: str) -> None:
    assert words(f"The {character}x") == ["the", f"{character}x"]
    assert normalize("NFKC", f"ﬁ{character}") == f"fi{character}"


def test_a_reserved_pictograph_is_no_word_and_a_later_ideograph_is_one() -> None:
    assert words("We \U0001fae8 \U0001faff the pact") == ["we", "the", "pact"]
    assert words("\U0002ebf0\U000323af") == ["\U0002ebf0", "\U000323af"]


def test_every_code_point_has_a_kind_of_one_letter() -> None:
    assert len(kinds("".join(EVERY))) == len(EVERY)
    assert set(kinds("".join(EVERY))) == set("wdsmih-n ^.[]")
    assert kinds(TATWEEL) == "ii"


FLAG, FLAG_END = "\U0001f1e6", "\U0001f1ff"


@pytest.mark.parametrize("length", [63, 64, 65, 96, 97, 129])
@pytest.mark.parametrize("before", ["", "a", "\u0600", "\u0301", "\U0001f469\u200d", "\r"])
@pytest.mark.parametrize("after", ["", "b", "\u0301", "\u0301" + FLAG_END, "\u200d\U0001f469"])
def test_clusters_are_those_of_unicode_in_runs_of_flags_too(
    length: int, before: str, after: str
) -> None:
    text = f"{before}{FLAG * length}{after}{FLAG_END * (length - 1)}"
    assert [*cluster_spans(text)] == [found.span() for found in regex.finditer(r"\X", text)]


def test_a_text_of_flags_alone_is_read_in_a_time_that_grows_with_it() -> None:
    """At the speed of `regex` it would take a day."""
    assert sum(1 for _ in cluster_spans(FLAG * 1_000_001)) == 500_001


MARKED = st.text(st.sampled_from("aé\u0301\u0316\u0345\u0f73\u1e69\ufb01\uac00\u11a8"), max_size=80)


@given(MARKED)
def test_a_text_is_normalised_in_pieces_only_where_marks_follow_each_other_beyond_bounds(
    text: str,
) -> None:
    for form in ("NFC", "NFKC", "NFKD"):
        whole = unicodedata.normalize(form, text)
        if not LONG_RUN.search(text):
            assert stream_safe(form, text) == whole
        assert sorted(stream_safe("NFKD", text)) == sorted(unicodedata.normalize("NFKD", text))


@pytest.mark.parametrize("read", [bare_words, name_key, file_stem])
def test_words_of_a_million_marks_are_read_in_a_time_that_grows_with_them(
    read: Callable[[str], str],
) -> None:
    assert read("cafe" + "\u0301\u0316" * 500_000).startswith("caf")
