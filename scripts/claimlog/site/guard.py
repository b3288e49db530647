"""Checks of a request before Datasette reads it, and the last resort after everything failed.

Datasette parses a query anew for each parameter, takes any method for the name of one of its own
functions, and decodes paths and cookies where no handler of errors is in place.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from claimlog.site import limits
from claimlog.site.broken import unbroken
from claimlog.site.failures import Failure, describe, log, respond
from claimlog.site.host_names import NAMES, misdirected
from claimlog.site.peers import peer_of_request
from claimlog.site.reader_pool import POOLS
from claimlog.site.reader_request import CURRENT, ReaderRequest, classify
from claimlog.site.sending import Gone, Sender
from claimlog.site.serve import SETTINGS
from claimlog.site.slots import Busy, Slots

App = Callable[..., Awaitable[None]]
Scope = Mapping[str, Any]

ODD = re.compile(rb"[^\x21-\x7e]|\\|%(?![0-9A-Fa-f]{2})")
"""What no browser sends as part of a path; some take a backslash for a slash."""

FACET_SIZE, TRACE = "_facet_size", "_trace"
STATIC = "/-/static"
"""Where Datasette answers for a file that is not there with a bare line."""


def guarded(app: App, datasette: Any) -> App:
    """Wrap an ASGI application so that no request is large, odd, or left without an answer."""

    pages = Slots(limits.PAGES, limits.CONNECTIONS, limits.PEER_PAGES)

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        refused = refusal(scope) or misdirected(scope, NAMES.get(datasette))
        if refused is None and scope["method"] != "OPTIONS":
            if not datasette.setting("trace_debug"):
                scope = {**scope, "query_string": _untraced(scope.get("query_string") or b"")}
            await _run(app, datasette, scope, receive, unbroken(send, scope["path"]), pages)
            return
        sender = Sender(scope, send)
        try:
            if scope["method"] == "OPTIONS":
                await _options(sender)
            elif refused is not None:
                await _send(datasette, refused, scope, sender)
        except Gone:
            await asyncio.sleep(0)

    return wrapped


def refusal(scope: Scope) -> Failure | None:
    """Return why a request is not read at all, if it is not."""
    path = _raw_path(scope)
    query = scope.get("query_string") or b""
    parameters = query.count(b"&") + 1
    cookies = sum(len(value) for name, value in scope["headers"] if name.lower() == b"cookie")
    if scope["method"] not in limits.METHODS:
        allow = ", ".join(limits.METHODS)
        return Failure(405, "Nothing can be written", f"Use {allow}.", (("Allow", allow),))
    if len(path) > limits.PATH_BYTES:
        return _too_long("The address", len(path), limits.PATH_BYTES, "bytes")
    if len(query) > limits.QUERY_BYTES:
        return _too_long("The query of the address", len(query), limits.QUERY_BYTES, "bytes")
    if parameters > limits.PARAMETERS:
        what = "The query of the address"
        return _too_long(what, parameters, limits.PARAMETERS, "parameters", 400)
    if costly := _costly(query):
        return costly
    if cookies > limits.COOKIE_BYTES:
        return _too_long("The cookie", cookies, limits.COOKIE_BYTES, "bytes", 431)
    if path.startswith(b"//"):  # Datasette would cut slashes off its end and send readers there
        return Failure(404, "", "No address begins with two slashes.")
    if ODD.search(path):
        return Failure(400, "", "The address has characters that no address has.")
    return None


def _costly(query: bytes) -> Failure | None:
    """Return why a query is refused for what its parameters cost; their names may be encoded."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    costly = [name for name, _ in pairs if name.startswith(limits.COSTLY) and name != FACET_SIZE]
    if len(costly) > limits.COSTLY_PARAMETERS:
        what, unit = "The query of the address", "facets or conditions"
        return _too_long(what, len(costly), limits.COSTLY_PARAMETERS, unit, 400)
    size = dict(reversed(pairs)).get(FACET_SIZE)
    facets = sum(name.startswith("_facet") for name in costly)
    if size is None and not facets:
        return None
    links = (limits.FACETS + facets) * _values_of_facet(size)
    if links * len(query) <= limits.FACET_BYTES:
        return None
    message = f"Each of {links:,} values of facets would repeat the query of {len(query):,} bytes; "
    return Failure(400, "Too long", f"{message}ask for fewer facets or values.")


