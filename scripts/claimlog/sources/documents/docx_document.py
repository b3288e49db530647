"""The text of a DOCX file, out of its XML, and the title, authors and language that it states.

Comments, deleted text, headers and footers are left out; notes stand at the end.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, iterparse

from claimlog import __version__
from claimlog.errors import ClaimlogError
from claimlog.limits import WORD_BYTES, WORD_MEMBERS
from claimlog.office_file_check import OfficeFormat, first_line, refuse_unsafe_file
from claimlog.sources.documents.extracted_text import (
    Block,
    ExtractedText,
    Statements,
    assemble_text,
    language_code,
)
from claimlog.sources.documents.furniture_cues import furniture_kind

SAVE = "open it in its program and save it as .docx or as plain text in UTF-8"
WORD_FILE = OfficeFormat(
    "Word file",
    "a Word file of before 2007",
    "word/document.xml",
    WORD_MEMBERS,
    WORD_BYTES,
    SAVE,
    "which no text does; save it as plain text in UTF-8",
    unread="word/media/",
)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
DC = "{http://purl.org/dc/elements/1.1/}"
NOTES = ("word/footnotes.xml", "word/endnotes.xml")
SKIPPED = {f"{W}moveFrom", f"{W}del", f"{MC}Fallback"}
"""What was deleted or moved away, and the second form of what stands there already."""

CHARACTERS = {
    f"{W}tab": "\t",
    f"{W}br": "\n",
    f"{W}cr": "\n",
    f"{W}noBreakHyphen": "\u2011",
    f"{W}softHyphen": "\u00ad",
}
DEEPEST = 2_000
"""Levels of nesting in its XML: Word writes some thirty."""


def extract_docx(data: bytes) -> ExtractedText:
    """Return the text of a DOCX file, a paragraph a block.

    Raises
    ------
    ClaimlogError
        If it is no such file, broken or unsafe; the message has no name.
    """
    refuse_unsafe_file(data, WORD_FILE)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {*archive.namelist()}
            styles = _read_styles(archive) if "word/styles.xml" in parts else {}
            statements = _read_statements(archive, parts)
            blocks = [*_paragraphs(archive, WORD_FILE.main, styles)]
            for name in NOTES:
                blocks += _paragraphs(archive, name, styles) if name in parts else ()
    except (ParseError, zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise ClaimlogError(f"is no whole Word file ({first_line(error)}); {SAVE}") from error
    return assemble_text(blocks, statements, f"claimlog {__version__}")


def _walk(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, Element]]:
    """Yield the starts and ends of the elements of a member, as they are parsed."""
    depth = 0
    with archive.open(name) as file:
        for event, element in iterparse(file, events=("start", "end")):
            depth += 1 if event == "start" else -1
            if depth > DEEPEST:
                raise ClaimlogError(f"nests {name} more than {DEEPEST:,} levels deep; {SAVE}")
            yield event, element
            if event == "end":
                element.clear()


def _paragraphs(archive: zipfile.ZipFile, name: str, styles: dict[str, str]) -> Iterator[Block]:
    """Yield the paragraphs of a member; one inside another, as in a text box, comes first."""
    waiting: list[tuple[list[str], list[str]]] = []
    skipped = 0
    for event, element in _walk(archive, name):
        tag = element.tag
        if tag in SKIPPED:
            skipped += 1 if event == "start" else -1
        if tag == f"{W}p" and event == "start":
            waiting.append(([], []))
        if not waiting or event == "start":
            continue
        words, style = waiting[-1]
        if tag == f"{W}p":
            waiting.pop()
            text = "".join(words)
            heading = styles.get("".join(style), "").startswith("heading")
            yield Block(text, "heading" if heading else furniture_kind(text))
        elif tag == f"{W}pStyle":
            style[:] = [element.get(f"{W}val", "")]
        elif not skipped:
            words.append((element.text or "") if tag == f"{W}t" else CHARACTERS.get(tag, ""))


def _read_styles(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of each style of paragraphs by its identifier."""
    styles: dict[str, str] = {}
    identifier = ""
    for event, element in _walk(archive, "word/styles.xml"):
        if event == "start" and element.tag == f"{W}style":
            identifier = element.get(f"{W}styleId", "")
        elif event == "end" and element.tag == f"{W}name":
            styles[identifier] = element.get(f"{W}val", "").lower()
    return styles


def _read_statements(archive: zipfile.ZipFile, parts: set[str]) -> Statements:
    stated: dict[str, str] = {}
    if "docProps/core.xml" in parts:
        for event, element in _walk(archive, "docProps/core.xml"):
            if event == "end" and element.text:
                stated[element.tag] = element.text
    language = stated.get(f"{DC}language")
    if language is None and "word/styles.xml" in parts:
        for event, element in _walk(archive, "word/styles.xml"):
            if event == "end" and element.tag == f"{W}lang" and language is None:
                language = element.get(f"{W}val")
    authors = stated.get(f"{DC}creator", "").split(";")
    return Statements(stated.get(f"{DC}title"), (*authors,), language=language_code(language))
