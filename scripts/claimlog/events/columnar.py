"""Sealed bulk batches as Parquet: the same rows and the same leaf hashes as NDJSON, in less space.

A leaf is the hash of a row's canonical line, so the lines are written from the columns and hashed.
That they are the lines which were sealed is proved by the tree's root.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from claimlog.errors import ClaimlogError, Finding
from claimlog.events.canonical import encode, explain, needs_care, render
from claimlog.events.lines import Lines, arrow_schema
from claimlog.schema import Table

ROWS = 65_536
"""Rows that are read at once."""

RESTORE = "a sealed batch never changes: restore the file from git"


def write_rows(frame: pl.DataFrame, table: Table, path: Path) -> None:
    """Write a stream's frame, in the order of its lines, as a file that `read_rows` reads."""
    rows = frame.select(table.names).to_arrow(compat_level=pl.CompatLevel.oldest())
    pq.write_table(rows.cast(arrow_schema(table)), path, compression="zstd", row_group_size=ROWS)


def read_rows(path: Path, table: Table, shown: str) -> Iterator[Lines]:
    """Read a stream's Parquet file, some rows at a time.

    Yields
    ------
    Lines
        Rows, leaves and findings of a piece; ``size`` and ``sha256`` are the caller's to fill in.
    """
    try:
        file = pq.ParquetFile(path)
        if findings := [*_columns(file.schema_arrow, table, shown)]:
            yield Lines(findings=findings)
            return
        before = 0
        for batch in file.iter_batches(ROWS, columns=list(table.names)):
            rows = pa.Table.from_batches([batch]).cast(arrow_schema(table))
            rows.validate(full=True)
            yield _lines(rows, table, shown, before)
            before += rows.num_rows
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        message = f"cannot be read as Parquet ({reason})"
        yield Lines(findings=[Finding("bytes", shown, message, remedy=RESTORE)])


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
        elif not _plain(found.field(field.name).type).equals(_plain(field.type)):
            kind = found.field(field.name).type
            message = f'column "{field.name}" is {kind}, expected {field.type}'
            yield Finding("type", shown, message, remedy=RESTORE)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return a type without what makes no difference to its values."""
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(pa.field("item", _plain(kind.value_type)))
    if pa.types.is_struct(kind):
        parts = sorted(kind, key=lambda part: part.name)
        return pa.struct([(part.name, _plain(part.type)) for part in parts])
    return kind


def _lines(rows: pa.Table, table: Table, shown: str, before: int) -> Lines:
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)
    result = Lines(rows=frame.height)
    lines = render(frame, table).to_list()
    careful = frame.select(needs_care(table)).to_series()
    for index in (careful | pl.Series(line is None for line in lines)).arg_true():
        try:
            lines[index] = encode(frame.row(index, named=True)).decode() + "\n"
            flaws = explain(lines[index][:-1], table)
        except ClaimlogError as error:
            result.findings.append(
                Finding("canonical", shown, str(error), before + index + 1, remedy=RESTORE)
            )
            continue
        result.findings += [
            Finding(flaw.rule, shown, flaw.message, before + index + 1, remedy=flaw.remedy)
            for flaw in flaws
        ]
    if not result.findings:
        result.frame = frame
        result.leaves = [sha256(b"\x00" + line[:-1].encode()).digest() for line in lines]
    return result
