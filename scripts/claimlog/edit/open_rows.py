"""Rows of the open batch as its files hold them, one by one, also where a line cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from claimlog.edit.open_batch import open_folder
from claimlog.log.read_file import read_bytes
from claimlog.package import Package
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import STREAMS, Table
from claimlog.strict_json import decode_object

PLACE = re.compile(rf"(?P<stream>{'|'.join(STREAMS)}):(?P<line>[1-9][0-9]{{0,9}})")
"""Place of a row in the open batch, as people write it."""

Entity = tuple[str, str]
"""Stream and identifier."""


@dataclass(frozen=True)
class OpenRow:
    """A row of the open batch.

    Attributes
    ----------
    line
        Its line in the stream's file, from 1.
    data
        The line as it is, without line feed.
    content
        Its columns; empty if the line cannot be read, which `flaw` says the reason of.
    """

    stream: str
    line: int
    data: bytes
    content: Mapping[str, Any] = field(default_factory=dict)
    flaw: str | None = None

    @property
    def place(self) -> str:
        return f"{self.stream}:{self.line}"

    @property
    def identifier(self) -> str | None:
        """Identifier of the entity, if the line has one."""
        name = self.content.get(f"{self.stream.removesuffix('s')}_id")
        return name if isinstance(name, str) else None

    @property
    def entity(self) -> Entity | None:
        return (self.stream, self.identifier) if self.identifier else None

    @property
    def version(self) -> int:
        """Version of the entity; 0 if the line gives none."""
        version = self.content.get("version")
        return version if isinstance(version, int) else 0


def open_rows(package: Package) -> list[OpenRow]:
    """Return the rows of the open batch, stream by stream; none if there is no open batch.

    Raises
    ------
    ClaimlogError
        If a file of it cannot be read.
    """
    place = open_folder(package)
    rows: list[OpenRow] = []
    for stream in STREAMS:
        path = place / f"{stream}.ndjson"
        if path.exists():
            data = read_bytes(path, package.relative(path))
            lines = data.removesuffix(b"\n").split(b"\n") if data else []
            rows += [_row(stream, number, line) for number, line in enumerate(lines, 1)]
    return rows


def _row(stream: str, number: int, data: bytes) -> OpenRow:
    try:
        return OpenRow(stream, number, data, decode_object(data.decode("utf-8")))
    except UnicodeDecodeError:
        return OpenRow(stream, number, data, flaw="not UTF-8")
    except ValueError as error:
        return OpenRow(stream, number, data, flaw=str(error))


def summary(row: OpenRow, definition: Definition) -> str:
    """Return what a row says in a few words: its table's label, or else its natural key."""
    table = definition.tables.get(row.stream)
    label = row.content.get(table.spec.get("label", "")) if table else None
    if isinstance(label, str):
        return label
    key = definition.streams[row.stream].natural_key
    return " ".join(str(row.content.get(name)) for name in key.columns) if key else ""


def references(row: OpenRow, table: Table) -> Iterator[Entity]:
    """Yield the entities that a row refers to."""
    for key in table.foreign_keys:
        yield key.table, str(row.content.get(key.column))
    for item in table.fields:
        parts = row.content.get(item.name)
        for part in parts if isinstance(parts, list) else ():
            if item.item is not None and item.item.references:
                yield item.item.references, str(part)
            for inner in item.fields:
                if inner.references and isinstance(part, dict):
                    yield inner.references, str(part.get(inner.name))
