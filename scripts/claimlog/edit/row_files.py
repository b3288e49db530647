"""Files of rows to add or amend, as NDJSON or CSV, read with the line of each row."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claimlog.edit.append import Entries
from claimlog.edit.new_rows import parse
from claimlog.edit.open_batch import NOTHING_ADDED, Input
from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import COLUMNS
from claimlog.schema.table_schema import Table
from claimlog.strict_json import decode_object


def read_entries(
    table: Table, rows_from: str, row_format: str | None, outcome: str = NOTHING_ADDED
) -> Entries:
    """Read new rows from a file, or from standard input for ``-``.

    Parameters
    ----------
    outcome
        What an error says of the open batch.

    Raises
    ------
    ClaimlogError
        If the input cannot be read as NDJSON or CSV.
    """
    name = "<stdin>" if rows_from == "-" else rows_from
    try:
        data = sys.stdin.buffer.read() if rows_from == "-" else Path(rows_from).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ClaimlogError(f"{name}: cannot be read ({error.strerror}); {outcome}") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ClaimlogError(f"{name}:{line}: not UTF-8; save it as UTF-8; {outcome}") from error
    if row_format is None:
        row_format = "ndjson" if re.match(r"\s*\{", text) else "csv"
    read = _ndjson_rows(text) if row_format == "ndjson" else _csv_rows(table, text)
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for line, row in read:
        if isinstance(row, str):
            raise ClaimlogError(f"{name}:{line}: {row}; {outcome}")
        rows.append(row)
        lines.append(line)
    if not rows:
        raise ClaimlogError(f"{name}: holds no row; {outcome}")
    return Entries(rows, Input(name, lines), outcome)


def _ndjson_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield the line of every row and the row, or what is wrong with it."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, decode_object(line)
            except ValueError as error:
                yield number, str(error)


def _csv_rows(table: Table, text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield the first line of every row and the row, or what is wrong with it."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not cells:
                continue
            if header is None:
                header = cells
                if len(header) > COLUMNS:
                    yield line, f"the header names {len(header):,} columns, more than {COLUMNS}"
                name, times = Counter(header).most_common(1)[0]
                if times > 1:
                    yield line, f'the header names "{name[:80]}" twice'
            elif len(cells) != len(header):
                yield line, f"has {len(cells)} cells, the header {len(header)}"
            else:
                yield line, _typed_row(table, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        yield begins, f"not CSV: {error}"


def _typed_row(table: Table, cells: dict[str, str]) -> dict[str, Any] | str:
    try:
        return {
            name: parse(table.by_name[name], cell) if name in table.by_name else cell or None
            for name, cell in cells.items()
        }
    except UsageError as error:
        return str(error)
