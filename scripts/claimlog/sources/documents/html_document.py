"""The article of an HTML page, by trafilatura, and what the page states of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from claimlog import __version__
from claimlog.errors import ClaimlogError
from claimlog.escaping import web_address
from claimlog.sources.documents.document_formats import decode_page
from claimlog.sources.documents.extracted_text import (
    Block,
    ExtractedText,
    Statements,
    assemble_text,
    language_code,
    line_of_text,
)
from claimlog.sources.documents.furniture_cues import furniture_kind

LEAVE = "save its text as plain text in UTF-8, and give that as --text"
DECLARATION = re.compile(
    r"\s*(?:<\?xml[^<>]*\?>)?\s*(?:<!DOCTYPE[^<>\[\]]*(?:\[.*?\]\s*)?>)?", re.I | re.S
)
"""What may stand before a page: lxml takes no encoding in a text, and entities mean nothing."""

BLOCKS = {"head", "p", "item", "quote", "row", "code", "list", "table"}
"""Elements of trafilatura's tree that begin a line."""

CLOSE = {"item", "row"}
"""Those that follow each other without an empty line between."""


def extract_html(data: bytes, charset: str | None = None) -> ExtractedText:
    """Return the article of a page as a text.

    Raises
    ------
    ClaimlogError
        If there is none; the message has no name.
    """
    import trafilatura

    page = decode_page(data, charset)
    declaration = DECLARATION.match(page)
    source = page[declaration.end() :] if declaration else page
    tree = trafilatura.load_html(source)
    if tree is None:
        raise ClaimlogError(f"is no HTML page that can be read; {LEAVE}")
    found = trafilatura.bare_extraction(
        source,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    if found is None:
        raise ClaimlogError(f"holds no text that could be told from its page; {LEAVE}")
    values = found if isinstance(found, dict) else found.as_dict()
    statements = Statements(
        values["title"],
        tuple((values["author"] or "").split(";")),
        values["sitename"],
        values["date"],
        _language(tree),
        web_address(values["url"] or ""),
    )
    names = ", ".join(f"{name} {version(name)}" for name in ("trafilatura", "htmldate"))
    blocks = _with_headline([*_blocks(values["body"])], statements.title)
    return assemble_text(blocks, statements, f"{names}, claimlog {__version__}")


def _language(tree: Any) -> str | None:
    root = tree.getroottree().getroot()
    stated = [root.get("lang"), root.get("{http://www.w3.org/XML/1998/namespace}lang")]
    stated += root.xpath("//meta[@property='og:locale']/@content")[:1]
    stated += root.xpath("//meta[translate(@http-equiv, 'CL', 'cl')='content-language']/@content")[
        :1
    ]
    return next(filter(None, map(language_code, stated)), None)


def _blocks(body: Any) -> Iterator[Block]:
    """Yield the paragraphs of trafilatura's tree, walked without recursion."""
    from lxml import etree

    words: list[str] = []
    before = None

    def block(tag: str, element: Any) -> Iterator[Block]:
        nonlocal before
        text = "\n".join(part.strip(" ") for part in "".join(words).split("\n"))
        words.clear()
        if text.strip():
            is_heading = tag == "head" and element.get("rend") != "h1"
            kind = "heading" if is_heading else furniture_kind(text)
            yield Block(text, kind, 1 if tag in CLOSE and before == tag else 2)
            before = tag

    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if tag in BLOCKS:
                parent = element.getparent()
                yield from block("p" if parent is None else str(parent.tag), element)
            elif tag == "lb":
                words.append("\n")
            elif tag == "cell" and words:
                words.append("\t")
            words.append(_flow(element.text))
        else:
            if tag in BLOCKS:
                yield from block(tag, element)
            words.append("" if element is body else _flow(element.tail))
    yield from block("p", body)


def _flow(text: str | None) -> str:
    """Return text of a page as it is shown: line feeds in its source are blanks."""
    return re.sub(r"[ \t\r\n\f]+", " ", text or "")


def _with_headline(blocks: list[Block], title: str | None) -> Iterator[Block]:
    """Yield blocks with the headline at the top, and marked where it is repeated."""
    headline = line_of_text(title)
    if headline and not any(_same(block.text, headline) for block in blocks[:3]):
        yield Block(headline)
        seen = True
    else:
        seen = False
    for block in blocks:
        if headline and _same(block.text, headline):
            yield Block(block.text, "repeated_headline" if seen else None, block.gap)
            seen = True
        else:
            yield block


def _same(text: str, headline: str) -> bool:
    return " ".join(text.split()).casefold() == headline.casefold()
