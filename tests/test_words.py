"""What a word is, in every way in which texts and their copies are set."""

# ruff: noqa: RUF001 - what looks like something else is what is tested

from __future__ import annotations

import pytest
import regex

from claimlog.edit.find_quote import find_quote
from claimlog.errors import ClaimlogError
from claimlog.sources.anchor import anchor, boundary_flaw
from claimlog.sources.text import Text, digest
from claimlog.sources.word_readings import FORKS, READINGS, Readings
from claimlog.sources.words import words
from found_again import found_again

SENTENCE = "The wardens of the estuary don't share buoy-positions with Sudland any more."


@pytest.mark.parametrize(
    "inserted",
    ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u200e", "\u202e", "\u00ad", "\ufe0f"],
)
def test_an_invisible_code_point_is_no_part_of_a_word_and_splits_none(inserted: str) -> None:
    quote = f"Est{inserted}uary {inserted} wardens"
    text = Text(f"{inserted}It is said: {quote} left for good.{inserted}")
    assert " ".join(words(text.content)) == "it is said estuary wardens left for good"
    found = find_quote(text, quote, None, "S001")
    assert found_again(Text("It is said: Estuary wardens left for good."), found) == (12, 27)
    with pytest.raises(ClaimlogError, match="begins inside a word"):
        find_quote(text, "uary", None, "S001")


@pytest.mark.parametrize(
    "sign", ["❤️", "️", "\u0301", "´", "¨", "²", "[3]", "\u200b.", "ʼ", "ـ", "🫨"]
)
def test_what_has_neither_letter_nor_digit_is_no_word(sign: str) -> None:
    assert words(sign) == []
    assert words(f"{sign} pact {sign}") == ["pact"]


@pytest.mark.parametrize("mark", [*"'’‘‛`´′ʼʻʹʽ＇՚ꞌ", "ʾ", "ʿ"])
def test_an_apostrophe_is_one_whichever_character_it_is(mark: str) -> None:
    assert words(f"The buoys don{mark}t ring") == ["the", "buoys", "don", "t", "ring"]
    text = Text(f"They said {mark}no more buoys{mark} today.")
    assert find_quote(text, "no more buoys", None, "S001").word_count == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("كِتَابٌ جَدِيدٌ", "كتاب جديد"),
        ("الـكـتـاب", "الكتاب"),
        ("שָׁלוֹם", "שלום"),
        ("İSTANBUL IŞIĞI", "istanbul ışığı"),
        ("ISIRGAN", "ısırgan"),
        ("ΝΗΣΟΣ", "νησος"),
        ("ﾃﾞｰﾀ", "データ"),
        ("กำ", "กํา"),
        ("1\ufe0f\u20e3 buoy", "1\u20e3 buoy"),
        ("m² of the\u00a0pact¹", "m of the pact"),
        ("the pact[12] ends[1][2]", "the pact ends"),
        ("pact.[4] Then", "pact. Then"),
        ("minis\u00ad\ntry", "ministry"),
        ("minis-\n  try", "ministry"),
        ("情報\n共有", "情報共有"),
        ("การ\nประชุม", "การประชุม"),
    ],
)
def test_what_is_one_to_a_reader_has_the_same_words(one: str, other: str) -> None:
    assert words(one) == words(other) != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("H₂O in 2025", ["h2o", "in", "2025"]),
        ("[2025] and [a]", ["2025", "and", "a"]),
        ("F-\n35 and\nsix-\n\nseven", ["f", "35", "and", "six", "seven"]),
        ("海はNATOの2025年", ["海", "は", "nato", "の", "2025", "年"]),
        ("조선 해군", ["조선", "해군"]),
    ],
)
def test_what_looks_like_a_mark_or_a_break_and_is_none_stays(
    text: str, expected: list[str]
) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("content", "quote"),
    [
        ("港の役所は潮位表の共有を止めた。", "潮位表の共有を止めた"),
        ("港口办公室停止分享潮汐表。", "停止分享"),
        ("ท่าเรือหยุดแบ่งปันตารางน้ำ", "แบ่งปันตารางน้ำ"),
        ("ដែនសមុទ្រឈប់ចែករំលែក", "ឈប់ចែក"),
    ],
)
def test_a_script_without_spaces_can_be_quoted_at_any_grapheme(content: str, quote: str) -> None:
    found = find_quote(Text(content), quote, None, "S001")
    first, *others = regex.findall(r"\X", quote)
    wrapped = content.replace(quote, f"{first}\n{''.join(others)}")
    place = found_again(Text(wrapped), found)
    assert place is not None
    start, end = place
    assert wrapped[start:end].replace("\n", "") == quote
    with pytest.raises(ClaimlogError, match=r"begins inside a word|does not occur"):
        find_quote(Text("ท่าเรือ"), "่าเรือ", None, "S001")


