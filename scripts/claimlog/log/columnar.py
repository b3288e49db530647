"""Sealed bulk batches as Parquet: the same rows and the same leaf hashes as NDJSON, in less space.

A leaf is the hash of a row's canonical line, so the lines are written from the columns and hashed.
That they are the lines which were sealed is proved by the tree's root.
"""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from claimlog.errors import ClaimlogError, Finding, Suggestions
from claimlog.limits import (
    PARQUET_BYTES_A_ROW,
    PARQUET_BYTES_FREE,
    PARQUET_CELL_BYTES,
    PARQUET_ENCODINGS,
    PARQUET_EXPANSION,
    PARQUET_ITEM_BYTES,
    PARQUET_PAGE_BYTES,
    PARQUET_PAGES,
    PARQUET_ROW_BYTES,
    PARQUET_ROWS_FREE,
    PARQUET_VALUES_A_PAGE,
    THRESHOLDS,
)
from claimlog.log.arrow_types import arrow_schema, parquet_elements
from claimlog.log.canonical import encode, explain, least_line_bytes, needs_care, render
from claimlog.log.lines import COMPARED_KEYS, MOST_LISTED, too_long
from claimlog.log.parquet_bounds import GroupBounds
from claimlog.log.parquet_lists import list_flaw
from claimlog.log.parquet_pages import (
    DATA_V2,
    UNCOMPRESSED,
    Chunk,
    Footer,
    layout_flaw,
    pages,
    read_footer,
)
from claimlog.log.parquet_schema import has_inner_notes, is_list, schema_flaws
from claimlog.log.stream_file import Lines
from claimlog.schema.table_schema import Table

ROWS = 65_536
"""Rows that are read at once."""

AT_ONCE = 64 << 20
"""Bytes that the rows of a piece take, about."""

WRITTEN_AT_ONCE = 8 << 20
"""Bytes of text that are written as lines at once, about: they may take 24 times that, as escapes
of six characters, of which each takes four bytes in Python beside one beyond U+FFFF."""

WRITTEN_ITEM_BYTES = 256
"""Bytes that a value of a list takes while its row is written as a line, or twice that if it is a
number that has to be looked at."""

GROUP_BYTES = 256 << 20
"""Bytes of lines that a row group is made of, about: a column of Arrow's holds 2 GiB of text."""

PAGE_VALUES = 1024
"""Values after which a writer looks whether a page is full, unless they are long."""

RESTORE = "a sealed batch never changes: restore the file from git"


def write_readable_rows(
    frame: pl.DataFrame,
    table: Table,
    path: Path,
    leaves: Sequence[bytes],
    room: int,
    longest: int,
) -> int:
    """Write a stream's frame as `write_rows` does, and read it as every later command will.

    Rows so much alike that the file would unpack to more than it may are not compressed.

    Parameters
    ----------
    leaves
        The leaf hashes that the rows must have when they are read.
    room
        The largest ``excess`` that they may have.
    longest
        Length of the longest line allowed, in bytes.

    Returns
    -------
    int
        The ``excess`` that they have.

    Raises
    ------
    ClaimlogError
        If they cannot be written so that they are read.
    """
    flaw: str | None = None
    for is_packed in (True, False):
        write_rows(frame, table, path, is_packed)
        excess, flaw = _read_back(path, table, leaves, longest)
        if flaw is None and excess <= room:
            return excess
        flaw = flaw or _bomb(path.stat().st_size)
    raise ClaimlogError(f"its rows would not be read again from Parquet ({flaw})")


def write_rows(frame: pl.DataFrame, table: Table, path: Path, is_packed: bool = True) -> None:
    """Write a stream's frame, in the order of its lines, as a Parquet file, compressed or not."""
    schema = arrow_schema(table)
    sizes = frame.select(least_line_bytes(table)).to_series()
    # a page is not ended before so many values, and must not unpack to more than one may
    at_once = PARQUET_PAGE_BYTES // 2 // max([1, *sizes.top_k(1)])
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd" if is_packed else "none",
        use_dictionary=is_packed,
        write_batch_size=max(1, min(PAGE_VALUES, at_once)),
    ) as file:
        # without rows there is no group: an empty one has columns that lie nowhere
        for first, number in _runs(sizes, GROUP_BYTES):
            rows = frame.slice(first, number).select(table.names)
            file.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))


