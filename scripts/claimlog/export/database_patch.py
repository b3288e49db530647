"""Patching a copy of an earlier database until it says what one from nothing would.

Rows and answers are the same; where a row lies in the file is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from claimlog.errors import ClaimlogError
from claimlog.export.sqlite import (
    DatabaseWriter,
    create_statement,
    index_statements,
    search_statements,
    sql_identifier,
)
from claimlog.schema.table_schema import Table

REMOVED_IDS = "claimlog_removed"
"""Table, while patching, of the entities whose rows were removed."""


class DatabasePatch(DatabaseWriter):
    """A database being changed; use it as a context, and call `index_and_commit` at its end."""

    def __init__(self, path: Path, tables: Mapping[str, Table]) -> None:
        super().__init__(path, tables, new=False)

    def _open(self) -> None:
        super()._open()
        with self._report_errors():
            self._cursor.execute("SELECT type, name, sql FROM sqlite_schema")
            self._refuse_foreign_objects(self._cursor.fetchall())

    def _refuse_foreign_objects(self, found: Sequence[tuple[str, str, str | None]]) -> None:
        """Refuse triggers, and tables and indexes that compute: patching would run them."""
        own = {name: create_statement(table) for name, table in self.tables.items()}
        indexing = {sql for table in self.tables.values() for sql in index_statements(table)}
        for kind, name, sql in found:
            if (
                kind == "trigger"
                or (kind == "index" and sql is not None and sql not in indexing)
                or (kind == "table" and sql != own.get(name, sql))
            ):
                raise ClaimlogError(
                    f"{self.path.name}: the {kind} {name[:80]!r} is none that claimlog makes; "
                    "build from nothing: claimlog build --force"
                )

    def remove_rows(self, names: Mapping[str, str], ids: pl.Series) -> None:
        """Remove the rows of some entities; `names` gives each table's column of the entity."""
        with self._report_errors():
            self._run(f"CREATE TABLE {REMOVED_IDS} (id TEXT PRIMARY KEY) WITHOUT ROWID")
            rows = pl.DataFrame({"id": ids}).to_arrow(compat_level=pl.CompatLevel.oldest())
            self._cursor.adbc_ingest(REMOVED_IDS, rows, mode="append")
            for name, column in names.items():
                removed = f"{sql_identifier(column)} IN (SELECT id FROM {REMOVED_IDS})"
                for statement in search_statements(self.tables[name], removed):
                    self._run(statement.remove)
                self._run(f"DELETE FROM {sql_identifier(name)} WHERE {removed}")

    def replace_rows(self, name: str, frame: pl.DataFrame) -> None:
        """Replace all rows of a table."""
        with self._report_errors():
            self._run(f"DELETE FROM {sql_identifier(name)}")
        self.fill(name, frame)
        with self._report_errors():
            for index in search_statements(self.tables[name]):
                self._run(index.rebuild)

    def index_and_commit(self, names: Mapping[str, str]) -> dict[str, int]:
        """Index the new rows of removed entities, and commit; return the rows of each table."""
        rows = {}
        with self._report_errors():
            for name, column in names.items():
                for index in search_statements(
                    self.tables[name], f"{column} IN (SELECT id FROM {REMOVED_IDS})"
                ):
                    self._run(index.insert)
            self._run(f"DROP TABLE {REMOVED_IDS}")
            for name in self.tables:
                self._cursor.execute(f"SELECT count(*) FROM {sql_identifier(name)}")
                (rows[name],) = self._cursor.fetchone() or (0,)
            self._commit()
        return rows
