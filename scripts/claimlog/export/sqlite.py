"""SQLite: declared types, keys, foreign keys, indexes and full-text search.

Everything goes through the ADBC driver, which carries its own SQLite: the lock file then fixes the
library that writes the file, and with it the bytes.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

import adbc_driver_sqlite.dbapi as sqlite
import polars as pl

from claimlog.command_limits import LOG, factor_given, how_to_raise, source_bytes
from claimlog.errors import ClaimlogError, UnfitRowsError
from claimlog.export.table_types import SCHEMA_REMEDY, SHOWN_TIME_FORMAT, list_json
from claimlog.limits import MIB
from claimlog.schema.table_schema import Field, Table

SQLITE_TYPES = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}
MEMORY_KIB = 65_536  # page cache while writing, and of what is sorted at once
SORTERS = 2  # threads that sort for an index beside the one that reads
SEARCH_BYTES = 67_108_864
"""Words of a search index held before they are written; with SQLite's own 1 MB, merging what was
written takes as long as reading the words."""

FILE_BYTES, FILE_TIMES = 256 * MIB, 256
"""Bytes that a database may take, and further ones for each byte of the log: that of a log as lines
takes three times its size, and of one in columns twelve times."""

PAGE_BYTES = 8192
ROOM = MIB
"""Free bytes of a disk that is not full: SQLite writes single pages to it."""

SLICE_ROWS = 131_072  # rows handed to SQLite at once
SETTINGS = (
    # the file is new and published by a rename: a journal would protect nothing
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    f"PRAGMA page_size = {PAGE_BYTES}",
    f"PRAGMA cache_size = -{MEMORY_KIB}",
    # in memory SQLite would sort all of an index at once, in one thread
    "PRAGMA temp_store = FILE",
    f"PRAGMA threads = {SORTERS}",
)


def sql_identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def create_statement(table: Table, key_first: bool = True, has_checks: bool = True) -> str:
    """Return the statement that makes a table.

    Parameters
    ----------
    key_first
        Whether a bridge begins with the columns of its key; releases up to 0.2.0 have them in the
        order of the schema.
    has_checks
        Whether a column of yes and no takes nothing but 1 and 0; in releases up to 0.3.0 it takes
        any integer.
    """
    # those of the key first: SQLite before 3.41 takes a table without rowids whose columns are in
    # another order than its key for damaged (PRAGMA quick_check)
    order = dict.fromkeys(table.primary_key if key_first and table.spec.get("bridge") else ())
    columns = [table.by_name[name] for name in {**order, **dict.fromkeys(table.names)}]
    parts = [_column(item, has_checks) for item in columns]
    parts.append(f"PRIMARY KEY ({', '.join(map(sql_identifier, table.primary_key))})")
    parts += [
        f"FOREIGN KEY ({sql_identifier(key.column)}) REFERENCES {sql_identifier(key.table)} "
        f"({sql_identifier(key.reference)})"
        for key in table.foreign_keys
    ]
    # a bridge is nothing but its key: a rowid beside it would store everything twice
    kind = "STRICT, WITHOUT ROWID" if table.spec.get("bridge") else "STRICT"
    return f"CREATE TABLE {sql_identifier(table.name)} (\n  " + ",\n  ".join(parts) + f"\n) {kind}"


def _column(item: Field, has_check: bool) -> str:
    kind = SQLITE_TYPES.get(item.type, "TEXT")
    name = sql_identifier(item.name)
    check = f" CHECK ({name} IN (0, 1))" if has_check and item.type == "boolean" else ""
    return f"{name} {kind}{' NOT NULL' if item.required else ''}{check}"


def index_statements(table: Table) -> Iterator[str]:
    """Yield the statements that index a table."""
    for columns in table.spec.get("indexes", ()):
        name = sql_identifier("_".join(("idx", table.name, *columns)))
        names = ", ".join(map(sql_identifier, columns))
        yield f"CREATE INDEX {name} ON {sql_identifier(table.name)} ({names})"


class SearchStatements(NamedTuple):
    """Statements about the full-text index of a table (FTS5, external content)."""

    create: str
    set_memory: str
    rebuild: str
    remove: str
    insert: str


def search_statements(table: Table, where: str = "TRUE") -> Iterator[SearchStatements]:
    """Yield the statements about a table's index, if it has one.

    ``remove`` and ``insert`` are for rows `where`. Rows are removed from the index while they are
    still in the table.
    """
    if columns := table.spec.get("search"):
        name = sql_identifier(f"{table.name}_fts")
        names = ", ".join(map(sql_identifier, columns))
        rows = f"FROM {sql_identifier(table.name)} WHERE {where}"
        yield SearchStatements(
            f"CREATE VIRTUAL TABLE {name} USING fts5({names}, "
            f"content={sql_identifier(table.name)}, tokenize='porter unicode61')",
            f"INSERT INTO {name}({name}, rank) VALUES ('hashsize', {SEARCH_BYTES})",
            f"INSERT INTO {name}({name}) VALUES ('rebuild')",
            f"INSERT INTO {name}({name}, rowid, {names}) SELECT 'delete', rowid, {names} {rows}",
            f"INSERT INTO {name}(rowid, {names}) SELECT rowid, {names} {rows}",
        )


def sqlite_values(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return a conformed table with values that SQLite knows: lists as JSON, times as text."""
    columns = []
    for item in table.fields:
        column = pl.col(item.name)
        if item.type == "array":
            columns.append(list_json(column).alias(item.name))
        elif item.type == "datetime":
            columns.append(column.dt.to_string(SHOWN_TIME_FORMAT))
        elif item.type == "date":
            columns.append(column.dt.to_string("%Y-%m-%d"))
        elif item.type == "boolean":
            columns.append(column.cast(pl.Int64))
        elif item.enum is not None:
            columns.append(column.cast(pl.String))
        else:
            columns.append(column)
    return frame.select(columns)


