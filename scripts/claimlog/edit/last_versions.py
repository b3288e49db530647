"""Last versions of entities: those that a file names are read at once, others one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError
from claimlog.log.event_log import Log

NEEDED = ("version", "action", "recorded_at")


class LastVersions:
    """The last version of each entity of a log, retracted ones included."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._rows: dict[str, pl.DataFrame] = {}
        self._places: dict[str, dict[str, int | None]] = {}

    def read(self, stream: str, identifiers: Iterable[object]) -> None:
        """Read the last versions of the entities that rows of a file name.

        To look for each of them alone takes a time that grows with the rows of the file times those
        of the log.
        """
        wanted = {name for name in identifiers if isinstance(name, str)}
        if not wanted:
            return
        table = self.log.definition.streams[stream]
        ids = pl.Series([*wanted], dtype=pl.String)
        rows = self.log.rows_of(stream, ids, (*table.names, "seq")).sort("seq")
        self._rows[stream] = rows.unique(table.id, keep="last", maintain_order=True)
        places = {name: place for place, name in enumerate(self._rows[stream][table.id])}
        self._places[stream] = {name: places.get(name) for name in wanted}

    def of(self, stream: str, identifier: str) -> dict[str, Any] | None:
        """Return the last version of an entity; None if there is none.

        Raises
        ------
        ClaimlogError
            If the row says no version, action or time.
        """
        places = self._places.get(stream, {})
        if identifier in places:
            place = places[identifier]
            rows = self._rows[stream].slice(place, 1) if place is not None else None
        else:
            rows = self.log.history(stream, identifier).tail(1)
        if rows is None or rows.is_empty():
            return None
        [last] = rows.select(self.log.definition.streams[stream].names).to_dicts()
        for name in NEEDED:
            if last[name] is None:
                raise ClaimlogError(
                    f'{identifier} has no "{name}"; run claimlog validate to see where'
                )
        return last
