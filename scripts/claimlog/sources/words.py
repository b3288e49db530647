"""Words of a text and where each stands.

A word is a run of letters, marks and digits that begins with a letter or a digit, in NFKC and
folded case. Default-ignorable code points, tatweel and optional marks are no part of it; an
apostrophe, whichever character it is, ends it; a note mark (a superscript digit, ``[1]``) is no
word. In a script without spaces every letter with its marks is a word. A word broken at a line end
by a hyphen is one word here; `claimlog.sources.word_readings` has the other ways to read it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from claimlog.sources.characters import (
    UNSPACED_LETTER,
    canonical_text,
    casefold,
    is_optional_mark,
    kinds,
    normalize,
)

Token = tuple[int, int, str]
"""A word with where it stands: (start, end, word), offsets in code points."""

NOTE = r"\[d{1,3}\]"
PIECE = r"[wd][wdm]*+(?:[ih]++[wdm]++)*+"
HYPHENATION = r"(?<=[wm])(?:[ih]*+-[ih]*+|i*+h[ih]*+)"
LINE_BREAK = rf"{HYPHENATION} *n *[ih]*(?=w)"
UNSPACED_WORD = r"sm*+(?:[ih]++m++)*+"
# patterns of `kinds`
TOKEN = re.compile(rf"{NOTE}|{PIECE}(?:{LINE_BREAK}{PIECE})*|{UNSPACED_WORD}")
BROKEN = re.compile(LINE_BREAK)
FOLDED = re.compile(r"[wd][wdm]*|sm*")


@lru_cache(1 << 16)
def comparable_words(raw: str, kept: str = "wdms") -> tuple[str, ...]:
    """Return the words of a piece of text without spaces, as they are compared.

    Parameters
    ----------
    kept
        Kinds of code points (see `characters.kinds`) that belong to the words.

    >>> comparable_words("co\u00adoperates"), comparable_words("İl"), comparable_words("½")
    (('cooperates',), ('il',), ('1', '2'))
    """
    if raw.isascii() and raw.isalnum():
        return (raw.lower(),)
    letters = "".join(c for c, kind in zip(raw, kinds(raw), strict=True) if kind in kept)
    # folding can undo the composition
    folded = normalize("NFKC", casefold(normalize("NFKC", letters)))
    # Turkish has two letters i, and their capitals fold into one of each
    folded = folded.replace("i\u0307", "i").replace("\u0131", "i")
    if not folded.isascii():
        folded = "".join(c for c in folded if not is_optional_mark(c))
    return tuple(folded[m.start() : m.end()] for m in FOLDED.finditer(kinds(folded)))


def tokenize(content: str) -> list[Token]:
    """Return the words of a canonical text with where each stands."""
    found: list[Token] = []
    for match in TOKEN.finditer(kinds(content)):
        start, end = match.span()
        if content[start] != "[":
            found += [(start, end, word) for word in comparable_words(content[start:end])]
    return found


def words(text: str) -> list[str]:
    """Return the words of any text.

    >>> words("The “kit”, as THEY say\u2014co\u00adlocated\u00b9")
    ['the', 'kit', 'as', 'they', 'say', 'colocated']

    Raises
    ------
    ClaimlogError
        If more combining marks follow each other than any script has.
    """
    return [word for _, _, word in tokenize(canonical_text(text))]


def is_unspaced(word: str) -> bool:
    """Whether a word is one letter of a script that is written without spaces."""
    return kinds(word[0]) == UNSPACED_LETTER
