"""Finding an entity by its identifier, with all its versions, those of the open batch included."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

from claimlog.edit.open_batch import read_with_open
from claimlog.errors import SHOWN_LENGTH, ClaimlogError, suggest
from claimlog.log.event_log import Log
from claimlog.log.takedowns import TakenRow
from claimlog.package import Package
from claimlog.schema.table_schema import Table


class FoundEntity(NamedTuple):
    """An entity of a log: its stream, its bare identifier, and all its versions, oldest first."""

    stream: str
    identifier: str
    versions: pl.DataFrame


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
    found = find_entity(log, identifier)
    table = log.definition.streams[found.stream]
    columns = ("seq", "event_id", "batch", *table.names)
    taken = [*log.taken_of(found.stream, found.identifier).values()]
    return table, found.versions.select(columns).to_dicts(), taken


def find_entity(log: Log, identifier: str) -> FoundEntity:
    """Return an entity by its identifier.

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
        stream, versions = found[0]
        return FoundEntity(stream, name, versions)
    known = (known for stream in log.streams for known in log.ids(stream))
    near = suggest(identifier, known)
    raise ClaimlogError(f'nothing has the identifier "{identifier[:SHOWN_LENGTH]}"{near}')
