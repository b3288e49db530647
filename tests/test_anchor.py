"""Anchors: computed from a quote, and found again in another copy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlog.edit.find_quote import find_quote
from claimlog.errors import ClaimlogError
from claimlog.sources.anchor import Anchor, anchor, boundary_flaw
from claimlog.sources.hash_search import search_by_hashes
from claimlog.sources.placement_outcome import Outcome
from claimlog.sources.text import Text, digest
from conftest import CLAIMS, STOPPED, TEXT, World
from found_again import found_again

HARBOUR = Text(TEXT)
QUOTES = sorted({claim["quote"] for claim in CLAIMS})


def span(quote: str, text: str = TEXT) -> tuple[int, int]:
    return text.index(quote), text.index(quote) + len(quote)


def test_a_quote_that_stands_once_gives_its_offsets_and_hashes() -> None:
    found = find_quote(HARBOUR, "About forty pilots signed a letter", None, "S001")
    assert (found.start, found.end) == span("About forty pilots signed a letter")
    assert found.quote_sha256 == digest("About forty pilots signed a letter")
    assert found.word_count == 6
    assert found.words_sha256 == digest("about forty pilots signed a letter")
    assert found.before_sha256 == digest("liked the pact")
    assert found.after_sha256 == digest("the harbour ministry")


def test_context_at_the_ends_of_a_text_is_what_there_is() -> None:
    text = Text("One two three")
    found = find_quote(text, "One", None, "S001")
    assert (found.before_sha256, found.after_sha256) == (digest(""), digest("two three"))
    found = find_quote(text, "One two three", None, "S001")
    assert (found.before_sha256, found.after_sha256) == (digest(""), digest(""))


def test_a_quote_that_stands_twice_is_refused_with_both_places() -> None:
    with pytest.raises(ClaimlogError) as error:
        find_quote(HARBOUR, STOPPED, None, "S001")
    first = TEXT.index(STOPPED)
    second = TEXT.index(STOPPED, first + 1)
    assert str(error.value) == (
        f"S001: the passage '{STOPPED}' occurs 2 times: 1: offset {first} (line 5), "
        f"2: offset {second} (line 8); say which with --occurrence N, or quote more of it"
    )


def test_the_occurrence_says_which() -> None:
    first = TEXT.index(STOPPED)
    second = TEXT.index(STOPPED, first + 1)
    assert find_quote(HARBOUR, STOPPED, 1, "S001").start == first
    assert find_quote(HARBOUR, STOPPED, 2, "S001").start == second


@pytest.mark.parametrize("occurrence", [0, 3])
def test_an_occurrence_that_is_not_there_is_refused(occurrence: int) -> None:
    with pytest.raises(ClaimlogError, match=rf"--occurrence {occurrence} is none of them"):
        find_quote(HARBOUR, STOPPED, occurrence, "S001")


@pytest.mark.parametrize(
    ("quote", "message"),
    [
        (
            "the ministry never",
            "does not occur; .*U\\+201C .* for nothing in the quote; copy it from",
        ),
        ('"never liked', 'does not occur; .*U\\+201C .* for " U\\+0022 .*; copy it from the text'),
        ("", "the quote is empty"),
        (" \n\u00a0", "the quote is empty"),
        ("arbour pact under", "begins inside a word"),
        ("Harbour pact und", "ends inside a word"),
        ("Harbour pact ", "begins or ends with white space"),
        ("—", "holds no word"),
    ],
)
def test_a_quote_that_is_no_passage_is_refused_with_what_to_do(quote: str, message: str) -> None:
    with pytest.raises(ClaimlogError, match=f"^S001: .*{message}"):
        find_quote(HARBOUR, quote, None, "S001")


@pytest.mark.parametrize(
    ("content", "start", "end", "flaw"),
    [
        ("cafe\u0301s open", 0, 4, "ends inside a word (offset 4)"),
        ("q\u0308 open", 0, 1, "ends inside a word (offset 1)"),
        ("wave 👩‍🚀 here", 0, 6, "ends inside a grapheme cluster (offset 6)"),
        ("wave 👩‍🚀 here", 7, 13, "begins inside a grapheme cluster (offset 7)"),
        ("wave 👋🏽 here", 0, 6, "ends inside a grapheme cluster (offset 6)"),
        ("go 🇫🇷 now", 4, 9, "begins inside a grapheme cluster (offset 4)"),
        ("co\u00adoperate now", 0, 2, "ends inside a word (offset 2)"),
        ("co\u00adoperate now", 3, 10, "begins inside a word (offset 3)"),
        ("Kit™ now", 0, 3, "ends inside a word (offset 3)"),
        ("\u00a0a", 0, 2, "begins or ends with white space"),
        ("don\u2019t stop", 4, 10, None),
        ("a 👩‍🚀 b", 2, 5, None),
    ],
)
def test_a_span_breaks_no_word_and_no_grapheme_cluster(
    content: str, start: int, end: int, flaw: str | None
) -> None:
    assert boundary_flaw(Text(content), start, end) == flaw


def test_a_quote_is_read_as_the_text_is_whatever_its_line_ends_and_composition() -> None:
    text = Text("The café\nnear the harbour")
    assert find_quote(text, "cafe\u0301\r\nnear", None, "S001") == find_quote(
        text, "café\nnear", None, "S001"
    )


def test_a_line_of_no_break_spaces_is_neither_quoted_nor_counted() -> None:
    text = Text("So it began: one two\n\u00a0\u00a0\n\u00a0\nthree four, and it ended.")
    found = find_quote(text, "one two\n\u00a0\u00a0\n\u00a0\nthree four", None, "S001")
    assert found.word_count == 4
    copy = Text("So it began: one two three four, and it ended.")
    assert found_again(copy, found) == span("one two three four", copy.content)


COPIES = {
    "the same text": lambda text: text,
    "no line breaks": lambda text: " ".join(text.split()),
    "a line break after every word": lambda text: "\n".join(text.split()),
    "straight quotes and dashes": lambda text: text.translate(
        {"“": '"', "”": '"', "—": "-"} | {ord("“"): '"', ord("”"): '"', ord("—"): " - "}
    ),
    "boilerplate around it": lambda text: f"Subscribe now!\n\n{text}\n\n© The Example Gazette",
    "capitals": lambda text: text.upper(),
    "soft hyphens": lambda text: text.replace("ministry", "min\u00adis\u00adtry"),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "bold by compatibility letters": lambda text: text.replace("letter", "ℓⅇ𝗍𝗍ⅇⓡ"),
}


@pytest.mark.parametrize("copy", COPIES)
def test_the_anchors_of_a_source_are_found_again_in_another_copy(copy: str) -> None:
    other = Text(COPIES[copy](TEXT))
    wanted = sorted(
        (
            find_quote(HARBOUR, quote, occurrence, "S001")
            for quote in QUOTES
            for occurrence in ((1, 2) if quote == STOPPED else (None,))
        ),
        key=lambda one: (one.start, one.end),
    )
    placements = search_by_hashes(other, wanted)
    places = [one.span for one in placements if one.span and one.outcome is Outcome.FOUND]
    assert len(places) == len(wanted)
    assert [anchor(other, *place).words_sha256 for place in places] == [
        one.words_sha256 for one in wanted
    ]
    assert places == sorted(places)


def test_a_passage_that_stands_several_times_with_the_same_context_is_an_orphan() -> None:
    text = Text("a b c the pact d e f. a b c the pact d e f.")
    wanted = anchor(text, *span("the pact", text.content))
    assert found_again(text, wanted) is None


def test_a_passage_whose_context_changed_is_no_match_where_it_stands_twice() -> None:
    wanted = find_quote(HARBOUR, STOPPED, 1, "S001")
    other = Text(f"Now {STOPPED} and again {STOPPED}.")
    assert found_again(other, wanted) is None


def test_a_passage_that_is_gone_is_an_orphan() -> None:
    wanted = find_quote(HARBOUR, "never liked the pact", None, "S001")
    assert found_again(Text("Something else was said."), wanted) is None
    assert found_again(Text(""), wanted) is None


@pytest.mark.parametrize("sign", ["™", "℃", "№", "½", "㎞", "Ⓐ"])
def test_signs_that_fold_into_letters_count_as_words_on_both_sides(sign: str) -> None:
    text = Text(f"One two {sign} four five six seven")
    wanted = find_quote(text, f"two {sign} four", None, "S001")
    assert found_again(text, wanted) == span(f"two {sign} four", text.content)


pieces = st.sampled_from(
    ["harbour", "pact", "no", "“a”", "co\u00adop", "e\u0301", "™", "—", "\n", " "]
)


@given(st.lists(pieces, min_size=1, max_size=12), st.data())
def test_a_sound_span_is_located_in_its_own_text_or_is_ambiguous(
    parts: list[str], data: st.DataObject
) -> None:
    text = Text(" ".join(parts))
    start = data.draw(st.integers(0, len(text.content)))
    end = data.draw(st.integers(start, len(text.content)))
    found = anchor(text, start, end)
    if boundary_flaw(text, start, end) is None and found.word_count:
        words_of = [token for token in text.tokens if start <= token[0] and token[1] <= end]
        own = (words_of[0][0], words_of[-1][1])
        assert found_again(text, found) in (own, None)


BY_HASHES = "(by the hashes of words alone; the coded text (--texts DIR) finds more)"


def test_verify_reports_where_claims_stand_in_another_copy(world: World, tmp_path: Path) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_text(" ".join(TEXT.split()), "utf-8")
    done = world.run("verify", "--copy", f"S001={copy}")
    assert (done.returncode, done.stderr) == (0, f"S001: 5 of 5 claims found {BY_HASHES}\n")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[:2] for line in lines] == [
        [f"C001-00{number}", "found"] for number in (1, 2, 5, 6, 3)
    ]
    text = copy.read_text("utf-8")
    told = {name: text[int(start) : int(end)] for name, _, start, end in lines}
    assert told["C001-002"] == "never liked the pact"


def test_verify_reports_orphans_and_never_guesses(world: World, tmp_path: Path) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_text(TEXT.replace("never liked", "always liked"), "utf-8")
    done = world.run("verify", "--copy", f"S001={copy}")
    assert done.returncode == 1
    start, end = span("always liked the pact", copy.read_text("utf-8"))
    assert f"C001-002\tchanged\t{start}\t{end}\n" in done.stdout
    assert done.stderr == f"S001: 4 of 5 claims found, 1 changed {BY_HASHES}\n"


def test_verify_counts_the_claims_of_every_copy_by_itself(world: World, tmp_path: Path) -> None:
    changed, same = tmp_path / "changed.txt", tmp_path / "same.txt"
    changed.write_text(TEXT.replace("never liked", "always liked"), "utf-8")
    same.write_text(TEXT, "utf-8")
    done = world.run("verify", "--copy", f"S001={changed}", "--copy", f"S001={same}")
    assert done.returncode == 1
    assert done.stderr == (
        f"S001: 4 of 5 claims found, 1 changed {BY_HASHES}\n"
        "S001: 5 of 5 claims found (the copy is the coded text itself)\n"
    )


def test_an_anchor_holds_no_word_of_the_passage() -> None:
    row = find_quote(HARBOUR, "never liked the pact", None, "S001").as_row()
    assert set(row) == set(Anchor.__dataclass_fields__)
    assert not any("pact" in str(value) for value in row.values())
