"""Requests by which a reader chooses what SQL is run, with what they may still use.

A reader's SQL is all that Datasette's own pages run for an address whose query chooses rows or
their order: SQL of the reader's own, filters, searches, sorting, facets, values for prepared
queries, and whole tables as CSV. Our own pages, and Datasette's as they open, run SQL of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from claimlog.site.limits import PARAMETERS, REQUEST_SECONDS, STREAM_SECONDS

HARMLESS = {
    *("_next", "_size", "_shape", "_extra", "_labels", "_ttl", "_json", "_json_infinity"),
    *("_col", "_nocol", "_nocount", "_nofacet", "_nosuggest", "_hide_sql", "_show_sql"),
    *("_header", "_dl"),
}
"""Parts of a query that choose neither rows nor their order."""

DOWNLOAD = re.compile(r"/downloads/[^/]+\.csv/?", re.I)
"""Tables that are made as they are sent, by `claimlog.site.spreadsheet`."""

SCHEMA = re.compile(r"\s*(?:pragma |select [^;]* from sqlite_master\b)", re.I)
"""What Datasette asks about tables before it asks for their rows."""

MENTIONS = re.compile("pragma|sqlite_", re.I)


@dataclass
class ReaderRequest:
    """A request with a choice of the reader's."""

    stream: bool = False
    page: bool = True
    sql: str = ""
    mentions_schema: bool = False
    download: bool = False
    seconds: float = REQUEST_SECONDS
    peer: str = ""
    """Whose share of the slots it takes."""
    answered: bool = False
    """Whether a part of the answer has been sent."""
    gone: bool = False
    release: Callable[[], None] | None = field(default=None, repr=False)
    """Gives back the slot that it holds, if it holds one."""
    leave: Callable[[], object] | None = field(default=None, repr=False)
    """Gives up the place where it waits for a slot, if it waits."""

    def runs(self, sql: str) -> bool:
        """Return whether some SQL of this request may be the reader's."""
        return self.mentions_schema or not SCHEMA.match(sql)

    def finish(self) -> None:
        """Give the slot back; nothing happens without one."""
        if self.release is not None:
            self.release()
            self.release = None

    def go(self) -> None:
        """Note that the client has gone, who waits for nothing any more."""
        self.gone = True
        if self.leave is not None:
            self.leave()


CURRENT: ContextVar[ReaderRequest | None] = ContextVar("claimlog_reader_request", default=None)
"""The reader's request that is being answered, if any."""


def classify(path: str, query: str) -> ReaderRequest | None:
    """Return a request as a reader's, or None if it chooses nothing.

    >>> classify("/tiny/claims", "_size=10&_labels=on")
    >>> classify("/tiny.json", "sql=select+1").sql
    'select 1'
    """
    if DOWNLOAD.fullmatch(path):
        return ReaderRequest(stream=True, page=False, download=True)
    if not query:
        return None
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=PARAMETERS)
    if all(name in HARMLESS for name, _ in pairs):
        return None
    values = dict(reversed(pairs))  # the first of several counts
    stream = bool(values.get("_stream"))
    return ReaderRequest(
        stream=stream,
        page="." not in path.rpartition("/")[2],
        sql=values.get("sql", ""),
        mentions_schema=any(MENTIONS.search(part) for pair in pairs for part in pair),
        seconds=STREAM_SECONDS if stream else REQUEST_SECONDS,
    )
