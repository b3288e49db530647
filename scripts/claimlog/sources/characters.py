"""Facts of Unicode that words are read by, the same under every version of Python.

A hash of words is for ever, and `unicodedata` grows with Python. Code points that Unicode 14.0
(that of Python 3.11, the oldest that runs claimlog) does not assign are therefore never normalised
or folded; for those that it does, the stability policy of Unicode fixes both.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import groupby, pairwise
from typing import Literal

import regex

from claimlog.errors import ClaimlogError
from claimlog.limits import MARKS, TEXT_BYTES

SOFT_HYPHEN = "\u00ad"

IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
"""Default_Ignorable_Code_Point (DerivedCoreProperties.txt, Unicode 14.0)."""

UNSPACED = (
    *((0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x1950, 0x19DF), (0x1A20, 0x1AAF)),
    *((0x1B00, 0x1B7F), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x3035), (0x303B, 0x303C)),
    *((0x3040, 0x312F), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)),
    *((0xA000, 0xA48F), (0xA980, 0xA9FF), (0xAA60, 0xAADF), (0xF900, 0xFAFF), (0xFF66, 0xFF9D)),
    *((0x16FE0, 0x18D8F), (0x1AFF0, 0x1B2FF), (0x20000, 0x3FFFD)),
)
"""Blocks of scripts that are written without spaces between words: Thai, Lao, Myanmar, Khmer, Tai
Le, New Tai Lue, Tai Tham, Balinese, Hiragana, Katakana, Bopomofo, Han, Yi, Javanese, Tai Viet,
Tangut, Khitan, Nushu (Blocks.txt; Line_Break is SA, ID or CJ, or breaks at syllables)."""

OPTIONAL_MARKS = (
    *((0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5), (0x5C7, 0x5C7)),
    *((0x610, 0x61A), (0x64B, 0x65F), (0x670, 0x670), (0x6D6, 0x6DC), (0x6DF, 0x6E4)),
    *((0x6E7, 0x6E8), (0x6EA, 0x6ED), (0x898, 0x89F), (0x8CA, 0x8E1), (0x8E3, 0x8FF)),
)
"""Nonspacing marks of Hebrew and Arabic: vowels and signs of recitation, written or left out."""

PICTOGRAPHS = ((0x1F000, 0x1FAFF), (0x1FC00, 0x1FFFD))
"""Blocks in which code points not assigned yet are Extended_Pictographic (emoji-data.txt)."""

APOSTROPHES = "\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u02ee\u07f4\u07f5\ua78b\ua78c"
"""Letters by General_Category that are written as an apostrophe, or an apostrophe for them."""

TATWEEL = "\u0640\u07fa"
"""Letters by General_Category that only stretch a word (Arabic, N'Ko)."""

SUPERSCRIPT_DIGITS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"

LETTER, DIGIT, UNSPACED_LETTER, MARK = "w", "d", "s", "m"
SKIPPED, SOFT, HYPHEN, LINE_END, SPACE = "i", "h", "-", "n", " "
SUPERSCRIPT, OTHER = "^", "."

SPECIAL = {
    **dict.fromkeys(APOSTROPHES, OTHER),
    **dict.fromkeys(TATWEEL, SKIPPED),
    **dict.fromkeys(SUPERSCRIPT_DIGITS, SUPERSCRIPT),
    **dict.fromkeys("0123456789", DIGIT),
    **dict.fromkeys("-\u2010\u2011", HYPHEN),
    **dict.fromkeys("\n\u2028", LINE_END),
    # letters by category that extend the one before: halfwidth voicing marks, Thai and Lao am
    **dict.fromkeys("\uff9e\uff9f\u0e33\u0eb3", MARK),
    SOFT_HYPHEN: SOFT,
    "[": "[",
    "]": "]",
}

REORDERED = r"[[^\p{ccc=0}]\u0f73\u0f75\u0f81\uff9e\uff9f]"
"""What normalising may move before another: marks, and signs that it takes apart into such."""

DROPPED = "".join(f"{chr(first)}-{chr(last)}" for first, last in IGNORABLE) + TATWEEL

LONG_RUN = regex.compile(rf"(?V1)(?:{REORDERED}[{DROPPED}]*+){{{MARKS + 1}}}")
"""More marks than `limits.MARKS`; what is dropped from words may stand among them."""

EXPANDED_BYTES = 33
"""Bytes that a code point takes in NFKC and UTF-8 at most (U+FDFA, of four words)."""

FLAG_LETTERS = regex.compile("[\U0001f1e6-\U0001f1ff]{64,}")
"""Regional indicators in a long run. Two make a flag, and which two is counted from the run's first
(UAX 29, GB12 and GB13): `regex` counts anew at each, in a time that grows with the square."""


@cache
def _unassigned() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the first and the last code points of the ranges that Unicode 14.0 leaves open."""
    text = files("claimlog.sources").joinpath("unassigned-14.0.txt").read_text("utf-8")
    ranges = [line.split("..") for line in text.splitlines() if not line.startswith("#")]
    return tuple(int(a, 16) for a, _ in ranges), tuple(int(b, 16) for _, b in ranges)


def is_assigned(character: str) -> bool:
    """Whether Unicode 14.0 assigns a code point below U+20000, or may normalise one above."""
    number = ord(character)
    if number < 0x378:
        return True
    if number >= 0x20000:
        # ideographs and tags, of which only those of the first compatibility block decompose
        return number < 0x2FA1E and unicodedata.category(character) != "Cn"
    firsts, lasts = _unassigned()
    return number > lasts[bisect_right(firsts, number) - 1]


def _lies_in(number: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= number <= last for first, last in ranges)


class _Kinds(dict[int, str]):
    """Kind by code point, worked out when it is first met; made for `str.translate`."""

    def __missing__(self, number: int) -> str:
        kind = self[number] = _kind(chr(number))
        return kind


def _kind(character: str) -> str:
    number = ord(character)
    if character in SPECIAL:
        return SPECIAL[character]
    if _lies_in(number, IGNORABLE):
        return SKIPPED
    if not is_assigned(character):
        if number >= 0x40000 or number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF:
            return OTHER
        if _lies_in(number, PICTOGRAPHS):
            return OTHER
        return UNSPACED_LETTER if _lies_in(number, UNSPACED) else LETTER
    category = unicodedata.category(character)[0]
    if category == "M":
        return MARK
    if category in "LN":
        return UNSPACED_LETTER if _lies_in(number, UNSPACED) else LETTER
    if character.isspace():
        return SPACE
    # signs that are taken apart into letters or digits, as ™ and ℃
    parts = unicodedata.normalize("NFKC", character)
    if any(unicodedata.category(part)[0] in "LN" for part in parts):
        return LETTER
    return OTHER


_KINDS = _Kinds()


def kinds(text: str) -> str:
    """Return for each code point of a text a character that says what it is to words.

    >>> kinds("We\u00ad'll, 日本\u200b [1]")
    'wwh.ww. ssi [d]'
    """
    return text.translate(_KINDS)


def normalize(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Return `text` in a normal form; code points that Unicode 14.0 lacks stay as they are."""
    if text.isascii():
        return text
    if all(map(is_assigned, set(text))):
        return stream_safe(form, text)
    runs = groupby(text, is_assigned)
    return "".join(
        stream_safe(form, "".join(run)) if known else "".join(run) for known, run in runs
    )


def stream_safe(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """Return `text` in a normal form, in a time that grows with its length.

    More than `limits.MARKS` combining marks after one letter, which nothing that is read by people
    has, are not put in order as one run but some at a time: it would take the square of the run.

    >>> len(stream_safe("NFKD", "e" + "\u0301\u0316" * 100_000))
    200001
    """
    if len(text) <= MARKS:
        return unicodedata.normalize(form, text)
    cuts = [0, *(run.end() for run in LONG_RUN.finditer(text)), len(text)]
    return "".join(unicodedata.normalize(form, text[at:end]) for at, end in pairwise(cuts))


def casefold(text: str) -> str:
    """Return `text` in Unicode's full case folding; code points that 14.0 lacks stay."""
    if text.isascii() or all(map(is_assigned, set(text))):
        return text.casefold()
    return "".join(part.casefold() if is_assigned(part) else part for part in text)


def cluster_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each grapheme cluster (UAX 29), in a time that grows with the text.

    >>> [*cluster_spans("ne\u0301!")]
    [(0, 1), (1, 3), (3, 4)]
    """
    # between two flags of a run a cluster always ends
    inner = (
        cut for run in FLAG_LETTERS.finditer(text) for cut in range(run.start() + 32, run.end(), 32)
    )
    start = 0
    for end in (*inner, len(text)):
        for cluster in regex.finditer(r"\X", text[start:end]):
            yield start + cluster.start(), start + cluster.end()
        start = end


def is_optional_mark(character: str) -> bool:
    """Whether a script writes or leaves out this mark as it pleases."""
    return _lies_in(ord(character), OPTIONAL_MARKS)


def canonical_text(text: str) -> str:
    """Return `text` with LF line ends, in NFC.

    Raises
    ------
    ClaimlogError
        As `refuse_marks` and `refuse_expansion` do.
    """
    refuse_marks(text)
    refuse_expansion(text)
    return normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def refuse_marks(text: str) -> None:
    """Refuse a text that cannot be normalised in a time that grows with its length.

    Raises
    ------
    ClaimlogError
        If more combining marks follow each other than any script has.
    """
    if LONG_RUN.search(text):
        raise ClaimlogError(
            f"more than {MARKS} combining marks follow each other, which no text has "
            "(UAX 15, Stream-Safe Text Format); take them out"
        )


def refuse_expansion(text: str) -> None:
    """Refuse a text whose words are many more than its bytes let expect.

    Raises
    ------
    ClaimlogError
        If it has more than `limits.TEXT_BYTES` in NFKC, which words are compared in: one sign can
        stand for six words there.
    """
    if text.isascii() or len(text) * EXPANDED_BYTES <= TEXT_BYTES:
        return
    if len(normalize("NFKC", text).encode("utf-8", "surrogatepass")) > TEXT_BYTES:
        is_long = len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES
        out = "" if is_long else ", each sign that stands for several letters written out (NFKC)"
        raise ClaimlogError(f"has more than {TEXT_BYTES:,} bytes of text{out}; split it")
