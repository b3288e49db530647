"""Repairs of a copy: what it says without the marks of its way to us.

Web pages, PDF files and wrong encodings leave tags, page headers, large first letters and broken
characters in a text. A repaired copy has the length of the copy, so that an offset in one is the
same offset in all: what is taken out becomes spaces, or soft hyphens where a word goes on.
"""

from __future__ import annotations

import html
import unicodedata
from collections import Counter
from collections.abc import Iterator

import regex

from claimlog.sources.characters import SOFT_HYPHEN
from claimlog.sources.text import Text

TAG = regex.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)|</?([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>",
    regex.DOTALL | regex.IGNORECASE,
)
ENTITY = regex.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
INLINE = frozenset("a abbr b big cite code del em font i ins mark q s small span strong u".split())  # noqa: SIM905
"""Elements that stand within a word without ending it."""

LEAST_TAGS = 4
"""Tags from which on a text is read as HTML: a text about HTML names fewer."""

MOJIBAKE = regex.compile(
    r"[\u00c2-\u00df][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    r"\u2013-\u203a\u20ac\u2122]"
    r"|[\u00e0-\u00ef][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    r"\u2013-\u203a\u20ac\u2122]{2}"
)
"""UTF-8 that was read as Windows-1252."""

DROP_CAP = regex.compile(r"(?:(?<=\A\s*)|(?<=\n\s*))(?<cap>[\p{Lu}])(?<gap>\s{1,3})(?=\p{Ll})")
DIGITS = regex.compile(r"\d+")
PAGE_LINE = 90
"""Characters of a line that may be a header or footer of pages."""


def repaired_copies(copy: Text) -> Iterator[Text]:
    """Yield what a copy may have been, the plainest first, no two of them equal."""
    seen: set[str] = set()
    plain = repaired_content(copy.content)
    for content in (plain, _joined(plain), _joined(_without_page_lines(plain))):
        if content not in seen:
            seen.add(content)
            yield copy if content == copy.content else Text(content)


def text_with_whole_words(copy: Text) -> Text:
    """Return a copy with all that can be read as whole words read so."""
    content = _joined(repaired_content(copy.content))
    return copy if content == copy.content else Text(content)


def repaired_content(content: str) -> str:
    """Return a text with tags, entities and broken characters read, at its length."""
    content = MOJIBAKE.sub(_decoded, content)
    if len(TAG.findall(content)) >= LEAST_TAGS:
        content = TAG.sub(_blank_tag, content)
        content = ENTITY.sub(lambda match: _padded(html.unescape(match[0]), match[0]), content)
    return str(content)


def _blank_tag(match: regex.Match[str]) -> str:
    inside = (match[2] or "").lower() in INLINE
    return (SOFT_HYPHEN if inside else " ") * len(match[0])


def _decoded(match: regex.Match[str]) -> str:
    data = bytearray()
    for sign in match[0]:
        try:
            data += sign.encode("cp1252")
        except UnicodeEncodeError:
            if ord(sign) > 0xFF:
                return str(match[0])
            data.append(ord(sign))
    try:
        return _padded(data.decode("utf-8"), match[0])
    except UnicodeDecodeError:
        return str(match[0])


def _padded(text: str, original: str) -> str:
    """Return `text` at the length of what it stands for; the original where it is longer."""
    text = unicodedata.normalize("NFC", text)
    if len(text) > len(original):
        return original
    pad = " " if text.isspace() else SOFT_HYPHEN
    return text + pad * (len(original) - len(text))


def _joined(content: str) -> str:
    """Return a text whose words are whole after a drop cap."""
    return str(DROP_CAP.sub(lambda match: match["cap"] + SOFT_HYPHEN * len(match["gap"]), content))


def _without_page_lines(content: str) -> str:
    """Return a text without the lines that come again and again, but for their numbers."""
    lines = content.split("\n")
    keys = [DIGITS.sub("#", line.strip()) if len(line) <= PAGE_LINE else "" for line in lines]
    times = Counter(keys)
    return "\n".join(
        " " * len(line) if key and (times[key] > 1 or key == "#") else line
        for line, key in zip(lines, keys, strict=True)
    )
