"""Files of rows to add or amend, as NDJSON, CSV or XLSX, read with the line of each row."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from claimlog.command_limits import allow_for
from claimlog.edit.add_amend_retract import Entries
from claimlog.edit.append_lines import NOTHING_ADDED
from claimlog.edit.attribution_columns import CHAIN, attribution_columns, gather_attributions
from claimlog.edit.cell_values import VALUE_SIGNS, most_values, parse_cell
from claimlog.edit.delimited_text import decode_rows, require_short_lines, separated_rows
from claimlog.edit.row_faults import ColumnFault, RowFaults, UnfitRowError
from claimlog.edit.row_inputs import row_inputs
from claimlog.edit.row_origin import RowOrigin
from claimlog.edit.workbook import is_workbook, workbook_rows
from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import ADDED_ROWS, ADDED_VALUES, COLUMNS, ROWS_FILE_BYTES
from claimlog.schema.table_schema import Table
from claimlog.strict_json import decode_object
from claimlog.untrusted_files import RIGHT_FILE, open_regular

HANDED_OVER = re.compile(r"/dev/stdin|(?:/dev|/proc/self)/fd/[0-9]+")
"""What a shell has opened, as for ``<(…)``; any other pipe may have nobody who writes to it."""

Read = Iterator[tuple[int, dict[str, Any] | ClaimlogError]]
"""The line of every row and the row, or what is wrong with it."""


def read_entries(
    table: Table, rows_from: str, row_format: str | None, outcome: str = NOTHING_ADDED
) -> Entries:
    """Read new rows from a file, or from standard input for ``-``.

    Parameters
    ----------
    row_format
        ``ndjson``, ``csv`` or ``xlsx``; by default what the content looks like.
    outcome
        What an error says of the open batch.

    Raises
    ------
    ClaimlogError
        If the input cannot be read.
    """
    name = "<stdin>" if rows_from == "-" else rows_from
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    faults = RowFaults()
    try:
        for line, row in _rows(table, name, _data(name), row_format):
            if faults.is_full:
                break
            if isinstance(row, UnfitRowError):
                faults.add(len(rows), row)
                row = row.state
            if isinstance(row, ClaimlogError):
                faults.unread.append((line, row))
                continue
            rows.append(row)
            lines.append(line)
    except ClaimlogError as error:
        raise type(error)(f"{error}; {outcome}") from error
    origin = RowOrigin(name, lines)
    if not rows and faults:
        raise faults.error(origin, outcome)
    if not rows:
        raise ClaimlogError(f"{name}: holds no row; {outcome}")
    return Entries(rows, origin, outcome, faults)


def _data(name: str) -> bytes:
    path = Path(name)
    try:
        if name == "<stdin>":
            data = sys.stdin.buffer.read(ROWS_FILE_BYTES + 1)
        else:
            is_pipe = HANDED_OVER.fullmatch(name) is not None
            with path.open("rb") if is_pipe else open_regular(path, name, None, RIGHT_FILE) as file:
                data = file.read(ROWS_FILE_BYTES + 1)
    except OSError as error:
        raise ClaimlogError(f"{name}: cannot be read ({error.strerror})") from error
    if len(data) > ROWS_FILE_BYTES:
        raise ClaimlogError(f"{name}: has more than {ROWS_FILE_BYTES:,} bytes; add it in parts")
    allow_for("rows", len(data))
    return data


def _rows(table: Table, name: str, data: bytes, row_format: str | None) -> Read:
    if row_format == "xlsx" or (row_format is None and is_workbook(data)):
        try:
            yield from _cell_rows(table, workbook_rows(data, table.name), is_ragged=True)
        except ClaimlogError as error:
            raise ClaimlogError(f"{name}: {error}") from error
        return
    require_short_lines(data, name)
    text = decode_rows(data, name)
    if row_format is None:
        row_format = "ndjson" if re.match(r"\s*[{\[]", text) else "csv"
    if row_format == "ndjson":
        yield from _ndjson_rows(text)
        return
    names = {*table.names, *row_inputs(table), *attribution_columns(table)}
    try:
        yield from _cell_rows(table, separated_rows(text, names), is_ragged=False)
    except ClaimlogError as error:
        raise ClaimlogError(f"{name}:{error}") from error


def _ndjson_rows(text: str) -> Read:
    if re.match(r"\s*\[", text):
        remedy = "give one object a line (NDJSON), as jq -c '.[]' makes them of it"
        yield 1, ClaimlogError(f"is a JSON array; {remedy}")
        return
    values = 0
    for number, line in enumerate(_lines(text), 1):
        if number > ADDED_ROWS or line.strip():
            values += 1 + sum(map(line.count, VALUE_SIGNS))
            if flaw := _width_flaw(number, values):
                yield number, ClaimlogError(flaw)
                return
            try:
                row = decode_object(line)
            except ValueError as error:
                yield number, ClaimlogError(str(error))
                continue
            if len(row) > COLUMNS:
                yield number, ClaimlogError(f"has {len(row):,} keys, more than {COLUMNS}")
                continue
            yield number, row


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text without holding all of them."""
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _width_flaw(rows: int, values: int) -> str | None:
    if rows <= ADDED_ROWS and values <= ADDED_VALUES:
        return None
    return f"there are more than {ADDED_ROWS:,} rows, or {ADDED_VALUES:,} values; add it in parts"