def _read_back(
    path: Path, table: Table, leaves: Sequence[bytes], longest: int
) -> tuple[int, str | None]:
    """Return the excess of a file, and why it is not read as rows with these leaf hashes, if so."""
    before = excess = 0
    for lines in read_rows(path, table, path.name, len(leaves), longest):
        if lines.findings:
            return excess, lines.findings[0].message
        if lines.leaves != leaves[before : before + lines.rows]:
            return excess, "they come out as others"
        before += lines.rows
        excess = max(excess, lines.excess)
    return excess, None if before == len(leaves) else "some are missing"


def written_lines(frame: pl.DataFrame, table: Table) -> Iterator[bytes]:
    """Yield the canonical line of each row of a sound frame, without line feed."""
    careful = frame.select(needs_care(table)).to_series()
    for index, line in enumerate(render(frame, table)):
        if line is None or careful[index]:
            yield encode(frame.row(index, named=True))
        else:
            yield line[:-1].encode()


def read_rows(
    path: Path,
    table: Table,
    shown: str,
    expected: int | None = None,
    longest: int = THRESHOLDS["line_bytes"],
) -> Iterator[Lines]:
    """Read a stream's Parquet file, some rows at a time.

    A few kilobytes of Parquet can say that they are a billion rows, or a megabyte a cell. So rows
    and their empty cells are counted from the footer, and sizes summed from the headers of pages,
    before any is read; text is read as codes of a dictionary, measured, and only then written out,
    a bounded part of it at a time.

    Parameters
    ----------
    expected
        Number of rows that the manifest gives; None for any.
    longest
        Length of the longest line allowed, in bytes.

    Yields
    ------
    Lines
        Rows, leaves and findings of a piece; ``size`` and ``sha256`` are the caller's to fill in.

    Raises
    ------
    ClaimlogError
        If the system cannot read the file.
    """
    try:
        size = path.stat().st_size
        least = PARQUET_ROW_BYTES + PARQUET_CELL_BYTES * len(table.fields)
        try:
            footer = read_footer(path, parquet_elements(arrow_schema(table)))
            findings = [*_sizes(path, footer, size, expected, least, shown)]
        except ValueError as error:
            yield Lines(findings=[_unreadable(shown, str(error))])
            return
        if not findings:
            with pq.ParquetFile(path) as file:
                found, metadata = file.schema_arrow, file.metadata
            try:
                findings += [*_columns(found, table, shown)] or [*_otherwise(footer, found, shown)]
            except ValueError as error:
                findings = [_unreadable(shown, f"its note of a schema is none: {error}")]
        if findings:
            yield Lines(footer.num_rows, findings=findings)
            return
        yield from _pieces(path, footer, metadata, table, shown, size, least, longest)
    except UnicodeDecodeError:
        yield Lines(findings=[_unreadable(shown, "the name of a column is not UTF-8")])
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:
            raise ClaimlogError(f"{shown}: cannot be read ({os.strerror(error.errno)})") from error
        yield Lines(findings=[_unreadable(shown, (str(error).splitlines() or [""])[0][:200])])


def _unreadable(shown: str, reason: str) -> Finding:
    return Finding("bytes", shown, f"cannot be read as Parquet ({reason})", remedy=RESTORE)


