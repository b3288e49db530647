"""Rows of a spreadsheet file (XLSX), read within limits: the values that lie in it, no formula.

A file may be a stranger's: `claimlog.office_files` checks it first, and nothing in it is computed
or fetched.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time

from claimlog.errors import ClaimlogError
from claimlog.limits import COLUMNS, SHEET_BYTES, SHEET_MEMBERS, SHEET_ROWS
from claimlog.office_files import OLD_OFFICE, ZIP, OfficeFormat, first_line, refuse_unsafe_file

SAVE = "save it as .xlsx (Excel 2007-365) or as CSV in UTF-8"

WORKBOOK = OfficeFormat(
    "workbook",
    "a workbook of Excel 97-2003",
    "xl/workbook.xml",
    SHEET_MEMBERS,
    SHEET_BYTES,
    SAVE,
    "which no sheet of rows does; give them as CSV",
)


def is_workbook(data: bytes) -> bool:
    """Whether a file is a spreadsheet and no text."""
    return data.startswith((ZIP, OLD_OFFICE))


def workbook_rows(data: bytes, stream: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row of a workbook with its cells as text, the header first.

    They are those of the sheet that is named as the stream, else of the first one.

    Raises
    ------
    ClaimlogError
        If it is another kind of file, broken, or larger than `limits` allows.
    """
    refuse_unsafe_file(data, WORKBOOK)
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of drop-down lists and styles that it does not keep
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except ClaimlogError:
        raise
    except Exception as error:  # whatever its readers of XML raise
        raise ClaimlogError(
            f"is no workbook that can be read ({first_line(error)}); {SAVE}"
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
            raise ClaimlogError(
                f"cannot be read to its end ({first_line(error)}); {SAVE}"
            ) from error
    finally:
        book.close()


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
