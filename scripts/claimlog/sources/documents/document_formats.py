"""Detects the format of a document by its bytes and its server's content type, never its name.

What takes the text out of each stands in `EXTRACTORS` of `extraction_worker`; what `fetch_document`
asks servers for in its `ACCEPT`.
"""

from __future__ import annotations

import codecs
import re
from email.message import Message
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.limits import RAW_BYTES
from claimlog.office_file_check import ZIP
from claimlog.sources.text_formats import bytes_flaw, is_html
from claimlog.untrusted_files import read_regular

HTML_TYPES = ("text/html", "application/xhtml+xml")
PDF_MARK = b"%PDF-"
PDF_MARK_WITHIN = 1_024
"""Bytes of another kind that readers pass over before a PDF file begins."""

SNIFFED_BYTES = 1 << 16
META_WITHIN = 4_096
CHARSET = re.compile(rb"<meta[^<>]{0,500}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.I)
XML_ENCODING = re.compile(rb"^\s*<\?xml[^<>]{0,200}?encoding=[\"']([A-Za-z0-9_.-]{1,40})")
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WHATWG_NAMES = {
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    "iso-8859-9": "cp1254",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
}
"""Names of encodings that browsers read as a larger one (WHATWG Encoding Standard)."""

NO_ENCODINGS = ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_7")
"""Codecs of Python that are no encoding of a page."""


LIBRARIES = {"HTML": ("trafilatura", "htmldate"), "PDF": ("pypdf",)}
"""Libraries of the extra claimlog[texts] by the format that needs them."""


class DocumentFormat(Enum):
    """A format that texts are taken out of."""

    HTML = "HTML"
    PDF = "PDF"
    DOCX = "DOCX"
    TEXT = "plain text"

    @property
    def libraries(self) -> tuple[str, ...]:
        return LIBRARIES.get(self.value, ())

    def require_libraries(self) -> None:
        """Refuse to go on without the libraries of the format.

        Raises
        ------
        ClaimlogError
            Naming the extra that holds them.
        """
        for library in self.libraries:
            if find_spec(library) is None:
                raise ClaimlogError(
                    f"reading {self.value} needs {library}, which is not installed here: install "
                    "the extra claimlog[texts], by make texts in a checkout, else by pip install "
                    "'WHEEL[texts]' with the wheel of claimlog"
                )


def document_format(data: bytes, media_type: str | None = None) -> DocumentFormat:
    """Return the format of a document.

    Parameters
    ----------
    media_type
        As a server stated it; the bytes are believed first.

    Raises
    ------
    ClaimlogError
        If it is of a format that no text is taken out of; the message has no name.
    """
    if PDF_MARK in data[:PDF_MARK_WITHIN]:
        return DocumentFormat.PDF
    if data.startswith(ZIP) and b"word/document.xml" in data:
        return DocumentFormat.DOCX
    start = data[:SNIFFED_BYTES]
    marked = any(data.startswith(mark) for mark, _ in MARKS)
    content = start.decode(_marked_encoding(data) or "latin-1", "replace").lstrip("\ufeff")
    stated = (media_type or "").partition(";")[0].strip().lower()
    is_binary = b"\0" in start and not marked
    flaw = bytes_flaw(data)
    if not is_binary and (is_html(content) or (stated in HTML_TYPES and "<" in content)):
        return DocumentFormat.HTML
    if "no plain text" in flaw or is_binary:
        raise ClaimlogError(f"is {flaw.removeprefix('the text is in ')}")
    return DocumentFormat.TEXT


def is_document(path: Path) -> bool:
    """Whether a file is one that a text is taken out of, and no plain text."""
    try:
        data = read_regular(path, str(path), RAW_BYTES)
        return document_format(data) is not DocumentFormat.TEXT
    except ClaimlogError:
        return False


def stated_charset(media_type: str | None) -> str | None:
    """Return the charset of a media type, as ``text/html; charset=utf-8``."""
    message = Message()
    message["content-type"] = media_type or ""
    try:
        return message.get_content_charset()
    except ValueError:  # a name in another charset, which is none
        return None


def decode_page(data: bytes, charset: str | None = None) -> str:
    """Return the source of a page, by its mark, its server's word, its own, or what it fits.

    What is no character of that encoding becomes U+FFFD, as in a browser.
    """
    found = XML_ENCODING.match(data) or CHARSET.search(data[:META_WITHIN])
    own = found[1].decode("ascii") if found else None
    if own and own.lower().startswith(("utf-16", "utf16", "utf-32")):
        own = "utf-8"  # a page that says so in ASCII is of no such encoding
    stated = [name for name in (_marked_encoding(data), charset, own) if name]
    for name in (*stated, "utf-8"):
        encoding = WHATWG_NAMES.get(name.lower(), name)
        try:
            if codecs.lookup(encoding).name.replace("-", "_") not in NO_ENCODINGS:
                return data.decode(encoding).removeprefix("\ufeff")
        except (LookupError, ValueError):  # a name with NUL is none either
            continue
    return data.decode("utf-8" if "utf-8" in stated else "cp1252", "replace")


def _marked_encoding(data: bytes) -> str | None:
    return next((name for mark, name in MARKS if data.startswith(mark)), None)
