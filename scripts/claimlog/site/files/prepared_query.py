"""The page of a prepared query where there is no server: what it asks, its SQL, and its rows.

A package may be a stranger's. Its queries run in a process that restricts what SQL may do, and are
ended after a number of steps: a number of seconds would give other pages on another machine. One
step can take minutes and gigabytes all the same. Whatever reaches the limits of the process fails
the command, so that no page depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from claimlog.errors import ClaimlogError
from claimlog.site.datasette_internals import canned_queries
from claimlog.site.files.query_clock import prepared_seconds
from claimlog.site.page import Page, PageNotFound, PageRequest
from claimlog.site.protection.reader_limits import VALUE_BYTES, WORKER_BYTES
from claimlog.site.store import Row, Store
from claimlog.sql_process import SQLITE_LIMITS, Answer, Worker

ROWS = 200
"""Rows of a query that its page lists, as Datasette's does."""

STEPS = 20_000_000
"""Steps of SQLite's machine for one query: about a second."""

ROW_BYTES, ANSWER_BYTES = 4_000_000, 24_000_000
"""Of all rows of a page, as text and as JSON; no row is read after these."""

PROCESSOR_SECONDS = 30
"""Of the processor for one query: what `STEPS` takes, more than ten times."""

VARIES = "It asks for the present time or for chance, so that only a server answers it."

MACHINE_ERRORS = frozenset(
    (*("interrupted", "out of memory", "disk I/O error", "unable to open database file"),)
)
"""What SQLite says when a limit of the process is reached; on another machine it may not be."""

TOO_LONG = "Its rows are too long for a page."
PARAMETER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


async def prepared_query(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return a prepared query with its first rows; its parameters are empty and choose nothing."""
    name = request.identifiers["query"]
    query = (await canned_queries(store.datasette, store.name)).get(name)
    if query is None:
        raise PageNotFound(f"There is no prepared query {name[:60]}.")
    names = sorted(set(PARAMETER.findall(query["sql"])))
    process = PROCESSES.setdefault(store.datasette, QueryProcess())
    answer = process.run(name, Path(store.database.path), query["sql"], names)
    return {
        "title": query.get("title") or name,
        "description": query.get("description") or "",
        "name": name,
        "sql": query["sql"].strip(),
        "parameters": names,
        **page_rows(answer),
    }


class QueryProcess:
    """The process that runs the prepared queries of a site, one after the other."""

    def __init__(self) -> None:
        self._worker: Worker | None = None
        self._left: float | None = None

    def start(self) -> None:
        """Start it, if it does not run."""
        if self._worker is None:
            self._worker = Worker()

    def end(self) -> None:
        """End it, if it runs."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def run(self, name: str, database: Path, sql: str, parameters: Collection[str]) -> Answer:
        """Return the answer to a query of a database, with parameters that are empty.

        Raises
        ------
        ClaimlogError
            If it reaches a limit of the process.
        """
        self.start()
        assert self._worker is not None
        seconds = prepared_seconds(database.stat().st_size)
        left = seconds if self._left is None else self._left
        job = {
            "uri": f"{database.resolve().as_uri()}?immutable=1",
            "sql": sql,
            "params": dict.fromkeys(parameters, ""),
            "rows": ROWS,
            "most": ROWS,
            "names": ROW_BYTES,
            "steps": STEPS,
            "repeatable": True,
            "seconds": left,
            "cpu": PROCESSOR_SECONDS,
            "value_bytes": VALUE_BYTES,
            "answer_bytes": ANSWER_BYTES,
            "memory": WORKER_BYTES,
            "limits": SQLITE_LIMITS,
        }
        started = monotonic()
        answer = self._worker.run(job)
        self._left = max(0.0, left - (monotonic() - started))
        of_the_machine = answer.get("message") in MACHINE_ERRORS
        if answer.get("error") in ("Died", "MemoryError") or of_the_machine:
            self.end()
            raise ClaimlogError(
                f"the prepared query {name}: its page takes more than {PROCESSOR_SECONDS} seconds "
                f"of the processor or {WORKER_BYTES // 1_000_000} MB of memory, or the queries "
                f"together more than {seconds:.0f} seconds; have it ask for less, or take it out"
            )
        return answer


PROCESSES: WeakKeyDictionary[Any, QueryProcess] = WeakKeyDictionary()
"""The process of each Datasette of which pages are drawn."""


def page_rows(answer: Answer) -> Row:
    """Return the columns and first rows of a query, or why there are none."""
    none: Row = {"columns": [], "rows": [], "more": False}
    if error := answer.get("error"):
        failures = {
            "TooManySteps": "It takes too long for a page.",
            "Varies": VARIES,
            **dict.fromkeys(("TooMuch", "LongNames"), TOO_LONG),
        }
        return none | {"failure": failures.get(error, f"It fails: {answer['message']}.")}
    found = [[_printable(cell) for cell in row] for row in answer["rows"]]
    if sum(len(str(cell)) for row in found for cell in row) > ROW_BYTES:
        return none | {"failure": TOO_LONG}
    return {"columns": answer["names"], "rows": found, "more": answer["truncated"], "failure": None}


def _printable(cell: Any) -> Any:
    return f"{len(cell)} bytes" if isinstance(cell, bytes) else cell


QUERY_PAGE = Page(r"/queries/(?P<query>[^/.]+)", "claimlog_prepared_query.html", prepared_query)
"""A server has Datasette's own page of a query in its place."""
