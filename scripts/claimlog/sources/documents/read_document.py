"""Takes the text out of a document, in a process of its own, under limits of time and memory."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from hashlib import sha256
from math import inf
from pathlib import Path

from claimlog.errors import ClaimlogError
from claimlog.limited_process import LimitedWork, Limits, path_request, run_limited
from claimlog.limits import (
    EXTRACTION_MEMORY,
    EXTRACTION_MEMORY_PER_BYTE,
    EXTRACTION_SECONDS,
    EXTRACTION_SECONDS_PER_MB,
    MIB,
    RAW_BYTES,
)
from claimlog.sources.documents.document_formats import document_format, stated_charset
from claimlog.sources.documents.extracted_text import ExtractedText
from claimlog.sources.text_formats import text_flaw
from claimlog.untrusted_files import RIGHT_FILE, read_regular

PROGRAM = "claimlog.sources.documents.extraction_worker"
OUTCOME = "nothing was added"
NAME_LENGTH = 200


def read_document(
    given: Path | bytes,
    media_type: str | None = None,
    name: str | None = None,
    factor: float = 1,
    most_seconds: float = inf,
    remedy: str | None = None,
) -> ExtractedText:
    """Take the text out of a document: HTML, PDF, DOCX or plain text.

    Parameters
    ----------
    given
        The file, or its bytes.
    media_type
        What a server said that it is, with its charset.
    name
        The document as messages name it.
    factor
        By which the limits are multiplied.
    most_seconds
        Seconds that it may take, however large it is.
    remedy
        What to do about a limit where `factor` cannot be given.

    Raises
    ------
    ClaimlogError
        If no text can be taken out of it, a library is not installed, or a limit was reached.
    """
    shown = (name or (str(given) if isinstance(given, Path) else "the document"))[:NAME_LENGTH]
    data = (
        read_regular(given, shown, RAW_BYTES, remedy=RIGHT_FILE)
        if isinstance(given, Path)
        else given
    )
    if len(data) > RAW_BYTES:
        raise ClaimlogError(f"{shown}: is larger than {RAW_BYTES:,} bytes; {RIGHT_FILE}")
    try:
        form = document_format(data, media_type)
        form.require_libraries()
    except ClaimlogError as error:
        raise ClaimlogError(f"{shown}: {error}; {OUTCOME}") from error
    limits = extraction_limits(len(data), factor, most_seconds)
    work = LimitedWork(PROGRAM, shown, "reading", OUTCOME, limits, factor, remedy)
    with tempfile.TemporaryDirectory(prefix="claimlog-") as scratch:
        document = Path(scratch) / "document"
        document.write_bytes(data)
        request = {
            "target": path_request(document),
            "scratch": path_request(Path(scratch)),
            "format": form.name,
            "charset": stated_charset(media_type),
        }
        try:
            answer = run_limited(work, request)
        except ClaimlogError as error:
            said = str(error)
            if said.startswith(f"{shown}: "):
                raise
            raise ClaimlogError(f"{shown}: {said}; {OUTCOME}") from error
    found = replace(ExtractedText.load(answer), raw_sha256=sha256(data).hexdigest())
    if flaw := text_flaw(found.text):
        raise ClaimlogError(f"{shown}: {flaw}; {OUTCOME}")
    return found


def extraction_limits(size: int, factor: float = 1, most_seconds: float = inf) -> Limits:
    """Return the limits for a document of so many bytes, times `factor`."""
    seconds = factor * (EXTRACTION_SECONDS + EXTRACTION_SECONDS_PER_MB * size / 1e6)
    return Limits(
        min(seconds, most_seconds),
        int(factor * (EXTRACTION_MEMORY + EXTRACTION_MEMORY_PER_BYTE * size)),
        MIB,
    )
