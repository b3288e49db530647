"""Finding an entity by its identifier, with all its versions, those of the open batch included."""

from __future__ import annotations

from typing import Any

import polars as pl

from claimlog.edit.open_batch import read_with_open
from claimlog.errors import ClaimlogError, suggest
from claimlog.log.event_log import Log
from claimlog.log.takedowns import TakenRow
from claimlog.package import Package
from claimlog.schema.table_schema import Table


def entity_history(
    package: Package, identifier: str
) -> tuple[Table, list[dict[str, Any]], list[TakenRow]]:
    """Return the schema of an entity, its versions, oldest first, and those that were taken down.

    Versions of the open batch are included.

    Raises
    ------
    ClaimlogError
        As `find_entity` does, or if the log cannot be read.
    """
    log = read_with_open(package)
    log.require_readable()
    stream, rows = find_entity(log, identifier)
    table = log.definition.streams[stream]
    columns = ("seq", "event_id", "batch", *table.names)
    taken = [*log.taken_of(stream, identifier).values()]
    return table, rows.select(columns).to_dicts(), taken


def find_entity(log: Log, identifier: str) -> tuple[str, pl.DataFrame]:
    """Return the stream of an entity and all its versions, oldest first.

    Parameters
    ----------
    identifier
        As the entity has it, or as STREAM/IDENTIFIER.

    Raises
    ------
    ClaimlogError
        If no stream has the identifier, or several have.
    """
    prefix, _, rest = identifier.partition("/")
    named, name = ((prefix,), rest) if prefix in log.streams else (log.streams, identifier)
    found = [(s, rows) for s in named if not (rows := log.history(s, name)).is_empty()]
    if len(found) > 1:
        places = " or ".join(f"{stream}/{name}" for stream, _ in found)
        raise ClaimlogError(f'more than one stream has the identifier "{name}"; write {places}')
    if found:
        return found[0]
    known = tuple(name for stream in log.streams for name in log.ids(stream))
    raise ClaimlogError(f'nothing has the identifier "{identifier}"{suggest(identifier, known)}')
