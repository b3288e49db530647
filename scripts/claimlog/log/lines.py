"""Reading the bytes of a stream's file as canonical lines, and as the typed frame that they say."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from io import BytesIO

import polars as pl

from claimlog.errors import Finding, Suggestions
from claimlog.log.canonical import explain, shortest_line, shortest_object
from claimlog.log.column_types import empty_frame
from claimlog.log.merkle import leaf_hash
from claimlog.log.stream_file import Lines
from claimlog.schema.table_schema import Table
from claimlog.strict_json import decode_object

AT_ONCE = 16  # rows of a file from which on all are parsed at once sooner than one after the other
DECODED = 1 << 20  # bytes that are decoded at a time
MOST_LISTED = 1000  # findings of one file; a file in another format would give one a line
COMPARED_KEYS = 5_000  # names of columns that the unknown keys of one file are compared with


def read_lines(data: bytes, table: Table, shown: str, longest: int) -> Lines:
    """Read the bytes of a stream's file; ``size`` and ``sha256`` are the caller's to fill in.

    Parameters
    ----------
    shown
        The file as messages name it.
    longest
        Length of the longest line allowed, in bytes.
    """
    result, suggestions = Lines(data.count(b"\n")), Suggestions(COMPARED_KEYS)
    if is_crowded(data, table):
        result.findings = _crowded_findings(data, table, shown, longest, suggestions)
        return result
    *lengths, rest = map(len, data.split(b"\n"))
    result.findings = [*_byte_findings(data, lengths, rest, shown, longest)]
    if result.findings:
        return result
    if not result.rows:
        result.frame = empty_frame(table)
        return result
    # a flawed line costs little to explain, and much if it is parsed with what it lacks filled in
    is_short = min(lengths) < shortest_line(table)
    is_short = is_short or _has_short_objects(data, table, result.rows)
    frame: pl.DataFrame | None = None
    suspects: Sequence[int] = range(result.rows)
    if result.rows >= AT_ONCE and not is_short:
        from claimlog.log.parsed_lines import parse_lines  # takes longer to import than few rows

        frame, suspects = parse_lines(data, table, result.rows)
    lines = data.split(b"\n")[:-1]
    for index in suspects:
        result.findings += _line_findings(lines[index], table, shown, index + 1, suggestions)
        if len(result.findings) >= MOST_LISTED:
            break
    if result.findings:
        return result
    result.leaves = [sha256(b"\x00" + line).digest() for line in lines]
    result.frame = _exact_frame(lines, table) if frame is None else frame
    return result


def is_crowded(data: bytes, table: Table) -> bool:
    """Whether the lines of a file are on average shorter than the shortest row of a stream.

    It is told without splitting the file: a stranger's may have hundreds of millions of lines.
    """
    return data.count(b"\n") * (shortest_line(table) + 1) > len(data)


def without_lines(data: bytes, gone: Collection[bytes], instead: bytes = b"") -> tuple[bytes, int]:
    """Return lines without those that have these leaf hashes, and how many those are.

    All other bytes stay, also of a last line that was cut off. Lines are gone through one by one: a
    stranger's file may have hundreds of millions.

    Parameters
    ----------
    instead
        What stands in the place of each, as an empty line so that others keep their numbers.
    """
    left, number = BytesIO(), 0
    for line in BytesIO(data):
        if leaf_hash(line.removesuffix(b"\n")) in gone:
            number += 1
            left.write(instead)
        else:
            left.write(line)
    return left.getvalue(), number


def _has_short_objects(data: bytes, table: Table, rows: int) -> bool:
    """Whether objects in lists seem to lack keys: parsed at once, each would get all of them."""
    shortest = [shortest_object(item.fields) for item in table.fields if item.fields]
    return bool(shortest) and (data.count(b"{") - rows) * min(shortest) > len(data)


def _crowded_findings(
    data: bytes, table: Table, shown: str, longest: int, suggestions: Suggestions
) -> list[Finding]:
    """Return what is wrong with lines, from the first on, until there is enough of it."""
    found: list[Finding] = []
    begin = number = 0
    while len(found) < MOST_LISTED and (end := data.find(b"\n", begin)) >= 0:
        number += 1
        if end - begin > longest:
            found.append(too_long(shown, longest, number))
        elif end == begin:
            found.append(_empty(shown, number))
        else:
            found += _line_findings(data[begin:end], table, shown, number, suggestions)
        begin = end + 1
    return found


def too_long(shown: str, longest: int, number: int) -> Finding:
    """Say that a line has more bytes than one may have."""
    message = f"the line is longer than {longest:,} bytes"
    return Finding("bytes", shown, message, number, remedy="see schemas/thresholds.csv")


def _empty(shown: str, number: int) -> Finding:
    return Finding("bytes", shown, "the line is empty", number, remedy="remove the line")


def _line_findings(
    line: bytes, table: Table, shown: str, number: int, suggestions: Suggestions
) -> list[Finding]:
    """Return everything that is wrong with one line."""
    try:
        flaws = explain(line.decode("utf-8"), table, suggestions)
    except UnicodeDecodeError as error:
        message = f"byte 0x{line[error.start]:02x} is not UTF-8"
        return [Finding("bytes", shown, message, number, remedy="save the file as UTF-8")]
    return [Finding(flaw.rule, shown, flaw.message, number, remedy=flaw.remedy) for flaw in flaws]


def _exact_frame(lines: list[bytes], table: Table) -> pl.DataFrame:
    rows = [decode_object(line.decode("utf-8")) for line in lines]
    # types were looked at; whole numbers beside others within a list are no strict column
    return pl.DataFrame(rows, empty_frame(table).schema, orient="row", strict=False)


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8, decoded part by part so that the text is never held as a whole."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        for begin in range(0, len(data), DECODED):
            decoder.decode(data[begin : begin + DECODED])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _byte_findings(
    data: bytes, lengths: Sequence[int], rest: int, shown: str, longest: int
) -> Iterator[Finding]:
    """Check what must hold before lines can be read; at most one finding of each kind.

    Parameters
    ----------
    lengths, rest
        Bytes of each line, without its line feed, and of what stands behind the last one.
    """

    def finding(offset: int, message: str, remedy: str) -> Finding:
        line = data.count(b"\n", 0, offset) + 1
        return Finding("bytes", shown, message, line, remedy=remedy)

    if data.startswith(b"\xef\xbb\xbf"):
        yield finding(0, "begins with a byte order mark", "save it as UTF-8 without BOM")
    for byte, message, remedy in (
        (b"\r", "holds a carriage return", "end lines with a line feed only"),
        (b"\x00", "holds a NUL byte", "restore the file; NUL is never part of it"),
    ):
        if (offset := data.find(byte)) >= 0:
            yield finding(offset, message, remedy)
    if not _is_utf8(data):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"byte 0x{data[error.start]:02x} is not UTF-8"
            yield finding(error.start, message, "save the file as UTF-8")
    if 0 < rest <= longest:  # who read a longer one may have cut it off
        remedy = "the last line was cut off; restore it, or end it with a line feed"
        yield finding(len(data), "does not end with a line feed", remedy)
    if max((*lengths, rest)) > longest:
        number = next(n for n, length in enumerate((*lengths, rest), 1) if length > longest)
        yield too_long(shown, longest, number)
    if 0 in lengths:
        yield _empty(shown, lengths.index(0) + 1)
