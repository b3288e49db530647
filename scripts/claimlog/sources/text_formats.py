"""Files that are no plain text, named with what makes a text of them."""

from __future__ import annotations

import codecs
import re

SIGNATURES = (
    (b"%PDF-", "a PDF file"),
    (b"{\\rtf", "an RTF file"),
    (b"PK\x03\x04", "a zip file, as DOCX and ODT are"),
    (b"\xd0\xcf\x11\xe0", "a file of an old Microsoft Office"),
    (b"\x1f\x8b", "a gzip file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"MIME-Version:", "a web archive (MHTML)"),
    (b"From: <Saved by", "a web archive (MHTML)"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
)
EXPORT = "open it in its program and save it as plain text in UTF-8"

MARKUP = re.compile(
    r"</?(?:a|article|b|body|br|div|em|figure|footer|h[1-6]|head|header|html|i|img|li|link|main|meta"
    r"|nav|ol|p|script|section|span|strong|style|table|td|title|tr|ul)(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
HTML_BEGINNING = re.compile(
    r"\s*(?:<\?xml[^<>]*>\s*)?(?:<!--[^<>]*-->\s*)?<(?:!doctype\s+html|html)\b", re.I
)
TAGS, TAGS_EVERY = 6, 400
"""A text that quotes a tag or two is a text; more than one in so many characters is a page."""

# a letter that UTF-8 writes in two to four bytes, each read as one of cp1252 or Latin-1
GARBLED = re.compile(
    "[\u00c2-\u00f4]"
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{1,3}"
)


def bytes_flaw(data: bytes) -> str:
    """Say what a file is whose bytes are not UTF-8, and what makes a text of it."""
    for signature, name in SIGNATURES:
        if data.lstrip()[: len(signature)] == signature:
            return f"{name}, no plain text; {EXPORT}"
    wide = _wide_encoding(data)
    name = wide or "CP1252"
    convert = f"iconv -f {name} -t UTF-8 FILE > NEW"
    if wide:
        return f"the text is in {wide}; convert it: {convert}"
    if b"\0" in data[:4096]:
        return f"no text, but a binary file; {EXPORT}"
    return f"not UTF-8; save it as UTF-8, or, if a Windows program wrote it: {convert}"


def text_flaw(content: str) -> str | None:
    """Say why a canonical text should not be coded as it is, and what to do; None if it may."""
    data = content[:65536].encode("utf-8", "replace")
    if any(data.lstrip()[: len(start)] == start for start, _ in SIGNATURES):
        return bytes_flaw(data)
    if wide := _wide_encoding(data):
        return f"the text is in {wide}; convert it: iconv -f {wide} -t UTF-8 FILE > NEW"
    if "\0" in content:
        return f"holds NUL characters, which no text has; {EXPORT}"
    if is_html(content):
        return "HTML, no plain text; save the page as text, without its tags, and give that"
    return _garbled(content)


def is_html(content: str) -> bool:
    """Whether a text is the source of a page: it begins as one, or holds many tags."""
    tags = len(MARKUP.findall(content))
    return bool(HTML_BEGINNING.match(content)) or (
        tags >= TAGS and tags * TAGS_EVERY > len(content)
    )


def _wide_encoding(data: bytes) -> str | None:
    """Return the name of an encoding of two or four bytes a character, by its mark or its NULs."""
    for mark, name in (
        (codecs.BOM_UTF32_LE, "UTF-32"),
        (codecs.BOM_UTF32_BE, "UTF-32"),
        (codecs.BOM_UTF16_LE, "UTF-16"),
        (codecs.BOM_UTF16_BE, "UTF-16"),
    ):
        if data.startswith(mark):
            return name
    start = data[:4096]
    for nulls, name in ((start[1::2], "UTF-16LE"), (start[::2], "UTF-16BE")):
        if (
            len(nulls) > 1
            and nulls.count(0) > 0.7 * len(nulls)
            and start.count(0) < 0.6 * len(start)
        ):
            return name
    return None


def _garbled(content: str) -> str | None:
    """Say that letters were read in the wrong encoding (mojibake), and how to undo it."""
    runs = [run for run in GARBLED.findall(content) if _restored(run)]
    beyond = sum(not character.isascii() for character in content)
    if len(runs) < 2 or 2 * sum(map(len, runs)) < beyond:
        return None
    example = f'"{runs[0]}" stands for "{_restored(runs[0])}"'
    for name, codec in (("CP1252", "cp1252"), ("LATIN1", "latin-1")):
        try:
            content.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
        return (
            f"UTF-8 that was read as {name} (mojibake: {example}); undo it: "
            f"iconv -f UTF-8 -t {name} FILE > NEW"
        )
    return (
        f"UTF-8 that was read as another encoding (mojibake: {example}); get the text again from "
        "where it comes and save it as UTF-8"
    )


def _restored(run: str) -> str | None:
    """Return what a garbled run was, or None if it is none."""
    try:
        data = b"".join(
            part.encode("latin-1") if ord(part) < 0x100 else part.encode("cp1252") for part in run
        )
    except UnicodeError:
        return None
    for length in range(len(data), 1, -1):
        try:
            letters = data[:length].decode("utf-8")
        except UnicodeError:
            continue
        return letters[0]
    return None
