"""Text with separated cells (CSV and its kin), as spreadsheets of every country write it."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Collection, Iterator

from claimlog.errors import ClaimlogError
from claimlog.limits import ADDED_ROW_BYTES, ADDED_VALUES

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}

Cells = tuple[int, list[str]]
"""The line on which a row begins, and its cells."""

HEADER_LENGTH = 1 << 20
"""Characters of the first row that are looked at to find the separator."""

NAMED_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n")
"""A first line by which Excel is told the separator."""


LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]++")


def require_short_lines(data: bytes, name: str) -> None:
    """Refuse a file of rows with a line longer than a row may be, before its text is made.

    Raises
    ------
    ClaimlogError
        If it has one; with its number.
    """
    start = 0
    while len(data) - start > ADDED_ROW_BYTES:
        end = start + ADDED_ROW_BYTES + 1
        last = max(data.rfind(sign, start, end) for sign in (b"\n", b"\r"))
        if last < 0:
            ends = [data.count(sign, 0, start) for sign in (b"\n", b"\r", b"\r\n")]
            line = ends[0] + ends[1] - ends[2] + 1
            raise ClaimlogError(
                f"{name}:{line}: has more than {ADDED_ROW_BYTES:,} bytes, and no row has as many; "
                "give each row a line of its own (jq -c '.[]' makes them of a JSON array)"
            )
        start = last + 1


def decode_rows(data: bytes, name: str) -> str:
    """Return the text of a file of rows.

    Raises
    ------
    ClaimlogError
        If it is not UTF-8; with the encoding that it seems to have, and what converts it.
    """
    quoted = "FILE" if name.startswith("<") else shlex.quote(name)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ClaimlogError(
            f"{name}:1: is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 {quoted} > NEW"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        try:
            near = data[max(0, error.start - 20) : error.start + 20].decode("cp1252")
        except UnicodeDecodeError:
            raise ClaimlogError(f"{name}:{line}: not UTF-8; save it as UTF-8") from error
        shown = " ".join(near.split())
        raise ClaimlogError(
            f'{name}:{line}: not UTF-8; as Windows-1252 it reads "{shown}": if that is right, '
            f"convert it: iconv -f WINDOWS-1252 -t UTF-8 {quoted} > NEW"
        ) from error


def separated_rows(text: str, columns: Collection[str]) -> Iterator[Cells]:
    """Yield the rows of a text, the header first; the separator is found from the header.

    Parameters
    ----------
    columns
        Names that a header can have.

    Raises
    ------
    ClaimlogError
        If a row cannot be read, as ``LINE: what is wrong``.
    """
    skipped = 0
    separator = None
    if named := NAMED_SEPARATOR.match(text):
        separator, skipped, text = named[1], 1, text[named.end() :]
    if "\n" not in text:  # line ends of old Macs
        text = text.replace("\r", "\n")
    separator = separator or _separator(text, columns)
    begins, separators, length = 1, 0, 0

    def lines() -> Iterator[str]:
        nonlocal separators, length
        for match in LINE.finditer(text):
            line = match[0]
            separators += line.count(separator)
            length += len(line)
            if separators > ADDED_VALUES:  # before the reader makes a cell of each
                raise ClaimlogError(
                    f"{begins + skipped}: has more than {ADDED_VALUES:,} cells; mend the row"
                )
            if length > ADDED_ROW_BYTES:
                raise ClaimlogError(
                    f"{begins + skipped}: has more than {ADDED_ROW_BYTES:,} characters; mend the "
                    "row, of which a cell may lack its closing quotation mark"
                )
            yield line

    reader = csv.reader(lines(), delimiter=separator, strict=True)
    try:
        for cells in reader:
            separators = length = 0
            line, begins = begins, reader.line_num + 1
            yield line + skipped, cells
    except csv.Error as error:
        raise ClaimlogError(f"{begins + skipped}: not CSV: {error}") from error


def _separator(text: str, columns: Collection[str]) -> str:
    """Return the separator by which the first row has most names of columns; a comma if in doubt.

    A header of names that nobody knows is separated by what stands most often in it.
    """
    start = len(text) - len(text.lstrip(" ,;\t\r\n"))
    start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    first = next(iter(text[start : start + HEADER_LENGTH].splitlines()), "")

    def fitness(separator: str) -> tuple[int, int]:
        cells = [cell.strip().strip('"') for cell in first.split(separator)]
        return sum(cell in columns for cell in cells), len(cells)

    return max(SEPARATORS, key=fitness)
