"""Processes for readers' SQL, bounded in number, time, memory and size of their answers.

SQLite looks at the clock between the steps of a query. One step can take minutes, and so can
planning a query before its first step (a chain of doubled CTEs takes 8 GB in 1,300 characters);
only the end of a process ends these.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

from claimlog.escaping import printable_line
from claimlog.site.datasette_internals import (
    DatasetteError,
    Execute,
    QueryInterrupted,
    Results,
    mark_schema_questions,
    replace_execute,
)
from claimlog.site.protection import reader_limits
from claimlog.site.protection.known_errors import KnownErrors
from claimlog.site.protection.reader_request import CURRENT, ReaderRequest, as_site_sql
from claimlog.site.protection.response_sender import SEND_BUDGET, ClientGone
from claimlog.site.protection.server_queries import most_rows, run_site_query
from claimlog.site.protection.slots import ServerBusy, Slots
from claimlog.sql_process import Answer, Job, Worker
from claimlog.sql_worker import restrict


class ReaderPool:
    """Workers for the readers of one Datasette, started when they are needed."""

    def __init__(self) -> None:
        most = reader_limits.READERS + reader_limits.STREAMS
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="claimlog-reader")
        self._idle: list[Worker] = []
        self._requests = Slots(reader_limits.READERS, reader_limits.WAITING)
        self._streams = Slots(reader_limits.STREAMS, reader_limits.STREAMS_WAITING)

    def start(self) -> None:
        """Start a worker, so that the first reader need not wait for it."""
        if not self._idle:
            self._idle.append(Worker())

    async def admit(self, request: ReaderRequest) -> None:
        """Give a request a slot, which it holds until it finishes, in place of one for pages.

        Raises
        ------
        ServerBusy
            If too many wait, or it takes too long.
        QueryInterrupted
            If its client has gone meanwhile; nobody waits in its place.
        """
        if request.admitted:
            return
        request.admitted = True
        request.give_back()
        slots = self._streams if request.stream else self._requests
        place = asyncio.ensure_future(self._take_slot(request, slots))
        request.cancel_wait = place.cancel
        try:
            await place
        except asyncio.CancelledError:
            if not request.client_gone:
                raise
            raise QueryInterrupted(None, request.sql, None) from None
        finally:
            request.cancel_wait = None

    async def _take_slot(self, request: ReaderRequest, slots: Slots) -> None:
        """Wait for a slot and note in the request how it is given back.

        Here and not in `admit`, which may be cancelled in the round in which the slot is given.
        """
        request.release = self._with_room(request, await slots.acquire(request.peer))

    def _with_room(self, request: ReaderRequest, release: Callable[[], None]) -> Callable[[], None]:
        """Set room for an answer aside beside a slot, and return what gives both back."""
        size = 0 if request.stream else reader_limits.ANSWER_BYTES
        if not SEND_BUDGET.take(request.peer, size):
            release()
            raise ServerBusy

        def give_back() -> None:
            release()
            SEND_BUDGET.give_back(request.peer, size)

        return give_back

    async def run(self, job: Job) -> Answer:
        """Return the answer of a worker to a job."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, job)

    def close(self) -> None:
        """End the processes, and the threads once their queries have ended, which is soon."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        while self._idle:
            self._idle.pop().end()

    def _run(self, job: Job) -> Answer:
        """Run a job in a worker; what takes time with its answer is done here, off the loop."""
        worker = self._take()
        answer = worker.run(job)
        self._idle.append(worker if worker.alive else Worker())
        return answer if "error" in answer else {"results": _results(answer)}

    def _take(self) -> Worker:
        """Return an idle worker that nobody has ended meanwhile, or a new one."""
        while self._idle:
            with suppress(IndexError):
                worker = self._idle.pop()
                if worker.ready:
                    return worker
                worker.end()
        return Worker()


POOLS: WeakKeyDictionary[Any, ReaderPool] = WeakKeyDictionary()
"""The pool of each Datasette that has started."""


def divert_reader_sql(datasette: Any, name: str, pool: ReaderPool) -> None:
    """Have the readers' SQL for an immutable database run in the pool."""
    database = datasette.databases[name]
    errors = KnownErrors()
    uri = f"{Path(database.path).resolve().as_uri()}?immutable=1"

    def wrap(_: Execute) -> Execute:
        async def execute(
            sql: str,
            params: Any = None,
            truncate: bool = False,
            custom_time_limit: int | None = None,
            page_size: int | None = None,
            log_sql_errors: bool = True,  # noqa: ARG001
        ) -> Results:
            request = CURRENT.get()
            if request is None or not request.chosen:
                try:
                    return await run_site_query(
                        datasette, database, sql, params, truncate, custom_time_limit, page_size
                    )
                except QueryInterrupted:
                    if request is not None:
                        request.interrupted = True
                    raise
            if known := errors.find(sql):
                raise _error(known, request, sql, params)
            await pool.admit(request)
            most = min(custom_time_limit or 1e9, datasette.setting("sql_time_limit_ms")) / 1000
            seconds = min(most, request.seconds)
            if request.client_gone and request.answered:
                raise ClientGone
            if seconds <= 0 or request.client_gone:
                raise QueryInterrupted(None, sql, params)
            rows = most_rows(datasette, page_size) if truncate else None
            if rows is not None and sql == request.sql:
                rows = reader_limits.QUERY_ROWS
            # a canned query's own parameters that Datasette would compute are not in a copy
            values = dict(params) if isinstance(params, dict) else list(params or ())
            job = _job(request, uri, sql, values, seconds, rows)
            started = perf_counter()
            running = asyncio.ensure_future(pool.run(job))
            request.hold(running)
            try:
                answer = await asyncio.shield(running)
            finally:
                request.seconds -= perf_counter() - started
            if "error" in answer:
                errors.note(sql, answer)
                raise _error(answer, request, sql, params)
            results: Results = answer["results"]
            if request.format is None and sql == request.sql:
                _cut_rows(results)
            return results

        return execute

    replace_execute(database, wrap)
    mark_schema_questions(database, as_site_sql)