def _cell_rows(table: Table, rows: Iterable[tuple[int, list[str]]], is_ragged: bool) -> Read:
    """Yield rows made of cells, of which the first that holds anything is the header.

    Rows of empty cells, and columns without a name and without a value, are passed over.

    Parameters
    ----------
    is_ragged
        Whether a row ends with its last cell that is filled, as in a workbook.
    """
    header: list[str] | None = None
    lists: list[int] = []
    header_line = width = values = 0
    for number, (line, cells) in enumerate(rows, 1):
        values += max(len(cells), len(header or ()))
        values += sum(most_values(cells[index]) - 1 for index in lists if index < len(cells))
        if flaw := _width_flaw(number, values):
            yield line, ClaimlogError(flaw)
            return
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header, header_line = [cell.strip() for cell in cells], line
            width = len(header)
            columns = [table.by_name.get(name) for name in header]
            lists = [i for i, item in enumerate(columns) if item and item.type == "array"]
            while not header[-1]:
                header.pop()
            if flaw := _header_flaw(header):
                yield line, ClaimlogError(flaw)
                return
            continue
        while len(cells) > len(header) and not cells[-1].strip():
            cells = cells[:-1]
        unnamed = _unnamed(header, cells if is_ragged else cells[:width])
        if unnamed is not None:
            yield (
                header_line,
                ClaimlogError(
                    f"column {unnamed + 1} has no name, but {cells[unnamed][:40]!r} in line "
                    f"{line}; name it, or empty it"
                ),
            )
            return
        if len(cells) > width or (len(cells) < len(header) and not is_ragged):
            yield line, ClaimlogError(f"has {len(cells)} cells, the header {width}")
        else:
            cells = cells + [""] * (len(header) - len(cells))
            yield line, _typed_row(table, dict(zip(header, cells, strict=True)))


def _header_flaw(header: list[str]) -> str | None:
    if len(header) > COLUMNS:
        return f"the header names {len(header):,} columns, more than {COLUMNS}"
    named = Counter(name for name in header if name)
    name, times = named.most_common(1)[0]
    return f'the header names "{name[:80]}" twice' if times > 1 else None


def _unnamed(header: list[str], cells: list[str]) -> int | None:
    """Return the index of a cell that holds something below no name, None if there is none."""
    return next(
        (
            index
            for index, cell in enumerate(cells)
            if cell.strip() and not (index < len(header) and header[index])
        ),
        None,
    )


def _typed_row(table: Table, cells: dict[str, str]) -> dict[str, Any] | UnfitRowError:
    row: dict[str, Any] = {}
    faults: list[ColumnFault] = []
    for name, cell in cells.items():
        try:
            if name:
                row[name] = parse_cell(table.by_name[name], cell) if name in table.by_name else cell
        except UsageError as error:
            faults.append(ColumnFault((name,), error))
    row = {name: None if value == "" else value for name, value in row.items()}
    try:
        row = gather_attributions(table, row)
    except UsageError as error:
        faults.append(ColumnFault((CHAIN,), error))
        row = {name: value for name, value in row.items() if name in table.by_name}
    return UnfitRowError(faults, row) if faults else row