def _sizes(
    path: Path, footer: Footer, size: int, expected: int | None, least: int, shown: str
) -> Iterator[Finding]:
    """Check numbers of rows and values, and the sizes of pages, before a page is unpacked.

    Raises
    ------
    ValueError
        If headers of pages cannot be read.
    """
    rows = footer.num_rows
    if expected is not None and rows != expected:
        message = f"its footer says {rows:,} rows, batch.json {expected:,}"
        yield Finding("bytes", shown, message, remedy=RESTORE)
        return
    if rows > max(PARQUET_ROWS_FREE, size // PARQUET_BYTES_A_ROW):
        yield _unreadable(shown, f"{rows:,} rows in {size:,} bytes are no rows of a log")
        return
    if _is_bomb(rows * least, size):
        yield _unreadable(shown, f"{rows:,} rows take {rows * least:,} bytes without a text")
        return
    if sum(group.num_rows for group in footer.groups) != rows:
        yield _unreadable(shown, "its footer counts its rows in two ways")
        return
    chunks = [chunk for group in footer.groups for chunk in group.chunks]
    further = sum(
        max(0, chunk.num_values - group.num_rows)
        for group in footer.groups
        for chunk in group.chunks
    )
    if _is_bomb(PARQUET_ITEM_BYTES * further, size):
        yield _unreadable(shown, f"{further:,} values more than rows in {size:,} bytes")
    elif (packed := sum(chunk.total_compressed_size for chunk in chunks)) > size:
        # their pages would be gone through again for each column
        yield _unreadable(shown, f"columns of {packed:,} bytes together in {size:,} bytes")
    elif flaw := _page_flaw(path, chunks, size):
        yield _unreadable(shown, flaw)


def _page_flaw(path: Path, chunks: list[Chunk], size: int) -> str | None:
    """Return why the pages of the columns are not read, if so."""
    unpacked = number = 0
    every = sum(chunk.num_values for chunk in chunks)
    most = PARQUET_PAGES + 2 * len(chunks) + every // PARQUET_VALUES_A_PAGE
    with path.open("rb") as file:
        for chunk in chunks:
            values, found = 0, Counter[tuple[int, int]]()
            for page in pages(file, chunk):
                number += 1
                found[page.kind, page.encoding] += 1
                unpacked += page.unpacked
                values += page.values
                if page.unpacked > PARQUET_PAGE_BYTES or _is_bomb(unpacked, size):
                    return _bomb(size)
                if number > most:
                    return f"it has more than {most:,} pages"
                if page.kind == DATA_V2 or page.encoding not in PARQUET_ENCODINGS:
                    return f"a page of {chunk.path_in_schema} has an encoding that no batch has"
                if chunk.codec == UNCOMPRESSED and page.packed != page.unpacked:
                    return f"a page of {chunk.path_in_schema} has two sizes"
            if values != chunk.num_values:
                return f"{chunk.path_in_schema} counts its values in two ways"
            if not chunk.fits(found):
                return f"it states other encodings of {chunk.path_in_schema} than its pages have"
    return None


def _is_bomb(unpacked: int, size: int) -> bool:
    return unpacked > PARQUET_BYTES_FREE + PARQUET_EXPANSION * size


def _bomb(size: int) -> str:
    return f"it unpacks to more than {PARQUET_EXPANSION} times its {size:,} bytes"


def _otherwise(footer: Footer, found: pa.Schema, shown: str) -> Iterator[Finding]:
    """Check that other programs read the same as Arrow does, as far as the footer says how."""
    groups = (group.chunks for group in footer.groups)
    flaw = (
        layout_flaw(footer)
        or next(schema_flaws(footer.elements, groups, found), None)
        or _note_flaw(footer, found)
    )
    if flaw:
        yield _unreadable(shown, flaw)


def _note_flaw(footer: Footer, found: pa.Schema) -> str | None:
    """Return how Arrow's own note differs from the types that were read; Polars goes by the note.

    Raises
    ------
    ValueError, pyarrow.ArrowException
        If it is none.
    """
    for _, note in footer.notes:
        stated = pa.ipc.read_schema(pa.BufferReader(base64.b64decode(note, validate=True)))
        kinds = [_plain(field.type, is_sorted=False) for field in stated]
        own = [_plain(field.type, is_sorted=False) for field in found]
        if stated.names != found.names or kinds != own:
            return "it has a note of other types for other programs"
        if stated.metadata or any(
            field.metadata or has_inner_notes(field.type) for field in stated
        ):
            return "it has notes for other programs"
    return None


def _pieces(
    path: Path,
    footer: Footer,
    metadata: pq.FileMetaData,
    table: Table,
    shown: str,
    size: int,
    least: int,
    longest: int,
) -> Iterator[Lines]:
    """Read rows whose number is known, in pieces of bounded size."""
    columns = [metadata.schema.column(at) for at in range(len(metadata.schema))]
    texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
    before = unpacked = listed = 0
    at_once = min(ROWS, max(1, AT_ONCE // least))
    with (
        path.open("rb") as headers,
        pq.ParquetFile(path, metadata=metadata, read_dictionary=texts) as file,
    ):
        for number, group in enumerate(footer.groups):
            bounds = GroupBounds(headers, group, file.schema_arrow.names)
            # of one group: texts in lists, read as codes, have other dictionaries in the next, and
            # Arrow joins none
            for batch in file.iter_batches(at_once, [number], [*table.names]):
                batch.validate(full=True)
                unpacked += _taken(batch, least, PARQUET_ITEM_BYTES)
                if _is_bomb(unpacked, size) or before + batch.num_rows > footer.num_rows:
                    yield Lines(findings=[_unreadable(shown, _bomb(size))])
                    return
                bounds.add(batch)
                for first, rows in _cuts(batch, least):
                    part = batch.slice(first, rows)
                    if rows == 1 and _is_bomb(_taken(part, least, WRITTEN_ITEM_BYTES), size):
                        yield Lines(findings=[_unreadable(shown, _bomb(size))])
                        return
                    lines = _lines(part, table, shown, before, longest)
                    lines.excess = max(0, unpacked - PARQUET_EXPANSION * size)
                    yield lines
                    before += rows
                    listed += len(lines.findings)
                    if listed >= MOST_LISTED:
                        return
            if flaw := bounds.flaw() or list_flaw(file, number, at_once):
                yield Lines(findings=[_unreadable(shown, flaw)])
                return


def _cuts(rows: pa.RecordBatch, least: int) -> Iterator[tuple[int, int]]:
    """Yield where rows are to be cut, and how many each part has.

    No part takes more than `AT_ONCE` while it is written out; but one row is never cut.
    """
    waiting = [(0, rows.num_rows)]
    while waiting:
        first, number = waiting.pop()
        if number > 1 and _taken(rows.slice(first, number), least, WRITTEN_ITEM_BYTES) > AT_ONCE:
            half = number // 2
            waiting += [(first + half, number - half), (first, half)]
        else:
            yield first, number


def _taken(rows: pa.RecordBatch, least: int, item: int) -> int:
    """Return the bytes of rows that count for `least` each, and values of lists for `item`."""
    cells = sum(_unpacked_bytes(column, item) for column in rows.columns)
    return cells + least * int(rows.num_rows)


def _unpacked_bytes(column: pa.Array, item: int) -> int:
    """Return the bytes of a column with the texts that its codes stand for written out."""
    if pa.types.is_dictionary(column.type):
        lengths = pc.binary_length(column.dictionary).cast(pa.int64())
        return int(pc.sum(lengths.take(column.indices)).as_py() or 0)
    if is_list(column.type):
        items = column.flatten()
        return _unpacked_bytes(items, item) + item * len(items) + 4 * len(column)
    if pa.types.is_struct(column.type):
        parts: list[pa.Array] = column.flatten()
        return sum(_unpacked_bytes(part, item) for part in parts)
    size: int = column.nbytes
    return size


def _columns(found: pa.Schema, table: Table, shown: str) -> Iterator[Finding]:
    """Check names and types of the columns."""
    wanted = arrow_schema(table)
    for name in found.names:
        if name not in wanted.names:
            message = f'unknown column "{name}"'
            yield Finding("keys", shown, message, remedy=f"see schemas/{table.name}.json")
    for field in wanted:
        if field.name not in found.names:
            message = f'missing column "{field.name}"'
            yield Finding("keys", shown, message, remedy=RESTORE)
        elif found.names.count(field.name) > 1:
            message = f'the column "{field.name}" stands there twice'
            yield Finding("keys", shown, message, remedy=RESTORE)
        elif not _plain(found.field(field.name).type).equals(_plain(field.type)):
            kind = found.field(field.name).type
            message = f'column "{field.name}" is {kind}, expected {field.type}'
            yield Finding("type", shown, message, remedy=RESTORE)


def _plain(kind: pa.DataType, is_sorted: bool = True) -> pa.DataType:
    """Return a type without what makes no difference to its values.

    Parameters
    ----------
    is_sorted
        Whether the order of the parts of an object makes none.
    """
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if is_list(kind):
        return pa.list_(pa.field("item", _plain(kind.value_type, is_sorted)))
    if pa.types.is_struct(kind):
        parts = sorted(kind, key=lambda part: part.name) if is_sorted else [*kind]
        return pa.struct([(part.name, _plain(part.type, is_sorted)) for part in parts])
    return kind


def _frame(rows: pa.RecordBatch, table: Table) -> pl.DataFrame:
    """Return rows whose texts are codes of dictionaries with the texts themselves."""
    columns = []
    for item in arrow_schema(table):
        column = rows[item.name]
        if pa.types.is_dictionary(column.type):
            # Arrow reserves as many bytes for each row as a text of the dictionary has on average
            columns.append(_series(column.dictionary).gather(_series(column.indices)))
        else:
            columns.append(_series(column.cast(item.type)))
    return pl.DataFrame(columns, table.names)


def _series(column: pa.Array) -> pl.Series:
    series = pl.from_arrow(column)
    assert isinstance(series, pl.Series)
    return series


def _lines(rows: pa.RecordBatch, table: Table, shown: str, before: int, longest: int) -> Lines:
    """Write rows out as lines, a bounded part of them at a time, and hash these."""
    frame = _frame(rows, table)
    result, suggestions = Lines(rows=frame.height), Suggestions(COMPARED_KEYS)
    sizes = frame.select(least_line_bytes(table)).to_series()
    for index in (sizes > longest).arg_true().head(MOST_LISTED):  # before any is written out
        result.findings.append(too_long(shown, longest, before + index + 1))
    for first, number in [] if result.findings else _runs(sizes, WRITTEN_AT_ONCE):
        part = frame.slice(first, number)
        lines = _written(part, table, shown, before + first, result, suggestions)
        for index, line in enumerate(lines):
            if len(line) > longest + 1:
                result.findings.append(too_long(shown, longest, before + first + index + 1))
        if len(result.findings) >= MOST_LISTED:
            break
        result.leaves += [sha256(b"\x00" + line[:-1]).digest() for line in lines]
    if result.findings:
        result.leaves = []
    else:
        result.frame = frame
    return result


def _runs(sizes: pl.Series, most: int) -> Iterator[tuple[int, int]]:
    """Yield where runs of rows begin that are written at once, and how many each has.

    Those have `most` bytes together at most, or are one row.
    """
    ends = sizes.cum_sum()
    first = done = 0
    while first < len(sizes):
        last = max(first + 1, ends.search_sorted(done + most, side="right"))
        last = min(last, first + ROWS)
        yield first, last - first
        first, done = last, ends[last - 1]


def _written(
    frame: pl.DataFrame,
    table: Table,
    shown: str,
    before: int,
    result: Lines,
    suggestions: Suggestions,
) -> list[bytes]:
    """Return rows as lines with their line feeds; what is wrong with them is added to a result."""
    texts = render(frame, table).to_list()
    careful = frame.select(needs_care(table)).to_series()
    for index in (careful | pl.Series(text is None for text in texts)).arg_true():
        if len(result.findings) >= MOST_LISTED:
            return []
        try:
            texts[index] = encode(frame.row(index, named=True)).decode() + "\n"
            flaws = explain(texts[index][:-1], table, suggestions)
        except ClaimlogError as error:
            texts[index] = ""
            result.findings.append(
                Finding("canonical", shown, str(error), before + index + 1, remedy=RESTORE)
            )
            continue
        result.findings += [
            Finding(flaw.rule, shown, flaw.message, before + index + 1, remedy=flaw.remedy)
            for flaw in flaws
        ]
    return [text.encode() for text in texts]