def _job(
    request: ReaderRequest, uri: str, sql: str, params: Any, seconds: float, rows: int | None
) -> Job:
    """Return a query with its limits; without a number of `rows`, its rows are only counted."""
    value_bytes, answer_bytes = reader_limits.VALUE_BYTES, reader_limits.ANSWER_BYTES
    if rows is None:
        value_bytes = answer_bytes = reader_limits.COUNT_BYTES
    return {
        "uri": uri,
        "sql": sql,
        "params": params,
        "rows": rows,
        "most": reader_limits.MOST_ROWS,
        "names": reader_limits.NAMES_CHARACTERS,
        "seconds": seconds,
        "value_bytes": value_bytes,
        "answer_bytes": answer_bytes,
        "as_json": request.format is not None,
        "blob_bytes": reader_limits.BLOB_BYTES,
        "parsed": list(request.parsed),
        "parts": reader_limits.JSON_PARTS,
        "memory": reader_limits.WORKER_BYTES,
        "limits": reader_limits.SQLITE,
    }


def restrict_own(connection: sqlite3.Connection, name: str) -> None:
    """Restrict a connection of the server itself to one of the databases that it serves.

    Its SQL is ours, but the file may be a stranger's: what computes in it is no more than may
    compute for a reader.
    """
    if not name.startswith("_"):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, reader_limits.VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        restrict(connection)


def _error(answer: Answer, request: ReaderRequest, sql: str, params: Any) -> Exception:
    """Return what Datasette would have raised; for a query as CSV, what it answers with an error.

    It would send an empty file, as if the query had found nothing.
    """
    kind, message = answer["error"], answer.get("message", "")
    if message == "interrupted":
        stopped: Exception = QueryInterrupted(None, sql, params)
        return stopped
    if kind == "TooMuch":
        message = (
            f"the answer has more than {reader_limits.ANSWER_BYTES // 1_000_000} MB; "
            "ask for fewer rows or columns"
        )
    elif kind == "TooManyParts":
        message = (
            f"more than {reader_limits.JSON_PARTS:,} values to parse as JSON; ask for fewer rows"
        )
    elif kind == "TooManyRows":
        message = f"more than {reader_limits.MOST_ROWS:,} rows where a few were asked for"
    elif kind == "LongNames":
        message = "the names of the columns are too long; ask for fewer columns, or name them"
    elif "too big" in message:
        message = f"a value has more than {reader_limits.VALUE_BYTES // 1_000_000} MB"
    elif kind in ("Died", "MemoryError"):
        message = "the query needs more memory or time than a reader's may have"
    # one line: Datasette writes it to the log, and it may quote the query
    said = printable_line(message or kind)[: reader_limits.MESSAGE_CHARACTERS]
    if request.format == "csv" and sql == request.sql:
        refused: Exception = DatasetteError(said, title="Invalid SQL", status=400)
        return refused
    return sqlite3.OperationalError(said)


def _results(answer: Answer) -> Results:
    """Return an answer as Datasette expects it, with rows whose cells have names."""
    names: Sequence[str] = answer["names"]
    quoted = ", ".join('null as "{}"'.format(name.replace('"', '""')) for name in names)
    with closing(sqlite3.connect(":memory:")) as blank:
        cursor = blank.execute(f"select {quoted}")
        rows = [sqlite3.Row(cursor, row) for row in answer["rows"]]
        return Results(rows, answer["truncated"], cursor.description)


def _cut_rows(results: Results) -> None:
    """Cut the rows to so many as a page renders quickly; the page says that there are more."""
    left = reader_limits.CELLS
    for place, row in enumerate(results.rows):
        left -= sum(reader_limits.BLOB_CELLS if isinstance(cell, bytes) else 1 for cell in row)
        if left < 0 and place:
            results.rows, results.truncated = results.rows[:place], True
            return
