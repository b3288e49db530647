"""The clock of a site's own queries where its pages are drawn as files.

A server gives a query two seconds and answers with a page that says so. What is drawn must not
depend on how fast a machine is, so here a query may take longer, and one that takes too long fails
the command. A build may be a stranger's: a query of it could go on without end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from claimlog.errors import ClaimlogError
from claimlog.site.datasette_internals import (
    Execute,
    ExecuteFn,
    QueryInterrupted,
    Results,
    replace_execute,
    replace_execute_fn,
)
from claimlog.site.protection.server_queries import time_limit

QUERY_SECONDS, QUERY_SECONDS_PER_MB = 60, 1
"""Of a query of a page: those of 100,000 claims, with 300 MB, take seconds."""

PAGES_SECONDS, PAGES_SECONDS_PER_MB = 600, 10
"""Of all queries of all pages: drawing the pages of 100,000 claims takes ten minutes in all."""

PREPARED_SECONDS, PREPARED_SECONDS_PER_MB = 300, 2
"""Of all prepared queries: there may be 200, of about a second each; ours take four in all."""


def query_seconds(size: int) -> float:
    """Return how long a query may take of databases of so many bytes together."""
    return QUERY_SECONDS + QUERY_SECONDS_PER_MB * size / 1e6


def pages_seconds(size: int) -> float:
    """Return how long all queries of pages may take."""
    return PAGES_SECONDS + PAGES_SECONDS_PER_MB * size / 1e6


def prepared_seconds(size: int) -> float:
    """Return how long all prepared queries may take."""
    return PREPARED_SECONDS + PREPARED_SECONDS_PER_MB * size / 1e6


class QueryClock:
    """Counts down the time of the queries of a site's own pages."""

    def __init__(self, size: int) -> None:
        self.seconds, self.all_seconds = query_seconds(size), pages_seconds(size)
        self._left = self.all_seconds

    def limit(self, database: Any) -> None:
        """Have a database of Datasette's end what takes too long, as a failure of the command."""
        replace_execute(database, self._told)
        replace_execute_fn(database, lambda execute: self._limited(database.name, execute))

    def _told(self, execute: Execute) -> Execute:
        """Tell Datasette what is left: within a query its own clock takes the place of ours."""

        async def run(
            sql: str,
            params: Any = None,
            truncate: bool = False,
            custom_time_limit: int | None = None,
            *args: Any,
            **given: Any,
        ) -> Results:
            left = max(1, int(1000 * self._seconds_of_next))
            limit = min(custom_time_limit or left, left)
            return await execute(sql, params, truncate, limit, *args, **given)

        return run

    def _limited(self, name: str, execute: ExecuteFn) -> ExecuteFn:
        async def run(function: Callable[[sqlite3.Connection], Any]) -> Any:
            def limited(connection: sqlite3.Connection) -> Any:
                with time_limit(connection, self._seconds_of_next):
                    return function(connection)

            with self._counted(name):
                return await execute(limited)

        return run

    @contextmanager
    def watch(self, name: str, connection: sqlite3.Connection) -> Iterator[None]:
        """Have SQLite end what a connection of its own does, to read a database piece by piece.

        What is done with the pieces meanwhile takes of the time, too.
        """
        with self._counted(name), time_limit(connection, self._seconds_of_next):
            yield

    @property
    def _seconds_of_next(self) -> float:
        return min(self.seconds, self._left)

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        """Take the time of what is done from the time that is left; nothing begins without any."""
        if self._left == 0:
            raise self._too_long(name)
        started = monotonic()
        try:
            yield
        except (QueryInterrupted, sqlite3.OperationalError) as error:
            if isinstance(error, sqlite3.Error) and error.args != ("interrupted",):
                raise
            raise self._too_long(name) from error
        finally:
            self._left = max(0.0, self._left - (monotonic() - started))

    def _too_long(self, name: str) -> ClaimlogError:
        return ClaimlogError(
            f"{name}.db: a query of a page takes longer than {self.seconds:.0f} seconds, "
            f"or those of all pages than {self.all_seconds:.0f}; if it is your own, make "
            "it anew with claimlog build, and of a stranger's draw nothing"
        )


CLOCKS: WeakKeyDictionary[Any, QueryClock] = WeakKeyDictionary()
"""The clock of each Datasette of which pages are drawn."""
