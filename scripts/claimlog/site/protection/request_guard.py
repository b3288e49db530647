"""Checks of a request before Datasette reads it, and the answer where nothing else gave one.

Datasette parses a query anew for each parameter, calls a function of its own that is named as the
method, and decodes paths and cookies outside of its error handling.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from claimlog.site.protection import reader_limits
from claimlog.site.protection.failures import Failure, describe_error, log_fault, render_failure
from claimlog.site.protection.host_names import NAMES, misdirected
from claimlog.site.protection.peers import peer_of_request
from claimlog.site.protection.reader_pool import POOLS
from claimlog.site.protection.reader_request import CURRENT, ReaderRequest, classify_request
from claimlog.site.protection.response_sender import ClientGone, Sender
from claimlog.site.protection.slots import ServerBusy, Slots
from claimlog.site.protection.stream_errors import stop_at_error
from claimlog.site.server_command import SETTINGS

App = Callable[..., Awaitable[None]]
Scope = Mapping[str, Any]

REFUSED_BYTES = re.compile(rb"[^\x21-\x7e]|\\|%(?![0-9A-Fa-f]{2})")
"""What no browser sends in a path; a backslash is a slash to some."""

FACET_SIZE, TRACE = "_facet_size", "_trace"
STATIC = "/-/static"
"""Below this path Datasette answers a missing file with a bare line."""


def guard_requests(app: App, datasette: Any) -> App:
    """Wrap an ASGI application so that requests are checked and all are answered."""

    pages = Slots(reader_limits.PAGES, reader_limits.CONNECTIONS, reader_limits.PEER_PAGES)

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        failure = refusal(scope) or misdirected(scope, NAMES.get(datasette))
        if failure is None and scope["method"] != "OPTIONS":
            if not datasette.setting("trace_debug"):
                scope = {**scope, "query_string": _without_trace(scope.get("query_string") or b"")}
            await _run(app, datasette, scope, receive, stop_at_error(send, scope["path"]), pages)
            return
        sender = Sender(scope, send)
        try:
            if scope["method"] == "OPTIONS":
                await _options(sender)
            elif failure is not None:
                await _send(datasette, failure, scope, sender)
        except ClientGone:
            await asyncio.sleep(0)

    return wrapped


def refusal(scope: Scope) -> Failure | None:
    """Return why a request is refused before anything reads it; None if it is not."""
    path = _raw_path(scope)
    query = scope.get("query_string") or b""
    parameters = query.count(b"&") + 1
    cookies = sum(len(value) for name, value in scope["headers"] if name.lower() == b"cookie")
    if scope["method"] not in reader_limits.METHODS:
        allow = ", ".join(reader_limits.METHODS)
        return Failure(405, "Nothing can be written", f"Use {allow}.", (("Allow", allow),))
    if len(path) > reader_limits.PATH_BYTES:
        return _too_long("The address", len(path), reader_limits.PATH_BYTES, "bytes")
    if len(query) > reader_limits.QUERY_BYTES:
        return _too_long("The query of the address", len(query), reader_limits.QUERY_BYTES, "bytes")
    if parameters > reader_limits.PARAMETERS:
        what = "The query of the address"
        return _too_long(what, parameters, reader_limits.PARAMETERS, "parameters", 400)
    if costly := _costly(query, path):
        return costly
    if cookies > reader_limits.COOKIE_BYTES:
        return _too_long("The cookie", cookies, reader_limits.COOKIE_BYTES, "bytes", 431)
    if path.startswith(b"//"):  # Datasette would cut slashes off its end and send readers there
        return Failure(404, "", "No address begins with two slashes.")
    if REFUSED_BYTES.search(path):
        return Failure(400, "", "The address has characters that no address has.")
    return None


def _costly(query: bytes, path: bytes) -> Failure | None:
    """Return why a query is refused for what its parameters cost; None if it is not.

    Names are decoded before they are compared. A table has facets whether or not they are asked
    for.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    costly = [
        name for name, _ in pairs if name.startswith(reader_limits.COSTLY) and name != FACET_SIZE
    ]
    if len(costly) > reader_limits.COSTLY_PARAMETERS:
        what, unit = "The query of the address", "facets or conditions"
        return _too_long(what, len(costly), reader_limits.COSTLY_PARAMETERS, unit, 400)
    size = dict(reversed(pairs)).get(FACET_SIZE)
    facets = sum(name.startswith("_facet") for name in costly)
    if size is None and not facets and path.strip(b"/").count(b"/") != 1:
        return None
    links = (reader_limits.FACETS + facets) * _values_of_facet(size)
    if links * len(query) <= reader_limits.FACET_BYTES:
        return None
    message = f"Each of {links:,} values of facets would repeat the query of {len(query):,} bytes; "
    return Failure(400, "Too long", f"{message}ask for fewer facets or values.")


