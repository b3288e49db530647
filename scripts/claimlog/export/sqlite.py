"""SQLite: declared types, keys, foreign keys, indexes and full-text search.

Everything goes through the ADBC driver, which carries its own SQLite: the lock file then fixes the
library that writes the file, and with it the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import adbc_driver_sqlite.dbapi as sqlite
import polars as pl

from claimlog.errors import ClaimlogError
from claimlog.schema import Field, Table

TYPES = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}
MEMORY_KIB = 262_144  # page cache while writing
SLICE = 131_072  # rows handed to SQLite at once
SETTINGS = (
    # the file is new and published by a rename: a journal would protect nothing
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA page_size = 8192",
    f"PRAGMA cache_size = -{MEMORY_KIB}",
    "PRAGMA temp_store = MEMORY",
)


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def create(table: Table) -> str:
    """Return the statement that makes a table."""
    parts = [_column(item) for item in table.fields]
    parts.append(f"PRIMARY KEY ({', '.join(map(quoted, table.primary_key))})")
    parts += [
        f"FOREIGN KEY ({quoted(key.column)}) REFERENCES {quoted(key.table)} "
        f"({quoted(key.reference)})"
        for key in table.foreign_keys
    ]
    # a bridge is nothing but its key: a rowid beside it would store everything twice
    kind = "STRICT, WITHOUT ROWID" if table.spec.get("bridge") else "STRICT"
    return f"CREATE TABLE {quoted(table.name)} (\n  " + ",\n  ".join(parts) + f"\n) {kind}"


def _column(item: Field) -> str:
    kind = TYPES.get(item.type, "TEXT")
    return f"{quoted(item.name)} {kind}{' NOT NULL' if item.required else ''}"


def indexes(table: Table) -> Iterator[str]:
    """Yield the statements that index a table."""
    for columns in table.spec.get("indexes", ()):
        name = quoted("_".join(("idx", table.name, *columns)))
        listed = ", ".join(map(quoted, columns))
        yield f"CREATE INDEX {name} ON {quoted(table.name)} ({listed})"


def search(table: Table) -> Iterator[str]:
    """Yield the statements that make a table's full-text index (FTS5, external content)."""
    if columns := table.spec.get("search"):
        name = quoted(f"{table.name}_fts")
        listed = ", ".join(map(quoted, columns))
        yield (
            f"CREATE VIRTUAL TABLE {name} USING fts5({listed}, "
            f"content={quoted(table.name)}, tokenize='porter unicode61')"
        )
        yield f"INSERT INTO {name}({name}) VALUES ('rebuild')"


def plain(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return a conformed table with values that SQLite knows: lists as JSON, times as text."""
    columns = []
    for item in table.fields:
        column = pl.col(item.name)
        if item.type == "array":
            # peel the struct that carries the encoder: {"x":…}
            json = pl.struct(x=column).struct.json_encode()
            columns.append(json.str.slice(5).str.strip_suffix("}").alias(item.name))
        elif item.type == "datetime":
            columns.append(column.dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
        elif item.type == "date":
            columns.append(column.dt.to_string("%Y-%m-%d"))
        elif item.type == "boolean":
            columns.append(column.cast(pl.Int64))
        elif item.enum is not None:
            columns.append(column.cast(pl.String))
        else:
            columns.append(column)
    return frame.select(columns)


def write_sqlite(
    frames: Mapping[str, pl.DataFrame],
    tables: Mapping[str, Table],
    path: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Write all tables into a new database; the same rows and library give the same bytes.

    Raises
    ------
    ClaimlogError
        If SQLite cannot write the file.
    """
    try:
        with (
            sqlite.connect(str(path), autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            _fill(cursor, frames, tables, progress)
    except sqlite.Error as error:
        raise ClaimlogError(
            f"{path.name}: cannot be written ({error}); is the disk full?"
        ) from error


def _fill(
    cursor: sqlite.Cursor,
    frames: Mapping[str, pl.DataFrame],
    tables: Mapping[str, Table],
    progress: Callable[[str], None],
) -> None:
    for setting in SETTINGS:
        cursor.execute(setting)
        cursor.fetchall()
    cursor.execute("BEGIN")
    for table in tables.values():
        cursor.execute(create(table))
    for name, frame in frames.items():
        # in slices: a second copy of the table would double the memory
        for part in frame.iter_slices(SLICE) if frame.height else ():
            data = plain(part, tables[name]).to_arrow(compat_level=pl.CompatLevel.oldest())
            cursor.adbc_ingest(name, data, mode="append")
        progress(f"SQLite {name}")
    for table in tables.values():
        for statement in (*indexes(table), *search(table)):
            cursor.execute(statement)
        progress(f"index {table.name}")
    cursor.execute("COMMIT")
    cursor.execute("PRAGMA analysis_limit = 1000")
    cursor.fetchall()
    cursor.execute("ANALYZE")
