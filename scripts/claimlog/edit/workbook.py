"""Rows of a spreadsheet file (XLSX), read within limits: the values that lie in it, no formula.

A file may be a stranger's. It is a ZIP of XML: how much it unpacks to is known and bounded before
any of it is, no member may declare a document type (which entities and external files need), and
nothing in it is computed or fetched.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time

from claimlog.errors import ClaimlogError
from claimlog.limits import COLUMNS, SHEET_BYTES, SHEET_MEMBERS, SHEET_ROWS

ZIP, OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OPEN_DOCUMENT = "mimetype"

SAVE = "save it as .xlsx (Excel 2007-365) or as CSV in UTF-8"


def is_workbook(data: bytes) -> bool:
    """Whether a file is a spreadsheet and no text."""
    return data.startswith((ZIP, OLD_WORKBOOK))


def workbook_rows(data: bytes, stream: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row of a workbook with its cells as text, the header first.

    They are those of the sheet that is named as the stream, else of the first one.

    Raises
    ------
    ClaimlogError
        If it is another kind of file, broken, or larger than `limits` allows.
    """
    _refuse_unsafe(data)
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of drop-down lists and styles that it does not keep
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except ClaimlogError:
        raise
    except Exception as error:  # whatever its readers of XML raise
        raise ClaimlogError(
            f"is no workbook that can be read ({_reason(error)}); {SAVE}"
        ) from error
    try:
        sheets = {sheet.title.strip().lower(): sheet for sheet in book.worksheets}
        if not sheets:
            raise ClaimlogError(f"has no sheet; {SAVE}")
        sheet = sheets.get(stream, book.worksheets[0])
        try:
            for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                if number > SHEET_ROWS:
                    raise ClaimlogError(f"has more than {SHEET_ROWS:,} rows; give them as NDJSON")
                cells = [_text(value) for value in row]
                while cells and not cells[-1].strip():
                    cells.pop()  # a format reaches further than what is typed
                if len(cells) > COLUMNS:
                    raise ClaimlogError(f"row {number} has more than {COLUMNS} columns")
                yield number, cells
        except ClaimlogError:
            raise
        except Exception as error:
            raise ClaimlogError(f"cannot be read to its end ({_reason(error)}); {SAVE}") from error
    finally:
        book.close()


def _refuse_unsafe(data: bytes) -> None:
    if data.startswith(OLD_WORKBOOK):
        raise ClaimlogError(f"is a workbook of Excel 97-2003, or one with a password; {SAVE}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > SHEET_MEMBERS or sum(m.file_size for m in members) > SHEET_BYTES:
                raise ClaimlogError(
                    f"unpacks to more than {SHEET_MEMBERS:,} files or {SHEET_BYTES:,} bytes, which "
                    "no sheet of rows does; give them as CSV"
                )
            names = {member.filename for member in members}
            if OPEN_DOCUMENT in names:
                raise ClaimlogError(f"is an OpenDocument file; {SAVE}")
            if "xl/workbook.xml" not in names:
                raise ClaimlogError(f"is a ZIP file and no workbook; {SAVE}")
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as file:
                        _refuse_document_type(file.read(member.file_size + 1), member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ClaimlogError(f"is no whole workbook ({_reason(error)}); {SAVE}") from error


def _refuse_document_type(xml: bytes, member: zipfile.ZipInfo) -> None:
    """Refuse a declaration of entities, UTF-16 which could hide one, and a wrong size."""
    if len(xml) > member.file_size:
        raise ClaimlogError(f"is no whole workbook ({member.filename} is longer than it says)")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ClaimlogError(
            f"declares a document type in {member.filename[:80]}, which no spreadsheet does and "
            f"which can name other files; {SAVE}"
        )


def _text(value: object) -> str:
    """Return a cell as the text that a coder would have typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        at_midnight = value.time() == time()
        return value.date().isoformat() if at_midnight else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).replace("_x000D_", "")


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
