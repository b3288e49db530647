"""Escaping of text that others wrote, for terminals, pages, Markdown, JSON and spreadsheets.

What does not print as itself can move a terminal's cursor, turn the order of what is read, or hide
inside a name: control characters (C0, C1), line and paragraph separators, controls of direction
(bidi), characters of no width, lone surrogates. Joiners and variation selectors stay where they
spell something, between characters beyond ASCII (Persian, Hindi, emoji).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson

CONTROLS = "\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
"""Control characters but tab and line feed, separators of lines, lone surrogates."""

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""Unicode's Default_Ignorable_Code_Point and U+FFF9 to U+FFFB, without joiners and selectors."""

JOINERS, SELECTORS = "\u200c\u200d", "\ufe00-\ufe0f\U000e0100-\U000e01ef"
SUSPECT = re.compile(f"[{CONTROLS}{INVISIBLE}{JOINERS}{SELECTORS}]")
NEVER = re.compile(f"[{CONTROLS}{INVISIBLE}]")
RUN = re.compile(rf"((?:(?!\r\n)[{CONTROLS}{INVISIBLE}])+)|[{JOINERS}{SELECTORS}]")
"""What never prints, as far as it goes, or one sign that depends on what is beside it."""

UNPRINTABLE = re.compile(
    f"[{CONTROLS}{INVISIBLE}{JOINERS}{SELECTORS}]"  # one set first: the scan is quick by it
    r"(?!(?<=\r)\n)"
    f"(?:(?<=[{CONTROLS}{INVISIBLE}])"
    rf"|(?<=[{JOINERS}])(?:(?<![^\0-\x7f{JOINERS}].)|(?![^\0-\x7f{JOINERS}]))"
    rf"|(?<=[{SELECTORS}])(?<![^\0-\x7f{SELECTORS}].)(?!\u20e3))",
    re.DOTALL,
)
"""Of joiners those beside ASCII, of selectors those after ASCII or another (a keycap has one); of
carriage returns those that end no line."""

MARKDOWN = re.compile(
    r"[\\`*\[\]<>|$]|~(?=~)|&(?=[#A-Za-z])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[#+=-]"
)
"""What is markup in CommonMark and GitHub's Markdown wherever it stands, or begins a block."""

NUMBERED = re.compile(r"^([0-9]{1,9})([.)])")
"""Beginning of an item of a numbered list."""

FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""Beginning of a cell that spreadsheet programs take for a formula, or skip and then look again."""

ADDRESS = re.compile(r"https?://[^\s\\]+", re.IGNORECASE)
FOREIGN = re.compile(r'["<>^`{|}]')
"""What no address holds but percent-encoded, and would end a group in BibTeX or a link."""


def printable(text: str) -> str:
    r"""Return text of several lines in which only what prints as itself is left as it is.

    >>> print(printable("a\x1b[31mb\u202ec"))
    a\x1b[31mb\u202ec
    """
    return _replace_unprintable(
        text, lambda letter: letter.encode("unicode_escape").decode("ascii")
    )


def printable_line(text: str) -> str:
    r"""Return what `printable` does, on one line: line feeds are escaped too.

    >>> print(printable_line("a\nb"))
    a\nb
    """
    return printable(text.replace("\n", r"\n"))


LINE_LENGTH = 200
"""Characters of a value that a message repeats: the longest of ours are a hash with some words."""


def short_line(value: object, length: int = LINE_LENGTH) -> str:
    r"""Return the beginning of what others wrote, however long, as a message can repeat it.

    >>> short_line("a\nb"), short_line("x" * 3_000_000, 2)
    ('a\\nb', 'xx… and 2,999,998 more characters')
    """
    text = str(value)
    rest = len(text) - length
    beginning = printable_line(text[:length])
    return beginning if rest <= 0 else f"{beginning}… and {rest:,} more characters"


MESSAGE_LENGTH, MESSAGE_END = 2_000, 500
"""Characters of a message that are shown, and of its end where it is longer: ours are shorter, but
for what they repeat of a file."""


def short_message(text: str) -> str:
    r"""Return a message without its middle where that is very long; its end says what to do.

    >>> len(short_message("x" * 3_000_000))
    2035
    """
    hidden = len(text) - MESSAGE_LENGTH
    if hidden <= MESSAGE_END:
        return text
    beginning = text[: MESSAGE_LENGTH - MESSAGE_END]
    return f"{beginning}… ({hidden:,} characters left out) …{text[-MESSAGE_END:]}"


NAME = re.compile(r"[!#-&(-~]{1,100}")
"""What stands in a sentence as it is: one word of ASCII, which no reader takes for others."""

NAME_LENGTH = 100
"""Characters of another name that are shown."""


def name_in_sentence(name: str) -> str:
    r"""Return a name that others chose as it can stand in a sentence of ours: a word, or in quotes.

    A name of several words could else go on with the sentence, and say what was not checked.

    >>> name_in_sentence("allied-trust"), name_in_sentence("x, signed with a key")
    ('allied-trust', '"x, signed with a key"')
    """
    if NAME.fullmatch(name):
        return name
    shown = json.dumps(name[:NAME_LENGTH], ensure_ascii=False)
    rest = len(name) - NAME_LENGTH
    return shown if rest <= 0 else f"{shown} and {rest:,} more characters"


def _replace_unprintable(text: str, replace: Callable[[str], str]) -> str:
    """Replace what does not print, in one pass: beside what has been written, not what stood there.

    A joiner may come to stand beside ASCII when its neighbour is replaced. `replace` is given a
    run of what never prints at once.
    """
    before, end = "", 0

    def step(match: re.Match[str]) -> str:
        nonlocal before, end
        letter, start = match[0], match.start()
        if start > end:
            before = text[start - 1]
        end = match.end()
        if match[1]:
            said = replace(letter)
        else:
            after = text[end : end + 1]
            beside = f"{before}{letter}{'' if NEVER.match(after) else after}"
            said = replace(letter) if UNPRINTABLE.match(beside, len(before)) else letter
        before = said[-1:] or before
        return said

    prints = text.isascii() and text.replace("\n", "").isprintable()
    return text if prints or not SUSPECT.search(text) else RUN.sub(step, text)


def plain_line(text: object) -> str:
    r"""Return text for formats without an escape of their own (RIS, BibTeX): one line of words.

    White space of any kind becomes one space; what does not print is left out.

    >>> plain_line("A title\r\nAU  - Somebody\u2028else \u202e")
    'A title AU - Somebody else'
    """
    return " ".join(_replace_unprintable(" ".join(str(text).split()), lambda _: "").split())


def plain_lines(value: Any) -> Any:
    """Return a JSON value in which every text is a `plain_line`."""
    if isinstance(value, str):
        return plain_line(value)
    if isinstance(value, Mapping):
        return {key: plain_lines(item) for key, item in value.items()}
    return [*map(plain_lines, value)] if isinstance(value, list | tuple) else value


def markdown(text: object) -> str:
    r"""Return text as words of a line of Markdown, never markup.

    >>> print(markdown("[a](javascript:b) | measure_status"))
    \[a\](javascript:b) \| measure_status
    """
    words = MARKDOWN.sub(lambda match: f"\\{match[0]}", plain_line(text))
    return NUMBERED.sub(r"\1\\\2", words)


def from_markdown(text: str) -> str:
    """Return the words that `markdown` escaped."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


SPELT_ALIKE = frozenset((str, int, bool, type(None)))
"""Types of which every writer of JSON writes the same; of decimal numbers they do not."""


def is_spelt_alike(value: Any) -> bool:
    """Whether a JSON value holds no decimal number, nor what only some writers take for JSON."""
    left = [value]  # no recursion: a line of a stranger may be nested as deep as it is long
    while left:
        inner = left.pop()
        kind = type(inner)
        if kind is not dict and kind is not list:
            if kind not in SPELT_ALIKE:
                return False
            continue
        parts = inner.values() if kind is dict else inner
        if not SPELT_ALIKE.issuperset(map(type, parts)):
            left.extend(parts)
    return True


def indented_json(value: Any) -> str:
    """Return what ``json.dumps`` writes with an indent of 2, where orjson writes the same by it."""
    if is_spelt_alike(value):
        with suppress(orjson.JSONEncodeError):  # as for keys that are no text
            return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return json.dumps(value, ensure_ascii=False, indent=2)


def json_text(value: Any, indent: int | None = 2) -> str:
    """Return JSON in which what does not print is escaped as ``\\uXXXX``."""
    write = indented_json if indent == 2 else partial(json.dumps, ensure_ascii=False, indent=indent)
    text = write(value)
    return _replace_unprintable(text, lambda letter: json.dumps(letter)[1:-1])


def compact_json(value: Any) -> str:
    """Return JSON without white space, escaped as `json_text` does, for files that are many."""
    text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    return _replace_unprintable(text, lambda letter: json.dumps(letter)[1:-1])


def web_address(value: object) -> str | None:
    """Return an address that may become a link, None for any but those of http and https.

    What no address may hold as it is comes percent-encoded.

    >>> web_address("https://example.org/a"), web_address("javascript:alert(1)")
    ('https://example.org/a', None)
    """
    text = str(value or "")
    if not ADDRESS.fullmatch(text) or UNPRINTABLE.search(text):
        return None
    try:
        named = urlsplit(text).hostname
        return FOREIGN.sub(lambda match: f"%{ord(match[0]):02X}", text) if named else None
    except ValueError:
        return None


def is_utf_8(name: str) -> bool:
    """Whether an argument or a path is UTF-8; Python holds other bytes as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