def _values_of_facet(size: str | None) -> int:
    """Return how many values of a facet are asked for, at most; all that is no number is many."""
    if size is None:
        return limits.FACET_VALUES
    most = SETTINGS["max_returned_rows"]
    return min(int(size), most) if size.isdecimal() and len(size) < 5 else most


def _untraced(query: bytes) -> bytes:
    """Return a query without `_trace`, which would turn CSV into a page without a frame."""
    parts = query.split(b"&")
    kept = [one for one in parts if unquote_plus(one.partition(b"=")[0].decode("latin-1")) != TRACE]
    return query if len(kept) == len(parts) else b"&".join(kept)


def _too_long(what: str, number: int, most: int, unit: str, status: int = 414) -> Failure:
    return Failure(status, "Too long", f"{what} has {number:,} {unit}; at most {most:,} are read.")


def _raw_path(scope: Scope) -> bytes:
    raw = scope.get("raw_path") or str(scope["path"]).encode()
    return bytes(raw).partition(b"?")[0]


async def _options(send: Any) -> None:
    allow = ", ".join(limits.METHODS).encode()
    await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow)]})
    await send({"type": "http.response.body", "body": b""})


async def _send(datasette: Any, failure: Failure, scope: Scope, send: Any) -> None:
    await datasette.invoke_startup()  # nothing if it has been; templates need it
    path = _raw_path(scope).decode("latin-1")
    response = await respond(datasette, failure, path)
    await response.asgi_send(send)


async def _run(
    app: App, datasette: Any, scope: dict[str, Any], receive: Any, send: Any, pages: Slots
) -> None:
    """Run the application with what the request may use, and answer where it does not."""
    request = classify(scope["path"], (scope.get("query_string") or b"").decode("latin-1"))
    peer = peer_of_request(scope)
    slot = ReaderRequest(peer=peer) if request is None else request
    stream = request is not None and request.stream

    def made() -> None:
        if not (stream and slot.admitted):  # a stream is made as it is sent
            slot.finish()

    sender = Sender(scope, send, stream, made)
    replaced = False
    static = scope["path"].startswith(STATIC)

    async def sending(message: dict[str, Any]) -> None:
        nonlocal replaced
        if replaced:
            return
        if message["type"] == "http.response.start" and message["status"] >= 400 and static:
            replaced = True
            await _send(datasette, Failure(404, "", ""), scope, sender)
            return
        if request is not None and request.gone and sender.started:
            raise Gone
        await sender(message)
        if request is not None:
            request.answered = sender.started

    token = CURRENT.set(request)
    watch = None
    if request is not None:
        request.peer = peer
        watch = asyncio.create_task(_watch(request, receive))
    try:
        if request is not None and request.download:
            await datasette.invoke_startup()
            await POOLS[datasette].admit(request)
        else:
            slot.release = await pages.acquire(peer)
        await app(scope, receive, sending)
    except Gone:
        await asyncio.sleep(0)  # the connection learns that it is closed, and nothing is logged
    except Exception as error:
        await _fail(datasette, error, scope, sender)
    finally:
        CURRENT.reset(token)
        slot.finish()
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch


async def _fail(datasette: Any, error: Exception, scope: Scope, sender: Sender) -> None:
    """Answer what nothing else has answered, if there is still room for an answer."""
    failure = describe(error, datasette.sql_time_limit_ms)
    if failure.status >= 500 and not isinstance(error, Busy):
        log(error, scope["method"], scope["path"])
    traceback.clear_frames(error.__traceback__)
    if not sender.started:
        with suppress(Gone):
            await _send(datasette, failure, scope, sender)


async def _watch(request: ReaderRequest, receive: Any) -> None:
    """Note when the client has gone: sending to it would not fail."""
    while (await receive())["type"] != "http.disconnect":
        pass
    request.go()
