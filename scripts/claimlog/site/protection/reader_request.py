"""Requests whose SQL a reader chooses, and what each may still use.

Readers' SQL is what Datasette's own pages run for an address whose query selects or sorts rows: SQL
of the reader's own, filters, searches, sorting, facets, values for canned queries, and whole tables
as CSV. Our own pages, and Datasette's pages without such a query, run our own SQL.
"""

from __future__ import annotations

import re
from asyncio import Future
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from claimlog.site.protection.reader_limits import PARAMETERS, REQUEST_SECONDS, STREAM_SECONDS
from claimlog.site.server_command import SETTINGS

PRESENTATION = {
    *("_next", "_size", "_shape", "_extra", "_labels", "_ttl", "_json", "_json_infinity"),
    *("_col", "_nocol", "_nocount", "_nofacet", "_nosuggest", "_hide_sql", "_show_sql"),
    *("_header", "_dl"),
}
"""Parameters of a query that neither select nor sort rows."""

DOWNLOAD = re.compile(r"/downloads/[^/]+\.csv/?", re.I)
"""Tables that `claimlog.site.spreadsheet` writes while they are sent."""

SCHEMA_QUERY = re.compile(r"\s*(?:pragma |select [^;]* from sqlite_master\b)", re.I)
"""What Datasette asks about tables before it asks for their rows: no SQL of the reader's."""

SCHEMA_WORDS = re.compile("pragma|sqlite_", re.I)
"""A query with these may look like one about the schema and yet be the reader's."""


@dataclass
class ReaderRequest:
    """A request whose SQL a reader chooses: the seconds, slot and connection that it has."""

    stream: bool = False
    page: bool = True
    sql: str = ""
    mentions_schema: bool = False
    download: bool = False
    parsed: tuple[str, ...] = ()
    """Columns whose cells Datasette is to parse as JSON."""
    seconds: float = REQUEST_SECONDS
    peer: str = ""
    """The peer whose share of the slots it takes."""
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

    def may_choose(self, sql: str) -> bool:
        """Return whether the reader may have chosen some SQL that answers this request."""
        return self.mentions_schema or not SCHEMA_QUERY.match(sql)

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
"""The reader's request that is being answered, if any."""


def classify_request(path: str, query: str) -> ReaderRequest | None:
    """Return a request whose SQL a reader chooses; None for one that only presents our own.

    >>> classify_request("/tiny/claims", "_size=10&_labels=on")
    >>> classify_request("/tiny/claims", "_size=max").page
    True
    >>> classify_request("/tiny.json", "sql=select+1").sql
    'select 1'
    """
    if DOWNLOAD.fullmatch(path):
        return ReaderRequest(stream=True, page=False, download=True)
    if not query:
        return None
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=PARAMETERS)
    values = dict(reversed(pairs))  # the first of several counts
    if all(name in PRESENTATION for name, _ in pairs) and not _is_large(values.get("_size", "")):
        return None
    stream = bool(values.get("_stream"))
    return ReaderRequest(
        stream=stream,
        page="." not in path.rpartition("/")[2],
        sql=values.get("sql", ""),
        parsed=tuple(value for name, value in pairs if name == "_json"),
        mentions_schema=any(SCHEMA_WORDS.search(part) for pair in pairs for part in pair),
        seconds=STREAM_SECONDS if stream else REQUEST_SECONDS,
    )


def _is_large(size: str) -> bool:
    """Return whether more rows are asked for than a page has; all that is no number is many."""
    small = size.isascii() and size.isdecimal() and len(size) < 5
    return bool(size) and not (small and int(size) <= SETTINGS["default_page_size"])
