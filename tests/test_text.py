"""Canonical texts, words, and where a passage may begin and end."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

import claimlog.sources.characters
import claimlog.sources.text
from claimlog.errors import ClaimlogError, FindingsError, UsageError
from claimlog.limits import DEPTH, MARKS, TEXT_BYTES
from claimlog.sources.characters import REORDERED, kinds, refuse_expansion
from claimlog.sources.text import PLAIN, Text, Texts, canonical, digest, read_text
from claimlog.sources.words import words
from conftest import TEXT, World

pieces = [*"abzAZ09 \n-'.,", *"\u2014\u2019\u201c\u201d\u00ad\u00a0", *"éß日™℃ﬁ½", "e\u0301"]
prose = st.lists(st.sampled_from(pieces), max_size=40).map("".join)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbfHarbour", "Harbour"),
        (b"a\r\nb\rc\nd", "a\nb\nc\nd"),
        (b"a\r\n\r\nb", "a\n\nb"),
        ("Cafe\u0301".encode(), "Café"),
        ("\u212bngström".encode(), "Ångström"),
        (b"", ""),
    ],
)
def test_bom_line_ends_and_composition_do_not_matter(data: bytes, expected: str) -> None:
    assert canonical(data) == expected


def test_only_the_first_byte_order_mark_is_stripped() -> None:
    assert canonical("\ufeffa\ufeffb".encode()) == "a\ufeffb"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        canonical("Café".encode("latin-1"))


@given(prose)
def test_canonicalising_twice_changes_nothing(text: str) -> None:
    once = canonical(text.encode())
    assert canonical(once.encode()) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The harbour ministry", ["the", "harbour", "ministry"]),
        ("don't “stop”—now…", ["don", "t", "stop", "now"]),
        ("co\u00adoperate", ["cooperate"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("ﬁrst ①", ["first", "1"]),
        ("1,200 people", ["1", "200", "people"]),
        ("non\u00a0breaking", ["non", "breaking"]),
        ("—“”", []),
        ("日本 नमस्ते", ["日", "本", "नमस्ते"]),  # Japanese has no spaces between words
    ],
)
def test_words_are_folded_runs_of_letters_and_digits(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(prose)
@example("a-\na")
def test_the_words_of_a_text_stand_where_its_tokens_say(text: str) -> None:
    whole = Text(canonical(text.encode()))
    assert [word for _, _, word in whole.tokens] == words(whole.content)
    for start, end, word in whole.tokens:
        assert word in words(whole.content[start:end])
        assert not whole.splits_word(start)
        assert not whole.splits_word(end)
        is_whole = all(whole.splits_word(inside) for inside in range(start + 1, end))
        assert is_whole != ("-" in kinds(whole.content[start:end]))  # at the end of a line


def test_no_offset_outside_a_word_splits_one() -> None:
    text = Text("a b")
    assert [text.splits_word(offset) for offset in range(4)] == [False] * 4


def test_boundaries_keep_grapheme_clusters_whole() -> None:
    family = "👩‍👩‍👧"
    text = Text(f"a {family} ę\u0301 🇫🇷🇩🇪")
    start = text.content.index(family)
    assert not text.splits_cluster(start)
    assert not text.splits_cluster(start + len(family))
    assert all(map(text.splits_cluster, range(start + 1, start + len(family))))
    flags = text.content.index("🇫")
    assert not text.splits_cluster(flags + 2)
    assert text.splits_cluster(flags + 1)


@given(st.text(st.sampled_from("a \n\u0301\u0600\u200d👩👧🇫🇷가가한\u0e33é[\u2028"), max_size=30))
def test_offsets_inside_of_clusters_are_those_that_no_cluster_of_the_whole_text_ends_at(
    content: str,
) -> None:
    ends = {0, *(match.end() for match in regex.finditer(r"\X", content))}
    text = Text(content)
    insides = {offset for offset in range(len(content) + 1) if text.splits_cluster(offset)}
    assert insides == {*range(len(content) + 1)} - ends


@pytest.mark.slow
@pytest.mark.parametrize("neighbour", ["\u0301", "\u200d", "\u0e33", "👩", "🇫", "\u1100", "\ufe0f"])
def test_two_plain_characters_are_two_clusters_whatever_stands_beside_them(neighbour: str) -> None:
    plain = [sign for sign in map(chr, range(0x10000)) if re.match(f"[{PLAIN}]", sign)]
    content = "".join(f"{sign}{sign}{neighbour}{sign}" for sign in plain)
    ends = {0, *(match.end() for match in regex.finditer(r"\X", content))}
    text = Text(content)
    assert {at for at in range(len(content) + 1) if not text.splits_cluster(at)} == ends


@given(st.text("a\n", max_size=20))
def test_the_line_of_an_offset_is_one_more_than_the_line_ends_before_it(content: str) -> None:
    text = Text(content)
    for offset in range(len(content) + 1):
        assert text.line_of(offset) == content.count("\n", 0, offset) + 1


def test_the_line_of_an_offset_counts_from_one() -> None:
    text = Text("ab\ncd\n")
    assert [text.line_of(offset) for offset in (0, 2, 3, 6)] == [1, 1, 2, 3]


def test_a_text_is_found_by_its_hash_whatever_its_name_and_line_ends(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "any name").write_bytes(
        b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    )
    texts = Texts(folder)
    found = texts.get(digest(TEXT))
    assert found is not None
    assert found.content == TEXT
    assert texts.get("0" * 64) is None
    assert texts.get(None) is None


def test_a_file_that_is_no_text_is_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "text.txt").write_bytes(b"Harbour")
    texts = Texts(tmp_path)
    assert [path.name for path in texts.unreadable] == ["photo.jpg"]
    assert len(texts.by_hash) == 1


ACUTE, DOT = "\u0301", "\u0323"
RUNS = {
    "two kinds of marks": "a" + ACUTE * 9_000 + DOT * 9_000,
    "soft hyphens among them": "a" + "\u00ad\u0301\u00ad\u0323" * 9_000,
    "signs that are taken apart into marks": "\u0f73\u0301" * 9_000,
    "half-width marks": "\uff76" + "\u0301\uff9e" * 9_000,
}


@pytest.mark.parametrize("case", RUNS)
def test_marks_without_end_are_refused_before_they_are_put_in_order(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes a time that grows with the square of their number."""
    monkeypatch.setattr(claimlog.sources.characters, "unicodedata", None)
    for read in (lambda text: canonical(text.encode()), words):
        with pytest.raises(ClaimlogError, match="more than 30 combining marks follow each other"):
            read(RUNS[case])


