"""Requests, whether somebody else chose the SQL that answers them, and what each may still use.

Chosen SQL is what Datasette's own pages run for an address whose query selects or sorts rows: SQL
of the reader's own, filters, searches, sorting, facets, and whole tables as CSV. So is every canned
query, which may be a stranger's. Our own pages, Datasette's pages without such a query, and what it
asks about tables, run our own SQL.
"""

from __future__ import annotations

import re
from asyncio import Future, ensure_future, shield
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

from claimlog.site.protection.reader_limits import (
    PARAMETERS,
    PRESENTATION_BYTES,
    PRESENTATION_PARAMETERS,
    REQUEST_SECONDS,
    STREAM_SECONDS,
)
from claimlog.site.server_command import SETTINGS

PRESENTATION = {
    *("_next", "_size", "_shape", "_extra", "_labels", "_ttl", "_json_infinity"),
    *("_col", "_nocol", "_nocount", "_nofacet", "_nosuggest", "_hide_sql", "_show_sql"),
    *("_header", "_dl"),
}
"""Parameters of a query that neither select nor sort rows."""

T = TypeVar("T")
Call = TypeVar("Call", bound=Callable[..., Awaitable[Any]])


@dataclass
class ReaderRequest:
    """A reader's request: the slot that it has, and seconds and connection for chosen SQL."""

    chosen: bool = False
    """Whether the reader, or whoever wrote a canned query, chose the SQL that answers it."""
    prepared: bool = False
    """Whether the SQL is a canned query's that always finds the same rows in the same database."""
    stream: bool = False
    """Whether the answer is sent in the parts in which it is made."""
    format: str | None = None
    """Format that Datasette answers in, by the ending of the address: ``json``; None for a page."""
    sql: str = ""
    parsed: tuple[str, ...] = ()
    """Columns whose cells Datasette is to parse as JSON."""
    seconds: float = REQUEST_SECONDS
    peer: str = ""
    """The peer whose share of the slots it takes."""
    is_unchanging: bool = False
    """Whether it is answered with a page of ours that cannot change while the server runs, or only
    with files."""
    ignores_query: bool = False
    """Whether that page is the same whatever the query of its address is."""
    is_current: Callable[[], bool] | None = field(default=None, repr=False)
    """Whether the files that its answer is made of are as they were, if it is made of files."""
    interrupted: bool = False
    """Whether a query for its answer took too long, so that something may be missing there."""
    answered: bool = False
    """Whether a part of the answer has been sent."""
    client_gone: bool = False
    finished: bool = False
    """Whether its answer is no longer being made."""
    admitted: bool = False
    """Whether its slot is one of those for readers' SQL, and no longer one for pages."""
    release: Callable[[], None] | None = field(default=None, repr=False)
    """Gives back the slot that it holds, if it holds one."""
    running: int = 0
    """Jobs that processes are at work on, which may last longer than the request."""
    cancel_wait: Callable[[], object] | None = field(default=None, repr=False)
    """Gives up the place where it waits for a slot, if it waits."""

    def hold(self, job: Future[Any]) -> None:
        """Keep the slot until a job is done, whether or not somebody still waits for it."""
        self.running += 1
        job.add_done_callback(self._release_after)

    def _release_after(self, job: Future[Any]) -> None:
        self.running -= 1
        if not job.cancelled():
            job.exception()  # nobody else may look at it
        if self.finished:
            self.finish()

    def finish(self) -> None:
        """Give back the slot, if it holds one, as soon as no process works for the request."""
        self.finished = True
        if not self.running:
            self.give_back()

    def give_back(self) -> None:
        """Give back the slot now, if it holds one."""
        if self.release is not None:
            self.release()
            self.release = None

    def abandon(self) -> None:
        """Note that the client has gone, and stop waiting for a slot."""
        self.client_gone = True
        if self.cancel_wait is not None:
            self.cancel_wait()


CURRENT: ContextVar[ReaderRequest | None] = ContextVar("claimlog_reader_request", default=None)
"""The request that Datasette's pages answer; none while our own SQL is run, whoever asks."""

REQUEST: ContextVar[ReaderRequest | None] = ContextVar("claimlog_request", default=None)
"""The request that is being answered, whoever chose the SQL."""


async def finish_job(job: Awaitable[T]) -> T:
    """Return what a job gives; the request that asks for it has its slot until the job is done.

    A thread works on, whether or not the reader is still there.
    """
    running = ensure_future(job)
    if (request := REQUEST.get()) is not None:
        request.hold(running)
    return await shield(running)


VARYING = re.compile(
    r"\b(?:random|randomblob|now|current_\w+|date|time|datetime|julianday|unixepoch|strftime|timediff"
    r"|changes|total_changes|last_insert_rowid)\b",
    re.IGNORECASE,
)
"""What SQL holds whose answer depends on more than the database: the clock, chance, a connection.
A column of such a name only keeps an answer from being kept."""


def classify_request(query: str) -> ReaderRequest:
    """Return a request, with whether a reader chooses its SQL as far as the query tells.

    >>> classify_request("_size=10&_labels=on").chosen
    False
    >>> classify_request("_size=max").chosen
    True
    >>> classify_request("sql=select+1").sql
    'select 1'
    """
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=PARAMETERS)
    values = dict(reversed(pairs))  # the first of several counts
    presents = (
        all(name in PRESENTATION for name, _ in pairs)
        and not _is_large(values.get("_size", ""))
        and len(pairs) <= PRESENTATION_PARAMETERS
        and len(query) <= PRESENTATION_BYTES
    )
    return ReaderRequest(
        chosen=not presents,
        sql=values.get("sql", ""),
        parsed=tuple(value for name, value in pairs if name == "_json"),
        seconds=REQUEST_SECONDS,
    )


def note_format(format: str | None, stream: bool) -> None:
    """Note in which format Datasette answers, and whether it sends the answer in parts."""
    request = _noted_request()
    request.format, request.stream = format, stream
    if stream:
        request.seconds = STREAM_SECONDS


def note_query(sql: str) -> None:
    """Note that a query is answered that a reader or a file chose, whatever its address is."""
    request = _noted_request()
    request.prepared = not request.chosen and VARYING.search(sql) is None
    request.chosen = True
    request.sql = sql


def _noted_request() -> ReaderRequest:
    """Return the reader's request under way, or a new one for a query of a page of ours."""
    request = CURRENT.get()
    if request is None:
        request = ReaderRequest()
        CURRENT.set(request)
    return request


def as_site_sql(call: Call) -> Call:
    """Wrap a coroutine function whose SQL is ours or Datasette's, whoever asked for its answer."""

    @wraps(call)
    async def run(*args: Any, **given: Any) -> Any:
        token = CURRENT.set(None)
        try:
            return await call(*args, **given)
        finally:
            CURRENT.reset(token)

    return cast(Call, run)


def _is_large(size: str) -> bool:
    """Return whether more rows are asked for than a page has; all that is no number is many."""
    small = size.isascii() and size.isdecimal() and len(size) < 5
    return bool(size) and not (small and int(size) <= SETTINGS["default_page_size"])