class DatabaseWriter:
    """A new database, filled table by table; the same rows and library give the same bytes.

    Use it as a context; `finish` makes the indexes and commits.

    Raises
    ------
    ClaimlogError
        If SQLite cannot write the file.
    """

    def __init__(
        self,
        path: Path,
        tables: Mapping[str, Table],
        views: Sequence[str] = (),
        new: bool = True,
    ) -> None:
        self.path = path
        self.tables = tables
        self.views = views
        self.new = new
        most = factor_given() * (FILE_BYTES + FILE_TIMES * source_bytes(LOG))
        self._most_bytes = max(PAGE_BYTES, int(most))  # SQLite takes no pages for no limit
        # in the main thread the driver takes Ctrl-C for itself, and may lose it
        self._thread = ThreadPoolExecutor(1)
        # it is known to the pool before it has work: Ctrl-C while a thread starts may lose it, and
        # then nobody would wait until it has left the file alone
        self._thread.submit(int).result()
        self._is_given_up = threading.Event()
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._thread.submit(self._open).result()
        except BaseException:
            self._end()
            raise
        return self

    def _open(self) -> None:
        with self._report_errors():
            connection = sqlite.connect(str(self.path), autocommit=True)
            self._cursor = self._opened.enter_context(closing(connection)).cursor()
            self._opened.enter_context(closing(self._cursor))
            for setting in SETTINGS:
                self._run(setting)
            self._run(f"PRAGMA max_page_count = {self._most_bytes // PAGE_BYTES}")
            self._run("BEGIN")
            for table in self.tables.values() if self.new else ():
                self._run(create_statement(table))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._is_given_up.set()
        self._end()

    def _end(self) -> None:
        self._thread.submit(self._opened.close).result()
        self._thread.shutdown()

    def fill(self, name: str, frame: pl.DataFrame) -> None:
        """Put a conformed frame's rows into its table."""
        with self._report_errors():
            # in slices: a second copy of the table would double the memory
            for part in frame.iter_slices(SLICE_ROWS) if frame.height else ():
                data = sqlite_values(part, self.tables[name])
                arrow = data.to_arrow(compat_level=pl.CompatLevel.oldest())
                self._cursor.adbc_ingest(name, arrow, mode="append")

    def finish(self, progress: Callable[[str], None] = lambda _: None) -> None:
        """Index every table and commit."""
        self._thread.submit(self._finish, progress).result()

    def _finish(self, progress: Callable[[str], None]) -> None:
        with self._report_errors():
            for table in self.tables.values():
                for statement in index_statements(table):
                    self._run(statement)
                for index in search_statements(table):
                    self._run(index.create)
                    self._run(index.set_memory)
                    self._run(index.rebuild)
                progress(f"index {table.name}")
            for view in self.views:
                self._run(view)
            self._commit()

    def _commit(self) -> None:
        self._run("COMMIT")
        self._run("PRAGMA analysis_limit = 1000")
        self._run("ANALYZE")

    def _run(self, statement: str) -> None:
        if self._is_given_up.is_set():
            # the driver cannot break off a statement; at least none begins after Ctrl-C
            raise ClaimlogError(f"{self.path.name}: was given up; run this again")
        self._cursor.execute(statement)
        if statement.startswith("PRAGMA"):
            self._cursor.fetchall()  # a pragma takes effect when its answer is read

    @contextmanager
    def _report_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite.Error as error:
            said = str(error).splitlines()[0]
            if twice := re.search(r"UNIQUE constraint failed: ([\w., ]+)", said):
                message = f"two rows agree in {twice[1].strip()}, by which they are told apart"
                raise ClaimlogError(f"{self.path.name}: {message}; make them one") from error
            if "constraint failed" in said:
                message = f"{self.path.name}: cannot hold a row ({said}); {SCHEMA_REMEDY}"
                raise UnfitRowsError(message) from error
            if "disk is full" in said and self._is_largest():
                message = f"{self.path.name}: takes more than {self._most_bytes:,} bytes"
                raise ClaimlogError(f"{message}; nothing was replaced; {how_to_raise()}") from error
            remedy = "is the disk full?" if "disk is full" in said else "look after the disk"
            message = f"cannot be written ({said}); {remedy}"
            raise ClaimlogError(f"{self.path.name}: {message}") from error

    def _is_largest(self) -> bool:
        """Whether the file is as large as it may be, with pages that are still in memory.

        It may be near that too where the disk is full.
        """
        is_near = self.path.stat().st_size + 1024 * MEMORY_KIB >= self._most_bytes
        return is_near and shutil.disk_usage(self.path.parent).free >= ROOM
