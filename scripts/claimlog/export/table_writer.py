"""Writing tables to SQLite and Parquet at once, piece by piece, while the next is computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import polars as pl

from claimlog.export.parquet import ParquetFile
from claimlog.export.sqlite import DatabaseWriter
from claimlog.schema.table_schema import Table

QUEUE_PIECES = 6
"""Pieces that wait to be written; more would fill the memory with tables."""


class TableWriter:
    """Writer of tables to a database and to Parquet files, in a thread each.

    Both leave the interpreter for C, so each thread uses a core of its own.

    Use it as a context, which waits for all that was added and closes the Parquet files. ``rows``
    counts what was added, by table.
    """

    def __init__(self, database: DatabaseWriter, folder: Path, tables: Mapping[str, Table]) -> None:
        self.database = database
        self.rows: dict[str, int] = {}
        self._files = {
            name: ParquetFile(folder / f"{name}.parquet", table) for name, table in tables.items()
        }
        self._waiting: deque[Future[None]] = deque()
        self._filling = ThreadPoolExecutor(1)
        self._writing = ThreadPoolExecutor(1)

    def __enter__(self) -> TableWriter:
        return self

    def add(self, name: str, frame: pl.DataFrame) -> None:
        """Have a piece of a table written; pieces of a table come in the order of its key."""
        self.rows[name] = self.rows.get(name, 0) + frame.height
        while len(self._waiting) >= QUEUE_PIECES:
            self._waiting.popleft().result()
        self._waiting.append(self._filling.submit(self.database.fill, name, frame))
        self._waiting.append(self._writing.submit(self._files[name].add, frame))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for pool in (self._filling, self._writing):
            pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            for waiting in self._waiting:
                waiting.result()
            for file in self._files.values():
                file.close()
