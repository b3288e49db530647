"""Takes the text out of one document, as a program within limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError, is_out_of_memory
from claimlog.limited_worker import answer_request, refuse_programs
from claimlog.office_file_check import first_line
from claimlog.sources.documents.document_formats import DocumentFormat
from claimlog.sources.documents.docx_document import extract_docx
from claimlog.sources.documents.extracted_text import (
    Block,
    ExtractedText,
    Statements,
    assemble_text,
)
from claimlog.sources.documents.furniture_cues import furniture_kind
from claimlog.sources.documents.html_document import extract_html
from claimlog.sources.documents.pdf_document import extract_pdf
from claimlog.sources.text import canonical
from claimlog.sources.text_formats import bytes_flaw

EXPORT = "open it in its program and save it as plain text in UTF-8"


def extract_plain_text(data: bytes) -> ExtractedText:
    """Return a plain text in its canonical form.

    Raises
    ------
    ClaimlogError
        If it is not UTF-8; the message has no name.
    """
    try:
        paragraphs = canonical(data).split("\n\n")
    except UnicodeDecodeError as error:
        raise ClaimlogError(bytes_flaw(data)) from error
    blocks = (Block(text, furniture_kind(text)) for text in paragraphs)
    return assemble_text(blocks, Statements(), None)


EXTRACTORS: dict[DocumentFormat, Callable[[bytes], ExtractedText]] = {
    DocumentFormat.PDF: extract_pdf,
    DocumentFormat.DOCX: extract_docx,
    DocumentFormat.TEXT: extract_plain_text,
}


def extract(data: bytes, form: DocumentFormat, charset: str | None) -> ExtractedText:
    """Return the text of a document of a format.

    Raises
    ------
    ClaimlogError
        If none can be taken out of it; the message has no name.
    """
    try:
        if form is DocumentFormat.HTML:
            return extract_html(data, charset)
        return EXTRACTORS[form](data)
    except ClaimlogError:
        raise
    except Exception as error:  # whatever the libraries raise of a broken file
        if is_out_of_memory(error):
            raise
        raise ClaimlogError(
            f"cannot be read as {form.value} ({type(error).__name__}: {first_line(error)}); "
            f"{EXPORT}"
        ) from error


def _answer(target: Path, _: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    form = DocumentFormat[request["format"]]
    for name in form.libraries:
        import_module(name)
    refuse_programs()
    return extract(target.read_bytes(), form, request["charset"]).as_dict()


def main() -> None:
    """Take the text out of the document that standard input names, and write it as JSON."""
    answer_request(_answer)


if __name__ == "__main__":
    main()
