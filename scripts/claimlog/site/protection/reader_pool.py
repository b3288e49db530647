"""Processes for readers' SQL, bounded in number, time, memory and size of their answers.

SQLite looks at the clock between the steps of a query. One step can take minutes, and so can
planning a query before its first step (a chain of doubled CTEs takes 8 GB in 1,300 characters);
only the end of a process ends these.
"""

from __future__ import annotations

import asyncio
import pickle
import re
import sqlite3
import subprocess
import sys
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

from claimlog.escaping import printable_line
from claimlog.site.datasette_internals import QueryInterrupted, Results, replace_execute
from claimlog.site.protection import reader_limits
from claimlog.site.protection.reader_request import CURRENT, ReaderRequest
from claimlog.site.protection.response_sender import ClientGone
from claimlog.site.protection.slots import Slots

WORKER = Path(__file__).with_name("sql_worker.py")
MAGIC_PARAMETER = re.compile(r":(_\w+)")
"""Parameters of canned queries that Datasette fills in, such as :_now_date_utc."""

Job = Mapping[str, Any]
Answer = dict[str, Any]


class Worker:
    """A process that runs one job after the other, and can be ended in the midst of one."""

    def __init__(self) -> None:
        self._channel, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(WORKER), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._end = weakref.finalize(self, _end, self._channel, self._process)

    @property
    def alive(self) -> bool:
        return self._end.alive

    @property
    def ready(self) -> bool:
        """Whether the process is there to take a job; the system may have ended it."""
        return self.alive and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, job: Job) -> Answer:
        """Return the answer to a job; end the process if there is none in time."""
        try:
            self._channel.send_bytes(pickle.dumps(job))
            if self._channel.poll(job["seconds"] + reader_limits.GRACE_SECONDS):
                answer: Answer = pickle.loads(self._channel.recv_bytes())
                if answer["spent"]:
                    self.end()
                return answer
        except (EOFError, OSError):
            self.end()
            return {"error": "Died"}
        self.end()
        return {"error": "OperationalError", "message": "interrupted"}

    def end(self) -> None:
        self._end()


def _end(channel: Connection, process: subprocess.Popen[bytes]) -> None:
    channel.close()
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


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
        """Give a request a slot, which it holds until it finishes.

        Raises
        ------
        ServerBusy
            If too many wait, or it takes too long.
        QueryInterrupted
            If its client has gone meanwhile; nobody waits in its place.
        """
        if request.release is not None:
            return
        slots = self._streams if request.stream else self._requests
        place = asyncio.ensure_future(slots.acquire(request.peer))
        request.cancel_wait = place.cancel
        try:
            request.release = await place
        except asyncio.CancelledError:
            if not request.client_gone:
                raise
            raise QueryInterrupted(None, request.sql, None) from None
        finally:
            request.cancel_wait = None

    async def run(self, job: Job) -> Answer:
        """Return the answer of a worker to a job."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, job)

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
    uri = f"{Path(database.path).resolve().as_uri()}?immutable=1"

    def wrap(own: Callable[..., Awaitable[Results]]) -> Callable[..., Awaitable[Results]]:
        async def execute(
            sql: str,
            params: Any = None,
            truncate: bool = False,
            custom_time_limit: int | None = None,
            page_size: int | None = None,
            log_sql_errors: bool = True,  # noqa: ARG001
        ) -> Results:
            request = CURRENT.get()
            if request is None or not request.may_choose(sql):
                # errors of our SQL are logged where they are answered, in one line
                return await own(sql, params, truncate, custom_time_limit, page_size, False)
            await pool.admit(request)
            most = min(custom_time_limit or 1e9, datasette.setting("sql_time_limit_ms")) / 1000
            seconds = min(most, request.seconds)
            if request.client_gone and request.answered:
                raise ClientGone
            if seconds <= 0 or request.client_gone:
                raise QueryInterrupted(None, sql, params)
            rows = datasette.setting("max_returned_rows")
            if rows == (page_size or datasette.setting("default_page_size")):
                rows += 1  # one more says that there are more
            job = _job(uri, sql, _values(sql, params), seconds, rows if truncate else None)
            started = perf_counter()
            try:
                answer = await pool.run(job)
            finally:
                request.seconds -= perf_counter() - started
            if "error" in answer:
                raise _error(answer, sql, params)
            results: Results = answer["results"]
            if request.page and sql == request.sql:
                _cut_rows(results)
            return results

        return execute

    replace_execute(database, wrap)


def _job(uri: str, sql: str, params: Any, seconds: float, rows: int | None) -> Job:
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
        "memory": reader_limits.WORKER_BYTES,
        "temporary": reader_limits.TEMPORARY_BYTES,
        "limits": reader_limits.SQLITE,
    }


def _values(sql: str, params: Any) -> Any:
    """Return parameters as a worker can have them."""
    if not isinstance(params, dict):
        return list(params or ())
    values = dict(params)
    if type(params) is not dict:  # of a canned query, which computes some when they are read
        for name in MAGIC_PARAMETER.findall(sql):
            with suppress(KeyError):
                values[name] = params[name]
    return values


def _error(answer: Answer, sql: str, params: Any) -> Exception:
    """Return what Datasette would have raised."""
    kind, message = answer["error"], answer.get("message", "")
    if message == "interrupted":
        stopped: Exception = QueryInterrupted(None, sql, params)
        return stopped
    if kind == "TooMuch":
        message = (
            f"the answer has more than {reader_limits.ANSWER_BYTES // 1_000_000} MB; "
            "ask for fewer rows or columns"
        )
    elif kind == "TooManyRows":
        message = f"more than {reader_limits.MOST_ROWS:,} rows where a few were asked for"
    elif kind == "LongNames":
        message = "the names of the columns are too long; ask for fewer columns, or name them"
    elif "too big" in message:
        message = f"a value has more than {reader_limits.VALUE_BYTES // 1_000_000} MB"
    elif kind in ("Died", "MemoryError"):
        message = "the query needs more memory or time than a reader's may have"
    elif "disk" in message:  # full, or an I/O error where a file would exceed its limit
        message = "the query needs more temporary space than a reader's may have"
    # one line: Datasette writes it to the log, and it may quote the query
    return sqlite3.OperationalError(
        printable_line(message or kind)[: reader_limits.MESSAGE_CHARACTERS]
    )


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
