"""A state of the dataset, at a release or as the log stands: its size and its tables' shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.log.event_log import Log
from claimlog.log.release_index import ReleaseEntry
from claimlog.release.enclosing_release import find_known_release
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table

HEAD = "head"
"""What users call the log as it stands."""

Shape = Mapping[str, Mapping[str, Any]]
"""Key and columns of every table, as an entry of the index holds them."""


@dataclass(frozen=True)
class DatasetState:
    """A state of the dataset: the first `size` rows of the log, compiled to tables of a shape."""

    label: str
    size: int
    tables: Shape

    @classmethod
    def of_name(cls, log: Log, name: str) -> DatasetState:
        """Return the state that a user names: the version of a release, or head.

        Raises
        ------
        ClaimlogError
            If the index has no such release, or the log does not begin with it.
        """
        if name == HEAD:
            return cls.of_head(log, HEAD)
        return cls.of_entry(find_known_release(log, name))

    @classmethod
    def of_entry(cls, entry: ReleaseEntry) -> DatasetState:
        return cls(str(entry.version), entry.size, entry.data["tables"])

    @classmethod
    def of_head(cls, log: Log, label: str, size: int | None = None) -> DatasetState:
        return cls(label, log.size if size is None else size, table_shapes(log.definition))


def table_shapes(definition: Definition) -> dict[str, dict[str, Any]]:
    """Return key and columns with their types of every compiled table."""
    return {name: table_shape(table) for name, table in definition.tables.items()}


def table_shape(table: Table) -> dict[str, Any]:
    return {
        "key": list(table.primary_key),
        "columns": {item.name: item.type for item in table.fields},
    }
