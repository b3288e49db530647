"""Answers to what cannot be answered: a short page in our frame, or JSON, and one line in the log.

Datasette's own handler prints a traceback with all locals to the log if `rich` can be imported,
which takes up to 4 seconds of the event loop; and where no exception is being handled, as for an
address that no route knows, `rich` fails itself. So this replaces the handler.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import CookieError
from typing import Any
from weakref import WeakKeyDictionary

from datasette.utils.asgi import Response

from claimlog.site.datasette_internals import Base400, DatasetteError, QueryInterrupted
from claimlog.site.limits import LOG_CHARACTERS, RETRY_SECONDS
from claimlog.site.slots import Busy
from claimlog.standard_streams import raw

MISREAD = (
    *(ValueError, LookupError, TypeError, AssertionError, ArithmeticError),
    *(sqlite3.Error, CookieError, RecursionError),
)
"""What Datasette's views raise where an address does not fit: a reader's slip, not a fault."""

INTERRUPTED = "SQL Interrupted"

REMEMBERED = 50
"""Pages of failures that are made once: most of them are the same few."""

_PAGES: WeakKeyDictionary[Any, dict[Failure, str]] = WeakKeyDictionary()


class PageError(Exception):
    """A page of ours failed; its cause says why."""


@dataclass(frozen=True)
class Failure:
    """What a reader is told."""

    status: int
    title: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


def describe(error: BaseException, time_limit_ms: int) -> Failure:
    """Return what a reader is told of an exception: what to change if it is theirs to change."""
    match error:
        case Busy():
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
            return describe(QueryInterrupted(None, "", None), time_limit_ms)
        case DatasetteError():  # 500 is what Datasette takes where it names none
            status = 400 if error.status == 500 else error.status
            return Failure(status, error.title or "", str(error.message))
        case PageError() if isinstance(error.__cause__, QueryInterrupted):
            return Failure(
                503,
                "Too slow just now",
                f"The page took too long; try again in {RETRY_SECONDS} s.",
                (("Retry-After", str(RETRY_SECONDS)),),
            )
        case _ if isinstance(error, MISREAD):
            return Failure(400, "", f"The address cannot be read: {error or type(error).__name__}")
    return Failure(500, "This page failed", "The fault is ours, and is noted in the log.")


def log(error: BaseException, method: str, path: str) -> None:
    """Print one line about a fault of ours."""
    error = error.__cause__ or error
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    print(
        f"ERROR: {method} {shorten(path)}: {type(error).__name__}: {shorten(str(error))}{where}",
        file=sys.stderr,
        flush=True,
    )


def shorten(text: str) -> str:
    """Return a text as it can stand in a log: on one line, short, without control characters.

    >>> shorten("a" * 1000).endswith("… (1,000 characters)"), shorten("a\\x1b[2J")
    (True, 'a\\\\x1b[2J')
    """
    if len(text) > LOG_CHARACTERS:
        text = f"{text[:LOG_CHARACTERS]}… ({len(text):,} characters)"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


async def respond(datasette: Any, failure: Failure, path: str, request: Any = None) -> Response:
    """Return a failure as a page in our frame; as JSON for an address that ends so."""
    about = {"status": failure.status, "title": failure.title or None, "error": failure.message}
    headers = dict(failure.headers)
    if path.endswith(".json"):
        return Response.json({"ok": False, **about}, failure.status, headers)
    sql = request.args.get("sql") if failure.title == INTERRUPTED and request else None
    pages = _PAGES.setdefault(datasette, {})
    text = pages.get(failure) if not sql else None
    if text is None:
        text = await datasette.render_template("error.html", {**about, "sql": sql}, request=request)
        if len(pages) < REMEMBERED and not sql:
            pages[failure] = text
    return Response.html(text, failure.status, headers)


async def answer(datasette: Any, request: Any, error: BaseException) -> Response:
    """Return the answer to a request that ended in an exception."""
    failure = describe(error, datasette.sql_time_limit_ms)
    if failure.status >= 500 and not isinstance(error, Busy):
        log(error, request.method, request.full_path)
    traceback.clear_frames(error.__traceback__)  # they hold the answer that there is no room for
    return await respond(datasette, failure, request.path, request)


class ShortLines(logging.Filter):
    """Shorten what an access log says of a request; an address may have eight kilobytes."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                shorten(item) if isinstance(item, str) else item for item in record.args
            )
        return True


def shorten_access_log() -> None:
    """Have uvicorn write short lines."""
    logger = logging.getLogger("uvicorn.access")
    if not any(isinstance(item, ShortLines) for item in logger.filters):
        logger.addFilter(ShortLines())


def rewire_logs() -> None:
    """Have what uvicorn logs, tracebacks and all, go through the streams that escape it.

    It took hold of the bare streams before, and of their colours.
    """
    for name in ("uvicorn", "uvicorn.access"):
        for handler in logging.getLogger(name).handlers:
            if not isinstance(handler, logging.StreamHandler):
                continue
            for own in (sys.stdout, sys.stderr):
                if handler.stream is raw(own):
                    handler.setStream(own)
            with suppress(AttributeError):
                handler.formatter.use_colors = False  # type: ignore[union-attr]  # uvicorn's own
