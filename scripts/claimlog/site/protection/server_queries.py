"""Queries of the server's own: our pages and Datasette's, over files that a stranger may have made.

Their SQL is ours, so that they run in the server's process. How much they return is bounded all the
same, because rows and values are the file's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from time import monotonic
from typing import Any

from claimlog.site.datasette_internals import QueryInterrupted, Results
from claimlog.site.protection import reader_limits

STEPS = 1_000
"""SQLite's steps between looks at the clock."""


def most_rows(datasette: Any, page_size: int | None) -> int:
    """Return the most rows that Datasette is given, which cuts off the rest."""
    rows = int(datasette.setting("max_returned_rows"))
    # one more than a page says that there are more
    return rows + 1 if rows == (page_size or datasette.setting("default_page_size")) else rows


async def run_site_query(
    datasette: Any,
    database: Any,
    sql: str,
    params: Any = None,
    truncate: bool = False,
    custom_time_limit: int | None = None,
    page_size: int | None = None,
) -> Results:
    """Run SQL of our own as Datasette would, within bounds.

    Raises
    ------
    QueryInterrupted
        If it takes too long.
    sqlite3.Error
        If it fails, or gives more than `reader_limits.OWN_BYTES`.
    """
    limit = datasette.setting("sql_time_limit_ms")
    seconds = min(custom_time_limit or limit, limit) / 1000
    most = most_rows(datasette, page_size) if truncate else None

    def run(connection: sqlite3.Connection) -> Results:
        try:
            with time_limit(connection, seconds):
                cursor = connection.execute(sql, params if params is not None else {})
                rows = list(_bounded(islice(cursor, None if most is None else most + 1)))
        except sqlite3.Error as error:  # logged where it is answered, in one line
            if error.args == ("interrupted",):
                raise QueryInterrupted(error, sql, params) from None
            raise
        more = most is not None and len(rows) > most
        return Results(rows[:most], more, cursor.description)

    result: Results = await database.execute_fn(run)
    return result


_ENDS: dict[int, float] = {}
"""By identity of a connection, when what it does now has to be over."""


@contextmanager
def time_limit(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Have SQLite interrupt what a connection does after so many seconds.

    A limit inside of another one does not outlast that, nor lift it.
    """
    outer = _ENDS.get(id(connection))
    end = monotonic() + seconds if outer is None else min(outer, monotonic() + seconds)
    _interrupt_after(connection, end)
    try:
        yield
    finally:
        _interrupt_after(connection, outer)


def _interrupt_after(connection: sqlite3.Connection, end: float | None) -> None:
    if end is None:
        _ENDS.pop(id(connection), None)
        connection.set_progress_handler(None, STEPS)
    else:
        _ENDS[id(connection)] = end
        connection.set_progress_handler(lambda: monotonic() > end, STEPS)


def _bounded(rows: Iterator[sqlite3.Row]) -> Iterator[sqlite3.Row]:
    """Yield rows as long as they do not take too much memory together."""
    left = reader_limits.OWN_BYTES
    for row in rows:
        for cell in row:
            if type(cell) is str or type(cell) is bytes:
                left -= len(cell)
        if left < 0:
            raise sqlite3.OperationalError(
                f"the rows of a page have more than {reader_limits.OWN_BYTES // 1_000_000} MB"
            )
        yield row
