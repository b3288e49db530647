"""Columns of any row (``anyRow``): which stream has what they name, if entities are renamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from claimlog.edit.replace_references import Renames, any_row_names
from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Table


class DoubtfulReference(NamedTuple):
    """A column of any row that names what one stream renames and another does not, or otherwise.

    Attributes
    ----------
    position
        Of its row, from 0.
    streams
        Those that have the identifier, in the order of the definition.
    """

    position: int
    column: str
    identifier: str
    streams: list[str]


def doubtful_references(
    log: Log,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    renames: Renames,
    beside: Collection[tuple[str, str]] = (),
) -> Iterator[DoubtfulReference]:
    """Yield what rows of a stream name so that somebody must say which entity they mean.

    Parameters
    ----------
    log
        What the rows come after.
    beside
        Entities that it does not have, and that the rows may mean, by stream and identifier.
    """
    named = [
        (position, column, name)
        for position, row in enumerate(rows)
        for column, name in any_row_names(row, table)
        if any(name in new for new in renames.values())
    ]
    known = _streams_by_name(log, {name for _, _, name in named})
    for position, column, name in named:
        streams = [
            stream
            for stream in log.definition.streams
            if stream in known[name] or (stream, name) in beside or name in renames.get(stream, ())
        ]
        if len({renames.get(stream, {}).get(name, name) for stream in streams}) > 1:
            yield DoubtfulReference(position, column, name, streams)


def _streams_by_name(log: Log, names: Collection[str]) -> dict[str, set[str]]:
    """Return the streams that have each identifier, retracted entities included."""
    found: dict[str, set[str]] = {name: set() for name in names}
    wanted = pl.Series(sorted(names), dtype=pl.String)
    for stream, table in log.definition.streams.items():
        for name in log.rows_of(stream, wanted, [table.id])[table.id].unique():
            found[name].add(stream)
    return found
