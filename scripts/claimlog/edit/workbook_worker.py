"""Reads the rows of one workbook, as a program within limits, and writes them down."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from claimlog.edit.workbook import ROWS
from claimlog.errors import ClaimlogError, is_out_of_memory
from claimlog.limited_worker import answer_request, refuse_programs
from claimlog.limits import COLUMNS, SHEET_BYTES, SHEET_MEMBERS, SHEET_ROWS
from claimlog.office_file_check import OfficeFormat, first_line, refuse_unsafe_file

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


def rows_of(data: bytes, stream: str) -> Iterator[list[str]]:
    """Yield the cells of each row as text, as `workbook.workbook_rows` says."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of drop-down lists and styles that it does not keep
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except ClaimlogError:
        raise
    except Exception as error:  # whatever its readers of XML raise
        if is_out_of_memory(error):
            raise
        raise ClaimlogError(
            f"is no workbook that can be read ({first_line(error)}); {SAVE}"
        ) from error
    # what a person does not see is not what she adds
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not shown:
        raise ClaimlogError(f"has no sheet that is shown; {SAVE}")
    named = [sheet for sheet in shown if sheet.title.strip().lower() == stream]
    if len(named) > 1:
        raise ClaimlogError(f"has {len(named)} sheets that are called {stream}; leave one of them")
    sheet = (named or shown)[0]
    left = SHEET_BYTES
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > SHEET_ROWS:
                raise ClaimlogError(f"has more than {SHEET_ROWS:,} rows; give them as NDJSON")
            cells = [_text(value) for value in row]
            while cells and not cells[-1].strip():
                cells.pop()  # a format reaches further than what is typed
            if len(cells) > COLUMNS:
                raise ClaimlogError(f"row {number} has more than {COLUMNS} columns")
            left -= sum(map(len, cells))
            if left < 0:  # many cells may be of one text
                raise ClaimlogError(
                    f"holds more than {SHEET_BYTES:,} characters; give the rows as CSV"
                )
            yield cells
    except ClaimlogError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise ClaimlogError(f"cannot be read to its end ({first_line(error)}); {SAVE}") from error


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


def _answer(target: Path, scratch: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    import openpyxl  # noqa: F401  # before programs are refused

    refuse_programs()
    data = target.read_bytes()
    refuse_unsafe_file(data, WORKBOOK)
    with (scratch / ROWS).open("w", encoding="utf-8") as file:
        for cells in rows_of(data, request["stream"]):
            file.write(f"{json.dumps(cells)}\n")
    return {}


def main() -> None:
    """Read the workbook that standard input names."""
    answer_request(_answer)


if __name__ == "__main__":
    main()