def _values_of_facet(size: str | None) -> int:
    """Return how many values of a facet are asked for; what is no number stands for the most."""
    if size is None:
        return reader_limits.FACET_VALUES
    most = SETTINGS["max_returned_rows"]
    return min(int(size), most) if size.isdecimal() and len(size) < 5 else most


def _without_trace(query: bytes) -> bytes:
    """Return a query without `_trace`, which would turn CSV into a page without a frame."""
    parts = query.split(b"&")
    left = [part for part in parts if _parameter_name(part) != TRACE]
    return query if len(left) == len(parts) else b"&".join(left)


def _parameter_name(part: bytes) -> str:
    return unquote_plus(part.partition(b"=")[0].decode("latin-1"))


def _too_long(what: str, number: int, most: int, unit: str, status: int = 414) -> Failure:
    return Failure(status, "Too long", f"{what} has {number:,} {unit}; at most {most:,} are read.")


def _raw_path(scope: Scope) -> bytes:
    raw = scope.get("raw_path") or str(scope["path"]).encode()
    return bytes(raw).partition(b"?")[0]


async def _options(send: Any) -> None:
    allow = ", ".join(reader_limits.METHODS).encode()
    await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow)]})
    await send({"type": "http.response.body", "body": b""})


async def _send(datasette: Any, failure: Failure, scope: Scope, send: Any) -> None:
    await datasette.invoke_startup()  # templates need it; it does nothing the second time
    path = _raw_path(scope).decode("latin-1")
    response = await render_failure(datasette, failure, path)
    await response.asgi_send(send)


async def _run(
    app: App, datasette: Any, scope: dict[str, Any], receive: Any, send: Any, pages: Slots
) -> None:
    """Run the application with what the request may use, and answer where it fails to."""
    request = classify_request(scope["path"], (scope.get("query_string") or b"").decode("latin-1"))
    peer = peer_of_request(scope)
    request.peer = peer

    def finish_slot() -> None:
        if not (request.stream and request.admitted):  # a stream is made as it is sent
            request.finish()

    sender = Sender(scope, send, request.stream, finish_slot)
    replaced = False
    static = scope["path"].startswith(STATIC)

    async def send_checked(message: dict[str, Any]) -> None:
        nonlocal replaced
        if replaced:
            return
        if message["type"] == "http.response.start" and message["status"] >= 400 and static:
            replaced = True
            await _send(datasette, Failure(404, "", ""), scope, sender)
            return
        if request.client_gone and sender.started:
            raise ClientGone
        await sender(message)
        request.answered = sender.started

    token = CURRENT.set(request)
    watch = asyncio.create_task(_watch(request, receive))
    try:
        if request.download:
            await datasette.invoke_startup()
            await POOLS[datasette].admit(request)
        else:
            request.release = await pages.acquire(peer)
        await app(scope, receive, send_checked)
    except ClientGone:
        await asyncio.sleep(0)  # so that the connection notices that it is closed, and logs nothing
    except Exception as error:
        await _fail(datasette, error, scope, sender)
    finally:
        CURRENT.reset(token)
        request.finish()
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _fail(datasette: Any, error: Exception, scope: Scope, sender: Sender) -> None:
    """Answer what nothing else has answered, unless an answer has begun."""
    failure = describe_error(error, datasette.setting("sql_time_limit_ms"))
    if failure.status >= 500 and not isinstance(error, ServerBusy):
        log_fault(error, scope["method"], scope["path"])
    traceback.clear_frames(error.__traceback__)
    if not sender.started:
        with suppress(ClientGone):
            await _send(datasette, failure, scope, sender)


async def _watch(request: ReaderRequest, receive: Any) -> None:
    """Note when the client has gone, since sending to it does not fail."""
    while (await receive())["type"] != "http.disconnect":
        pass
    request.abandon()
