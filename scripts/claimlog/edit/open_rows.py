"""Rows of the open batch as its files hold them, one by one, also where a line cannot be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from claimlog.edit.open_batch import open_batch
from claimlog.edit.replace_references import references
from claimlog.errors import ClaimlogError
from claimlog.limits import NAME
from claimlog.log.lines import MOST_LISTED, is_crowded
from claimlog.log.read_file import read_bytes
from claimlog.package import Package
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table
from claimlog.schema.thresholds import read_thresholds
from claimlog.strict_json import decode_object
from claimlog.untrusted_files import is_dense

PLACE = re.compile(rf"(?P<stream>{NAME.strip('^$')}):(?P<line>[1-9][0-9]{{0,9}})", re.ASCII)
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
    table
        Schema of its stream; None if the package does not declare the stream.
    content
        Its columns; empty if the line cannot be read, which `flaw` says the reason of.
    """

    stream: str
    line: int
    data: bytes
    table: Table | None
    content: Mapping[str, Any] = field(default_factory=dict)
    flaw: str | None = None

    @property
    def place(self) -> str:
        return f"{self.stream}:{self.line}"

    @property
    def identifier(self) -> str | None:
        """Identifier of the entity, if the line has one."""
        name = self.content.get(self.table.id) if self.table else None
        return name if isinstance(name, str) else None

    def is_called(self, name: str) -> bool:
        """Whether a name is its identifier, or STREAM/IDENTIFIER."""
        return name in (self.identifier, f"{self.stream}/{self.identifier}")

    @property
    def entity(self) -> Entity | None:
        return (self.stream, self.identifier) if self.identifier else None

    @property
    def version(self) -> int:
        """Version of the entity; 0 if the line gives none."""
        version = self.content.get("version")
        return version if isinstance(version, int) else 0


def open_rows(package: Package, streams: Mapping[str, Table]) -> list[OpenRow]:
    """Return the rows of the open batch, stream by stream; none if there is no open batch.

    Parameters
    ----------
    streams
        The streams that the package declares.

    Raises
    ------
    ClaimlogError
        If a file of it cannot be read, or more lines of it than can be listed.
    """
    batch = open_batch(package)
    rows: list[OpenRow] = []
    if batch is None:
        return rows
    longest = read_thresholds(package)["line_bytes"]
    for stream in batch.streams:
        path = batch.path / f"{stream}.ndjson"
        if path.exists():
            shown = f"{batch.shown}/{path.name}"
            rows += _rows(stream, streams.get(stream), read_bytes(path, shown), shown, longest)
    return rows


def _rows(
    stream: str, table: Table | None, data: bytes, shown: str, longest: int
) -> Iterator[OpenRow]:
    """Yield the rows of a file, and refuse one that claimlog has not written.

    Its lines may be hundreds of millions, each of which would be listed as unreadable.
    """
    flawed = 0
    is_long = data.count(b"\n") > MOST_LISTED
    if is_long and table is None:
        raise ClaimlogError(
            f"{shown}: schemas/ does not declare the stream {stream}, and its rows are more than "
            "are listed line by line; go back to the schemas that declare it, or move the file away"
        )
    if (is_long and table is not None and is_crowded(data, table)) or is_dense(data):
        raise _no_rows(shown)
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n") if data else [], 1):
        row = (
            _row(stream, table, number, line)
            if len(line) <= longest
            else OpenRow(stream, number, line, table, flaw=f"longer than {longest:,} bytes")
        )
        flawed += row.flaw is not None
        if flawed > MOST_LISTED:
            raise _no_rows(shown)
        yield row


def _no_rows(shown: str) -> ClaimlogError:
    return ClaimlogError(
        f"{shown}: holds what are no rows, and more than is listed line by line; restore it from "
        "a copy, or move it away"
    )


def _row(stream: str, table: Table | None, number: int, data: bytes) -> OpenRow:
    if table is None:
        flaw = f"schemas/ does not declare the stream {stream}"
        return OpenRow(stream, number, data, None, flaw=flaw)
    try:
        return OpenRow(stream, number, data, table, decode_object(data.decode("utf-8")))
    except UnicodeDecodeError:
        return OpenRow(stream, number, data, table, flaw="not UTF-8")
    except ValueError as error:
        return OpenRow(stream, number, data, table, flaw=str(error))


def summary(row: OpenRow, definition: Definition) -> str:
    """Return what a row says in a few words: its table's label, its natural key, or a description.

    Where a stream has none of these it is the first free text of the row, else its first code.
    """
    table = definition.tables.get(row.stream)
    label = row.content.get(table.spec.get("label", "")) if table else None
    if isinstance(label, str):
        return label
    key = row.table.natural_key if row.table else None
    if key:
        return " ".join(str(row.content.get(name)) for name in key.columns)
    columns = row.table.fields if row.table else ()
    said = [item for item in columns if isinstance(row.content.get(item.name), str)]
    best = [item for item in said if item.free_text and item.name != "reason"] or [
        item for item in said if item.codelist and item.name != "action"
    ]
    return str(row.content[best[0].name]) if best else ""


def row_counts(rows: Sequence[OpenRow]) -> str:
    """Return the number of rows of each stream in words."""
    counts = Counter(row.stream for row in rows)
    entities = {row.stream: row.table.entity for row in rows if row.table}
    words = [
        f"{count:,} {entities.get(name, name) if count == 1 else name}"
        for name, count in counts.items()
    ]
    return ", ".join(words)


def entities_named(row: OpenRow, streams: Collection[str] = ()) -> Iterator[Entity]:
    """Yield the entities that a row refers to, in columns of any row those of some streams."""
    for one in references(row.content, row.table, streams) if row.table else ():
        yield one.stream, str(one.identifier)
