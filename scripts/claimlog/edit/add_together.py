"""Adding rows of several streams and authors to the open batch: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from claimlog.edit.add_amend_retract import Addition, make_writer
from claimlog.edit.append_lines import append_streams
from claimlog.edit.duplicates import RowIndex
from claimlog.edit.log_lock import locked_log
from claimlog.edit.row_writer import Writer, as_lines
from claimlog.log.canonical import encode
from claimlog.package import Package
from claimlog.sources.text import Texts


@dataclass(frozen=True)
class Part:
    """New rows of one stream by one author: the columns given of each."""

    stream: str
    rows: Sequence[Mapping[str, Any]]
    recorded_by: str


def add_together(
    package: Package, parts: Sequence[Part], texts: Texts | None, today: date | None = None
) -> list[Addition]:
    """Assert new entities in the open batch, in one step; no entity twice.

    Returns
    -------
    list
        What was added of each part, and what was there already.

    Raises
    ------
    ClaimlogError
        If a row cannot be made, or the clock is in doubt.
    FindingsError
        If the log would break a rule.
    """
    with locked_log(package) as sealed:
        writer = make_writer(sealed, texts, "", today)
        for part in parts:
            writer.names.expect(part.stream, part.rows)
        additions = []
        lines: dict[str, list[bytes]] = {}
        for part in parts:
            writer.recorded_by = part.recorded_by
            addition = _new_rows(writer, part)
            additions.append(addition)
            lines.setdefault(part.stream, []).extend(as_lines(addition.rows))
        if new := {stream: own for stream, own in lines.items() if own}:
            append_streams(sealed, new, texts)
    return additions


def _new_rows(writer: Writer, part: Part) -> Addition:
    addition = Addition([], [])
    contents = [writer.content(part.stream, given) for given in part.rows]
    for content in contents:
        encode(content)
    table = writer.log.definition.streams[part.stream]
    writer.last.read(part.stream, (content.get(table.id) for content in contents))
    index = RowIndex(writer.log, table, contents)
    for number, content in enumerate(contents, 1):
        duplicate = index.duplicate(content)
        if duplicate is not None:
            addition.duplicates.append(duplicate)
            continue
        row = writer.assertion(part.stream, content)
        addition.rows.append(row)
        index.enter(row, f"row {number}")
    return addition