COPIES = {
    "a hyphen at a line end of a word": lambda text: text.replace("estuary", "estu-\nary"),
    "a soft hyphen at a line end": lambda text: text.replace("estuary", "estu\u00ad\nary"),
    "a break after the hyphen of a compound": lambda text: text.replace("buoy-", "buoy-\n"),
    "both": lambda text: text.replace("estuary", "estu-\nary").replace("buoy-", "buoy-\n"),
    "a break that became a space": lambda text: text.replace("estuary", "estu- ary"),
    "superscript notes": lambda text: text.replace("estuary", "estuary³").replace("any", "any¹²"),
    "notes in brackets": lambda text: text.replace("estuary", "estuary[3]"),
    "notes in brackets behind a space": lambda text: text.replace("estuary", "estuary [3, 4]"),
    "a note that became a digit of the word": lambda text: text.replace("estuary", "estuary3"),
    "another apostrophe": lambda text: text.replace("'", "ʼ"),
    "direction marks": lambda text: "\u200e".join(text.split(" ")).replace("\u200e", " \u200e"),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_passage_and_its_context_are_found_in_a_copy_that_is_set_otherwise(copy: str) -> None:
    wanted = find_quote(Text(SENTENCE), "of the estuary don't share buoy-positions", None, "S001")
    # so that the context has to decide between two places
    other = Text(f"{COPIES[copy](SENTENCE)} Some of the estuary don't share buoy-positions.")
    place = found_again(other, wanted)
    assert place is not None
    start, end = place
    assert end < len(COPIES[copy](SENTENCE))
    passage = other.content[start:end].replace("\u200e", "")
    assert passage.startswith("of the estu")
    assert passage.endswith("positions")


@pytest.mark.parametrize(
    "set_otherwise", ["buoy-\npositions", "buoy-\npositions³", "buoypositions"]
)
def test_a_compound_broken_in_the_coded_text_is_found_whole_in_a_copy(set_otherwise: str) -> None:
    coded = Text(SENTENCE.replace("buoy-", "buoy-\n"))
    wanted = find_quote(coded, "share buoy-\npositions with", None, "S001")
    for copy in (SENTENCE.replace("buoy-positions", set_otherwise), SENTENCE):
        assert found_again(Text(copy), wanted) is not None


def test_a_hyphen_at_a_line_end_may_be_a_border_of_a_passage_and_a_soft_one_may_not() -> None:
    text = Text(SENTENCE.replace("buoy-", "buoy-\n"))
    start = text.content.index("positions")
    found = find_quote(text, "positions with Sudland", None, "S001")
    assert found == anchor(text, start, found.end)
    other = Text(f"No positions with Sudland are known. {SENTENCE}")
    place = found_again(other, found)
    assert place is not None
    assert place[0] == other.content.rindex("positions")
    soft = Text(SENTENCE.replace("buoy-", "buoy\u00ad\n"))
    assert boundary_flaw(soft, soft.content.index("pos"), len(SENTENCE)) is not None


@pytest.mark.slow
@pytest.mark.parametrize("content", ["ab-" * 60_000, "ab-\ncd " * 60_000, "a" + "-\nb" * 60_000])
def test_made_up_forks_are_bounded(content: str) -> None:
    readings = Readings.of(content)
    assert len(readings.forks) <= FORKS
    assert sum(1 for _ in readings.following(0, 8)) <= READINGS
    assert sum(1 for _ in readings.preceding(len(readings.tokens), 8)) <= READINGS


def test_every_reading_of_a_passage_is_read_from_both_ends() -> None:
    readings = Readings.of("a well-\nknown buoy-keeper left² here")
    end = len(readings.tokens)
    spelled = {" ".join(word for _, _, word in path) for path in readings.following(0, 9)}
    assert spelled == {" ".join(word for _, _, word in path) for path in readings.preceding(end, 9)}
    assert spelled == {
        f"a {known} {keeper} {left} here"
        for known in ("wellknown", "well known")
        for keeper in ("buoy keeper", "buoykeeper")
        for left in ("left", "left2")
    }


@pytest.mark.parametrize(
    "statement",
    [
        "The wardens of the estuary don't share buoy positions",
        "The ward\u200bens of the estu\u00adary donʼt share buoy-positions",
        "THE WARDENS¹ OF THE ESTU-\nARY DON’T SHARE[2] buoy\u2011positions",
        "The wardens of the estuary don`t share buoy- positions",
    ],
)
@pytest.mark.parametrize("text", [SENTENCE, SENTENCE.replace("buoy-", "buoy-\n")])
def test_own_words_see_through_every_disguise(statement: str, text: str) -> None:
    runs = set(Readings.of(text).runs(8))
    assert runs & set(Readings.of(statement).runs(8))
    assert not runs & set(Readings.of("The wardens keep buoy positions from Sudland now.").runs(8))


def test_two_letters_of_a_script_without_spaces_weigh_as_one_word() -> None:
    text = "港の役所は潮位表の共有を止めたという"
    assert [len(run.split()) for run in Readings.of(text).runs(8)] == [16, 16, 16]
    assert [*Readings.of("the NATO 港の役所は潮").runs(5)] == ["the nato 港 の 役 所 は 潮"]


def test_the_hash_of_ordinary_words_is_the_one_that_logs_hold_already() -> None:
    """Computed by claimlog as it was before words saw through invisible code points and marks."""
    text = (
        "“Norland’s wardens,” the Gazette wrote in 2025 – or 1,200 of them\u00a0— ‘don’t share "
        "buoy-positions’ with Sudland’s 3rd fleet © Ålesund.\nCo\u00adoperation ended at 10.30 "
        "a.m.; 75% agreed (the Straße™ pact, ½ of it)."
    )
    expected = "4867e651a2d43fd061dff263bece12a5714fccd65ba661c9949c2dfa05b82bf1"
    assert digest(" ".join(words(text))) == expected
