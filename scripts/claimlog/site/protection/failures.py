"""Answers to requests that fail: a short page of ours, or JSON, and one line in the log.

This replaces Datasette's handler, which prints a traceback with all locals if `rich` can be
imported: up to 4 seconds of the event loop, and an error of its own where no exception is being
handled, as for an address without a route.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import CookieError
from typing import Any
from weakref import WeakKeyDictionary

from datasette import Response

from claimlog.escaping import short_line
from claimlog.site.datasette_internals import Base400, DatasetteError, QueryInterrupted
from claimlog.site.protection.reader_limits import LOG_CHARACTERS, RETRY_SECONDS
from claimlog.site.protection.slots import ServerBusy
from claimlog.site.store import RowsTooLarge
from claimlog.standard_streams import inner_stream

READER_ERRORS = (
    *(ValueError, LookupError, TypeError, AssertionError, ArithmeticError),
    *(sqlite3.Error, CookieError, RecursionError),
)
"""What Datasette's views raise where an address does not fit: the reader's mistake, not ours."""

NO_SUCH_PATH = (errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
"""What the system says of an address that leads below a file, or to a name that no file has."""

INTERRUPTED = "SQL Interrupted"

MEMOIZED = 50
"""Error pages that are rendered once: most errors are the same few."""

_PAGES: WeakKeyDictionary[Any, dict[Failure, str]] = WeakKeyDictionary()


class PageError(Exception):
    """A page of ours failed; its cause says why."""


@dataclass(frozen=True)
class Failure:
    """What a reader is told: status, title, message, and headers of the answer."""

    status: int
    title: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


def describe_error(error: BaseException, time_limit_ms: int) -> Failure:
    """Return what a reader is told of an exception, with what they can change if they can."""
    match error:
        case ServerBusy():
            return Failure(
                503,
                "Too many ask at once",
                f"Others use what there is for readers' queries; try again in {RETRY_SECONDS} s.",
                (("Retry-After", str(RETRY_SECONDS)),),
            )
        case QueryInterrupted():
            return Failure(
                400,
                INTERRUPTED,
                f"The query took longer than {time_limit_ms / 1000:g} s and was stopped; "
                "ask for fewer rows, or take the files from the downloads.",
            )
        case Base400():
            return Failure(error.status, "", str(error.args[0]) if error.args else "")
        case DatasetteError() if error.title == INTERRUPTED:
            return describe_error(QueryInterrupted(None, "", None), time_limit_ms)
        case DatasetteError():  # 500 is Datasette's default for an error without a status
            status = 400 if error.status == 500 else error.status
            return Failure(status, error.title or "", str(error.message))
        case PageError() if isinstance(error.__cause__, RowsTooLarge):
            return Failure(400, RowsTooLarge.title, RowsTooLarge.message)
        case PageError() if isinstance(error.__cause__, QueryInterrupted):
            return Failure(
                503,
                "Too slow just now",
                f"The page took too long; try again in {RETRY_SECONDS} s.",
                (("Retry-After", str(RETRY_SECONDS)),),
            )
        case OSError() if error.errno in NO_SUCH_PATH:
            return Failure(404, "", "There is no such file.")
        case _ if isinstance(error, READER_ERRORS):
            return Failure(400, "", f"The address cannot be read: {error or type(error).__name__}")
    return Failure(500, "This page failed", "The fault is ours, and is noted in the log.")


def log_fault(error: BaseException, method: str, path: str) -> None:
    """Write one line about a fault of ours to the log."""
    error = error.__cause__ or error
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    what = f"{type(error).__name__}: {short_line(error, LOG_CHARACTERS)}{where}"
    print(
        f"ERROR: {method} {short_line(path, LOG_CHARACTERS)}: {what}",
        file=sys.stderr,
        flush=True,
    )


async def render_failure(
    datasette: Any, failure: Failure, path: str, request: Any = None
) -> Response:
    """Return a failure as a page of ours, or as JSON for an address that ends in .json."""
    about = {"status": failure.status, "title": failure.title or None, "error": failure.message}
    headers = dict(failure.headers)
    if path.endswith(".json"):
        return Response.json({"ok": False, **about}, failure.status, headers)
    sql = request.args.get("sql") if failure.title == INTERRUPTED and request else None
    pages = _PAGES.setdefault(datasette, {})
    text = pages.get(failure) if not sql else None
    if text is None:
        text = await datasette.render_template("error.html", {**about, "sql": sql}, request=request)
        if len(pages) < MEMOIZED and not sql:
            pages[failure] = text
    return Response.html(text, failure.status, headers)


async def failure_response(datasette: Any, request: Any, error: BaseException) -> Response:
    """Return the answer to a request that ended in an exception."""
    failure = describe_error(error, datasette.setting("sql_time_limit_ms"))
    if failure.status >= 500 and not isinstance(error, ServerBusy):
        log_fault(error, request.method, request.full_path)
    traceback.clear_frames(error.__traceback__)  # they hold the answer that there is no room for
    return await render_failure(datasette, failure, request.path, request)


class ShortenArguments(logging.Filter):
    """Shortens what the access log says of a request: an address may have eight kilobytes."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                short_line(item, LOG_CHARACTERS) if isinstance(item, str) else item
                for item in record.args
            )
        return True


def shorten_access_log() -> None:
    """Have uvicorn shorten the lines of its access log."""
    logger = logging.getLogger("uvicorn.access")
    if not any(isinstance(item, ShortenArguments) for item in logger.filters):
        logger.addFilter(ShortenArguments())


def escape_server_logs() -> None:
    """Have uvicorn log through the streams that escape what does not print, without colours.

    It took the original streams when it was configured, before they were replaced.
    """
    for name in ("uvicorn", "uvicorn.access"):
        for handler in logging.getLogger(name).handlers:
            if not isinstance(handler, logging.StreamHandler):
                continue
            for own in (sys.stdout, sys.stderr):
                if handler.stream is inner_stream(own):
                    handler.setStream(own)
            with suppress(AttributeError):
                handler.formatter.use_colors = False  # type: ignore[union-attr]  # uvicorn's own