KILOMETRE = "\u3316"
"""One sign of three bytes that stands for six words of three bytes."""


@pytest.mark.slow
def test_a_text_whose_signs_stand_for_many_words_is_measured_by_its_words(tmp_path: Path) -> None:
    most = TEXT_BYTES // 18
    refuse_expansion(KILOMETRE * most)
    path = tmp_path / "signs.txt"
    path.write_text(KILOMETRE * (most + 1))
    with pytest.raises(
        ClaimlogError, match=r"signs\.txt: has more than 16,777,216 bytes of text, each"
    ):
        read_text(path)


def test_as_many_marks_as_a_text_can_have_are_read() -> None:
    marks = (ACUTE + DOT) * (MARKS // 2)
    assert len(words(f"a{marks} b{marks}")) == 2


def test_everything_that_normalising_moves_is_a_mark() -> None:
    for number in (*range(0xD800), *range(0xE000, 0x110000)):
        moved = unicodedata.combining(unicodedata.normalize("NFKD", chr(number))[0])
        assert not moved or regex.fullmatch(f"(?V1){REORDERED}", chr(number)), hex(number)


def test_marks_without_end_in_a_row_are_a_finding(world: World) -> None:
    with pytest.raises(FindingsError) as raised:
        world.amend("claims", "C001-001", note="a" + ACUTE * 40)
    [finding] = raised.value.findings
    assert (finding.rule, finding.entity) == ("own-words", "C001-001")
    assert finding.message.startswith("of the note: more than 30 combining marks")


def test_a_directory_that_is_no_directory_of_texts_is_refused_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claimlog.sources.text, "TEXTS_FILES", 40)
    deep = tmp_path.joinpath("deep", *"d" * (DEPTH + 1))
    deep.mkdir(parents=True)
    (deep / "text").write_text("Harbour")
    many = tmp_path / "many"
    many.mkdir()
    for number in range(41):
        (many / str(number)).touch()
    for folder in (tmp_path / "deep", many):
        with pytest.raises(ClaimlogError, match="name a directory of texts alone"):
            Texts(folder)
    monkeypatch.setattr(claimlog.sources.text, "TEXTS_FILES", 41)
    (many / "40").write_text("Harbour")
    assert len(Texts(many).by_hash) == 2
    monkeypatch.setattr(claimlog.sources.text, "TEXTS_BYTES", 6)
    with pytest.raises(ClaimlogError, match="more than 41 files or 6 bytes"):
        Texts(many)


def test_what_is_no_text_has_to_have_room_and_a_file_of_many_names_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path) -> Text:
        read.append(path)
        return read_text(path)

    monkeypatch.setattr(claimlog.sources.text, "read_text", counted)
    monkeypatch.setattr(claimlog.sources.text, "TEXTS_BYTES", 20)
    (tmp_path / "a.txt").write_bytes(b"\xff" * 10)
    (tmp_path / "b.txt").write_text("Harbours")
    for number in range(30):
        (tmp_path / f"a{number}.txt").hardlink_to(tmp_path / "a.txt")
        (tmp_path / f"b{number}.txt").symlink_to("b.txt")
    texts = Texts(tmp_path)
    assert (len(read), len(texts.by_hash), len(texts.unreadable)) == (2, 1, 31)
    assert texts.named("b9") is not None
    (tmp_path / "c.txt").write_bytes(b"\xff" * 10)
    with pytest.raises(ClaimlogError, match="20 bytes of text"):
        Texts(tmp_path)


def test_a_file_that_is_no_regular_one_or_too_large_is_no_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 60 << 30)
    assert [path.name for path in Texts(tmp_path).unreadable] == ["large"]


@pytest.mark.parametrize("kind", ["pipe", "large", "marks"])
def test_a_copy_that_cannot_be_read_as_a_text_is_named(
    kind: str, world: World, tmp_path: Path
) -> None:
    path = tmp_path / "copy"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text(RUNS["two kinds of marks"])
    if kind == "large":
        os.truncate(path, 60 << 30)
    done = world.run("verify", "--copy", f"S001={path}")
    assert (done.returncode, done.stdout) == (1, "")
    said = {"pipe": "is no regular file", "large": "is larger than", "marks": "more than 30"}[kind]
    assert done.stderr.startswith(f"claimlog: {path}: {said}")


def test_a_missing_directory_of_texts_says_which_option_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such directory of texts; name one with --texts DIR"):
        Texts(tmp_path / "nowhere")


def test_a_missing_directory_of_texts_is_wrong_usage_of_the_command(world: World) -> None:
    done = world.run("verify", "--texts", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "claimlog: nowhere: no such directory of texts; name one with --texts DIR\n"
    )
