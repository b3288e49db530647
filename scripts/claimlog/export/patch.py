"""Changing a copy of an earlier database to what it would be if it were built from nothing.

Rows and answers are the same; where a row lies in the file is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from claimlog.export.sqlite import DatabaseWriter, search_statements, sql_identifier
from claimlog.schema.table_schema import Table

REMOVED_IDS = "claimlog_gone"


class DatabasePatch(DatabaseWriter):
    """A copy of a database, to be changed; use it as a context, and `settle` it at the end."""

    def __init__(self, path: Path, tables: Mapping[str, Table]) -> None:
        super().__init__(path, tables, new=False)

    def drop(self, names: Mapping[str, str], gone: pl.Series) -> None:
        """Remove rows, and remember whose: `names` gives each table's column of the entity."""
        with self._told():
            self._run(f"CREATE TABLE {REMOVED_IDS} (id TEXT PRIMARY KEY) WITHOUT ROWID")
            rows = pl.DataFrame({"id": gone}).to_arrow(compat_level=pl.CompatLevel.oldest())
            self._cursor.adbc_ingest(REMOVED_IDS, rows, mode="append")
            for name, column in names.items():
                removed = f"{sql_identifier(column)} IN (SELECT id FROM {REMOVED_IDS})"
                for statement in search_statements(self.tables[name], removed):
                    self._run(statement.remove)
                self._run(f"DELETE FROM {sql_identifier(name)} WHERE {removed}")

    def refill(self, name: str, frame: pl.DataFrame) -> None:
        """Replace all rows of a table."""
        with self._told():
            self._run(f"DELETE FROM {sql_identifier(name)}")
        self.fill(name, frame)
        with self._told():
            for index in search_statements(self.tables[name]):
                self._run(index.rebuild)

    def settle(self, names: Mapping[str, str]) -> dict[str, int]:
        """Index what came in for what was dropped, and commit; return the rows of each table."""
        rows = {}
        with self._told():
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
