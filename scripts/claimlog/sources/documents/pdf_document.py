"""The text layer of a PDF file, by pypdf, and the title and authors that it states."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from claimlog import __version__
from claimlog.errors import ClaimlogError
from claimlog.limits import PDF_PAGES
from claimlog.sources.documents.extracted_text import (
    Block,
    ExtractedText,
    Statements,
    assemble_text,
    language_code,
)
from claimlog.sources.documents.furniture_cues import furniture_kind

NO_TITLE = re.compile(r"microsoft word|untitled|\.(?:docx?|indd|pdf|qxd|tex)$", re.IGNORECASE)
"""What programs write as the title of a file that has none."""

EDGE_LINES = 2
"""Lines at the top and bottom of a page among which running heads and page numbers stand."""

LEAST_PAGES, LEAST_SHARE = 3, 0.5
"""On how many pages, and in what share of them, an edge line stands that is page furniture."""


def extract_pdf(data: bytes) -> ExtractedText:
    """Return the text of a PDF file, with its lines as they stand on the pages.

    Raises
    ------
    ClaimlogError
        If it needs a password, has no text layer or too many pages; the message has no name.
    """
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise ClaimlogError("needs a password; save it without one and give that")
    if len(reader.pages) > PDF_PAGES:
        raise ClaimlogError(f"has more than {PDF_PAGES:,} pages; split it")
    pages = [
        [line for line in page.extract_text().splitlines() if line.strip()] for page in reader.pages
    ]
    if not any(pages):
        raise ClaimlogError(
            "holds pictures of pages and no text; recognise the text first (OCR), and give that"
        )
    about: Mapping[str, Any] = reader.metadata or {}
    title = _text(about, "/Title")
    statements = Statements(
        None if title and NO_TITLE.search(title) else title,
        tuple((_text(about, "/Author") or "").split(";")),
        language=language_code(_text(reader.root_object, "/Lang")),
    )
    extractor = f"pypdf {version('pypdf')}, claimlog {__version__}"
    return assemble_text(page_blocks(pages), statements, extractor)


def _text(stated: Mapping[str, Any], key: str) -> str | None:
    """Return the text under a key of a PDF dictionary, also where the value is a reference."""
    from pypdf.generic import TextStringObject

    try:
        value = stated[key]  # follows a reference, as get() does not
    except KeyError:
        return None
    return str(value) if isinstance(value, TextStringObject) else None


def page_blocks(pages: list[list[str]]) -> Iterator[Block]:
    """Yield the lines of pages; those that stand on most pages at an edge are page furniture.

    >>> [block.kind for block in page_blocks([["The Gazette", "Ships leave.", f"- {n} -"]
    ...     for n in (1, 2, 3)])][:3]
    ['navigation', None, 'footer']
    """
    tops: Counter[str] = Counter()
    bottoms: Counter[str] = Counter()
    for lines in pages:
        edge = _edge(lines)
        tops.update({*map(_pattern, lines[:edge])})
        bottoms.update({*map(_pattern, lines[len(lines) - edge :])})
    least = max(LEAST_PAGES, LEAST_SHARE * len(pages))
    for lines in pages:
        edge = _edge(lines)
        for at, line in enumerate(lines):
            kind = furniture_kind(line)
            if at < edge and tops[_pattern(line)] >= least:
                kind = "navigation"
            elif at >= len(lines) - edge and bottoms[_pattern(line)] >= least:
                kind = "footer"
            yield Block(line, kind, 1)


def _edge(lines: list[str]) -> int:
    """Return how many lines of a page are at its top, and as many at its bottom."""
    return min(EDGE_LINES, len(lines) // 3)


def _pattern(line: str) -> str:
    """Return a line without its numbers, which differ from page to page."""
    return re.sub(r"\d+", "#", " ".join(line.split()))
