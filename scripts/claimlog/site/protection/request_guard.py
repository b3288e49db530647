"""Checks of a request before Datasette reads it, and the answer where nothing else gave one.

Datasette parses a query anew for each parameter, calls a function of its own that is named as the
method, and decodes paths and cookies outside of its error handling. It is asked for one method,
GET, and is given no cookie: the server has no readers that it knows.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_plus

from claimlog.site.base_path import repeats_base
from claimlog.site.delivery.answer import READER_HEADERS, Answer
from claimlog.site.delivery.answer_cache import ANSWERS, STATIC, AnswerCache, cache_key
from claimlog.site.delivery.answer_writer import AnswerWriter, reply_for, send_reply
from claimlog.site.delivery.preconditions import Headers, request_headers
from claimlog.site.protection import reader_limits
from claimlog.site.protection.failures import Failure, describe_error, log_fault, render_failure
from claimlog.site.protection.host_names import NAMES, wrong_host_refusal
from claimlog.site.protection.peers import peer_of_request
from claimlog.site.protection.reader_request import (
    CURRENT,
    REQUEST,
    ReaderRequest,
    classify_request,
)
from claimlog.site.protection.refusals import raw_path, refusal
from claimlog.site.protection.response_sender import ClientGone, Sender
from claimlog.site.protection.slots import ServerBusy, Slots
from claimlog.site.protection.stream_errors import stop_at_error
from claimlog.site.protection.turns import Turns

App = Callable[..., Awaitable[None]]
Scope = Mapping[str, Any]

TRACE = "_trace"


def guard_requests(app: App, datasette: Any) -> App:
    """Wrap an ASGI application so that requests are checked and all are answered."""

    pages = Slots(reader_limits.PAGES, reader_limits.CONNECTIONS, reader_limits.PEER_PAGES)
    turns = Turns()
    answers = ANSWERS.setdefault(datasette, AnswerCache())

    async def asgi_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        failure = refusal(scope) or wrong_host_refusal(scope, NAMES.get(datasette))
        if failure is None and repeats_base(scope, datasette):
            failure = Failure(404, "", "The address has the path of the server twice.")
        headers = request_headers(scope["headers"])
        answer = answers.get(scope, headers.get(b"host", b""))
        if failure is None and answer is None and scope["method"] != "OPTIONS":
            await _run(app, datasette, scope, headers, receive, send, pages, turns, answers)
            return
        await turns.take(peer_of_request(scope))
        sender = Sender(scope, send)
        try:
            if failure is not None:
                writer = AnswerWriter(scope["method"], headers, sender)
                await _send(datasette, failure, scope, writer)
            elif scope["method"] == "OPTIONS":
                await _options(sender)
            elif answer is not None:
                await send_reply(sender, await reply_for(answer, headers))
        except ClientGone:
            await asyncio.sleep(0)

    return asgi_app


def _impersonal(scope: dict[str, Any], traced: bool) -> dict[str, Any]:
    """Return a request as the application gets it: GET, and without what tells who asks."""
    query = scope.get("query_string") or b""
    return {
        **scope,
        "method": "GET",
        "query_string": query if traced else _without_trace(query),
        "headers": [pair for pair in scope["headers"] if pair[0].lower() not in READER_HEADERS],
    }


def _without_trace(query: bytes) -> bytes:
    """Return a query without `_trace`, which would turn CSV into a page without a frame."""
    parts = query.split(b"&")
    left = [part for part in parts if _parameter_name(part) != TRACE]
    return query if len(left) == len(parts) else b"&".join(left)


def _parameter_name(part: bytes) -> str:
    return unquote_plus(part.partition(b"=")[0].decode("latin-1"))


async def _options(send: Any) -> None:
    allow = ", ".join(reader_limits.METHODS).encode()
    await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow)]})
    await send({"type": "http.response.body", "body": b""})


async def _send(datasette: Any, failure: Failure, scope: Scope, send: Any) -> None:
    await datasette.invoke_startup()  # templates need it; it does nothing the second time
    path = raw_path(scope).decode("latin-1")
    response = await render_failure(datasette, failure, path)
    await response.asgi_send(send)


async def _run(
    app: App,
    datasette: Any,
    scope: dict[str, Any],
    headers: Headers,
    receive: Any,
    send: Any,
    pages: Slots,
    turns: Turns,
    answers: AnswerCache,
) -> None:
    """Run the application with what the request may use, and answer where it fails to."""
    request = classify_request((scope.get("query_string") or b"").decode("latin-1"))
    request.peer = peer_of_request(scope)
    own_scope = _impersonal(scope, bool(datasette.setting("trace_debug")))

    def finish_slot() -> None:
        if not (request.stream and request.admitted):  # a stream is made as it is sent
            request.finish()

    def remember(answer: Answer) -> None:
        key = cache_key(datasette, scope, headers, request)
        if key is not None and answer.is_shareable:
            answers.put(key, answer, request.is_current)

    sender = Sender(scope, stop_at_error(send, scope["path"]), lambda: request.stream, finish_slot)
    writer = AnswerWriter(scope["method"], headers, sender, remember)
    replaced = False
    static = scope["path"].startswith(STATIC)  # Datasette says in a bare line that one is missing

    async def send_checked(message: dict[str, Any]) -> None:
        nonlocal replaced
        if replaced:
            return
        if message["type"] == "http.response.start" and message["status"] >= 400 and static:
            replaced = True
            await _send(datasette, Failure(404, "", ""), scope, writer)
            return
        if request.client_gone and sender.started:
            raise ClientGone
        await writer(message)
        request.answered = sender.started

    token, own_token = CURRENT.set(request), REQUEST.set(request)
    watch = asyncio.create_task(_watch(request, receive))
    try:
        request.release = await pages.acquire(request.peer)
        await turns.take(request.peer)
        await app(own_scope, receive, send_checked)
    except ClientGone:
        await asyncio.sleep(0)  # so that the connection notices that it is closed, and logs nothing
    except Exception as error:
        await _fail(datasette, error, scope, headers, sender)
    finally:
        CURRENT.reset(token)
        REQUEST.reset(own_token)
        request.finish()
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _fail(
    datasette: Any, error: Exception, scope: Scope, headers: Headers, sender: Sender
) -> None:
    """Answer what nothing else has answered, unless an answer has begun."""
    failure = describe_error(error, datasette.setting("sql_time_limit_ms"))
    if failure.status >= 500 and not isinstance(error, ServerBusy):
        log_fault(error, scope["method"], scope["path"])
    traceback.clear_frames(error.__traceback__)
    if not sender.started:
        with suppress(ClientGone):
            writer = AnswerWriter(scope["method"], headers, sender)
            await _send(datasette, failure, scope, writer)


async def _watch(request: ReaderRequest, receive: Any) -> None:
    """Note when the client has gone, since sending to it does not fail."""
    while (await receive())["type"] != "http.disconnect":
        pass
    request.abandon()
