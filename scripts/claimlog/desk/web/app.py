"""The ASGI application of the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from math import inf
from pathlib import Path, PurePosixPath
from tempfile import gettempdir
from typing import Any
from urllib.parse import parse_qsl

from claimlog.desk.desk import Desk
from claimlog.desk.quick_answers import UnpreparedError, prompt_answer
from claimlog.desk.request_error import (
    ABSENT,
    BUSY,
    DISK,
    INVALID,
    LARGE,
    MALFORMED,
    RequestError,
)
from claimlog.desk.roles import FILES, Role
from claimlog.desk.web import guard
from claimlog.desk.web.adjudication_api import adjudication_routes
from claimlog.desk.web.coding_api import coding_routes
from claimlog.desk.web.pages import failure_page, page_routes, static_file
from claimlog.desk.web.preview_mount import PREVIEW, PreviewMount
from claimlog.desk.web.request import Answer, Request, json_answer, redirect
from claimlog.desk.web.review_api import review_routes
from claimlog.desk.web.role_queue import LATER, BodyShares, RoleQueue
from claimlog.desk.web.router import CHECKS, FAST, PACES, SLOW, Route, find_route
from claimlog.desk.web.tokens import desk_mark
from claimlog.errors import ClaimlogError, FindingsError, is_of_the_machine, reason
from claimlog.site.protection.connections import CONNECTION
from claimlog.site.protection.failures import log_fault
from claimlog.site.protection.reader_limits import PEER_SENDING_BYTES
from claimlog.site.protection.refusals import raw_path
from claimlog.site.protection.response_sender import ClientGone, SendBudget, Sender
from claimlog.site.protection.slots import ServerBusy
from claimlog.site.protection.turns import Turns

API = "api/"
STATIC = f"/{FILES}/"
DISCONNECT = "http.disconnect"
FAULT = "this failed by a fault of claimlog, which is noted where the desk was started"
PREPARATIONS = 1_000
"""How often something is computed that an answer rests on: a text, each of the works on it, what is
compared, and again; and, for a first screen, as many works as are read in a second."""

ADDED_BY_CODERS = ("sources", "coders")
ROW_FILES = (".ndjson", ".parquet")
"""Streams to which roles that code add rows of the open batch."""


class DeskApp:
    """Answers the requests of all roles of a desk.

    Parameters
    ----------
    tokens
        The token of each role.

    Attributes
    ----------
    budget
        Bytes of long answers that are under way to each role.
    """

    def __init__(self, desk: Desk, tokens: Mapping[str, str]) -> None:
        self.desk = desk
        self.tokens = tokens
        self.mark = desk_mark(desk.work_folder)
        self.preview = PreviewMount(desk)
        self.routes: Sequence[Route] = (
            *page_routes(),
            *coding_routes(),
            *adjudication_routes(),
            *review_routes(self.preview),
        )
        self._queues = {pace: RoleQueue(f"desk-{pace}") for pace in PACES}
        self._bodies = BodyShares()
        self._turns = Turns()
        # few roles: what one does not take is no reason to refuse another
        self.budget = SendBudget(inf, PEER_SENDING_BYTES)

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            warm = self._queues[SLOW].run("", self.desk.warm_up)
            warming = asyncio.create_task(warm)
            await _answer_lifespan(receive, send)
            warming.cancel()
            return
        if scope["type"] != "http":
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        role = self._known_role(scope, headers)
        if (connection := scope.get(CONNECTION)) is not None:
            connection.asker = role
        await self._turns.take(role)
        try:
            guard.check_request(scope, headers)
            if await self._is_preview(scope, headers):
                await self.preview(scope, receive, send)
                return
            answer = await self._answer(scope, headers, receive)
        except _ClientGone:
            return
        except RequestError as error:
            answer = self._refusal(scope["path"], error)
        except FindingsError as error:
            answer = self._refusal(scope["path"], _findings_refusal(scope["path"], error))
        except ClaimlogError as error:
            code = DISK if is_of_the_machine(error) else INVALID
            answer = self._refusal(scope["path"], RequestError(code, str(error)))
        except Exception as error:
            log_fault(error, scope["method"], scope["path"])
            if is_of_the_machine(error):
                answer = self._refusal(scope["path"], RequestError(DISK, _machine_failure(error)))
            else:
                answer = json_answer({"error": {"code": "fault", "message": FAULT}}, 500)
        sender = Sender(scope, send, peer=role, budget=self.budget)
        try:
            await _send(sender, answer)
        except ServerBusy:
            await _send(sender, self._refusal(scope["path"], RequestError(BUSY, LATER)))
        except ClientGone:
            await asyncio.sleep(0)  # so that the connection notices that it is closed

    def _known_role(self, scope: Mapping[str, Any], headers: guard.Headers) -> str:
        """Return the role that turns and connections count for; all without a token are one."""
        name = scope["path"].lstrip("/").partition("/")[0]
        try:
            if name in self.tokens:
                guard.require_token(headers, self.tokens[name], self.mark)
                return str(name)
        except RequestError:
            pass
        return ""

    async def _is_preview(self, scope: Mapping[str, Any], headers: guard.Headers) -> bool:
        """Whether a request is for the preview; its token is checked."""
        name, _, rest = scope["path"].lstrip("/").partition("/")
        if not f"{rest}/".startswith(PREVIEW) or name not in self.tokens:
            return False
        guard.require_token(headers, self.tokens[name], self.mark)
        self.preview.require_open(Role(name))
        return True

    async def _answer(
        self, scope: Mapping[str, Any], headers: guard.Headers, receive: Any
    ) -> Answer:
        path, method = raw_path(scope).decode("latin-1"), scope["method"]
        method = "GET" if method == "HEAD" else method
        if path.startswith(STATIC) and method == "GET":
            return static_file(path.removeprefix(STATIC))
        name, slash, rest = path.lstrip("/").partition("/")
        query = dict(parse_qsl((scope.get("query_string") or b"").decode("latin-1")))
        if name in self.tokens and not slash and method == "GET":
            return redirect(f"/{name}/")
        if name not in self.tokens or not slash:
            raise RequestError(ABSENT, f"the desk is open as {', '.join(self.tokens)}")
        if rest == "start" and method == "GET":
            return guard.start(headers, name, self.tokens[name], query.get("token", ""))
        guard.require_token(headers, self.tokens[name], self.mark)
        role = Role(name)
        route, parts = find_route(self.routes, role, method, rest)
        guard.require_content_type(method, headers, route.content_type)
        size = _stated_length(headers, route.body_bytes) if method != "GET" else 0
        with self._bodies.hold(name, size):
            body = await _read_body(receive, size) if method != "GET" else b""
            made_by = headers.get(guard.DEFINITION)
            definition = None if made_by is None else made_by.decode("latin-1")
            request = Request(role, self.mark, method, rest, parts, query, body, definition)
            turn = self._take_turn(route, request)
            if method == "GET":
                return await turn
            # what was sent whole is saved, also for a page that is closed meanwhile
            saving = asyncio.create_task(turn)
            try:
                return await asyncio.shield(saving)
            except asyncio.CancelledError:
                saving.add_done_callback(partial(_note_unheard_fault, method, path))
                raise
            finally:
                del saving  # which holds its error, as in `RoleQueue.run`

    async def _take_turn(self, route: Route, request: Request) -> Answer:
        """Return an answer when it is the turn of its role.

        What a prompt answer rests on, as the words of a long text, is computed by the thread for
        checks, and held until the answer is made, whatever others push out meanwhile.
        """
        role, work = request.role.name, partial(self._handle, route, request)
        prepared: list[Callable[[], object]] = []
        while len(prepared) < PREPARATIONS:
            try:
                return await self._queues[route.pace].run(role, work)
            except UnpreparedError as error:
                prepare = error.prepare
            if prepared and prepare == prepared[-1]:  # it was in vain
                break
            prepared.append(prepare)
            await self._queues[CHECKS].run(role, prepare)
        raise RequestError(BUSY, LATER)

    def _handle(self, route: Route, request: Request) -> Answer:
        """Return an answer; what only reads looks at files once, however much it says of each.

        Raises
        ------
        UnpreparedError
            If something has to be computed before there is one.
        """
        self.desk.look_at_definition()
        if request.method != "GET":
            self.desk.require_same_definition(request.definition)
        reads = self.desk.log.looked_at_once() if route.method == "GET" else nullcontext()
        with reads, prompt_answer() if route.pace == FAST else nullcontext():
            found = route.handler(self.desk, request)
        return found if isinstance(found, Answer) else json_answer(found)

    def _refusal(self, path: str, error: RequestError) -> Answer:
        """Return a refusal that names directories without where on this machine they lie."""
        texts, root = self.desk.log.texts_folder.absolute(), self.desk.package.root.absolute()
        message = str(error)
        for folder in (texts, root, Path(gettempdir()), Path.home()):
            if folder.name:
                message = message.replace(str(folder), folder.name)
        told = RequestError(error.code, message, **error.details)
        _, _, rest = path.lstrip("/").partition("/")
        if rest.startswith(API) or path.startswith(STATIC):
            return json_answer(told.as_dict(), told.status)
        return failure_page(told)

    def close(self) -> None:
        """End the threads once their work is done."""
        for queue in self._queues.values():
            queue.close()
        self.preview.close()


def _machine_failure(error: Exception) -> str:
    """Say what failed on this machine, and not in what was asked."""
    said = reason(error) if isinstance(error, OSError) else "no memory is left"
    return f"this machine cannot answer now ({said}); see to its disk and memory, and try again"


def _note_unheard_fault(method: str, path: str, saving: asyncio.Task[Answer]) -> None:
    """Note a fault of work that went on for a page that was closed; a refusal is for it alone."""
    error = None if saving.cancelled() else saving.exception()
    if error is not None and not isinstance(error, ClaimlogError):
        log_fault(error, method, path)


class _ClientGone(Exception):
    """Nobody waits for an answer."""


def _stated_length(headers: guard.Headers, most: int) -> int:
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 12:
        raise RequestError(MALFORMED, "the length of the body is no number")
    if int(length) > most:
        raise RequestError(LARGE, f"the body has {int(length):,} bytes, more than {most:,}")
    return int(length)


async def _read_body(receive: Any, size: int) -> bytes:
    """Return a body of a stated length: the connection hands on no more than that."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == DISCONNECT:
            raise _ClientGone
        body += message.get("body", b"")
        if len(body) > size:
            raise RequestError(MALFORMED, "the body is longer than it says")
        if not message.get("more_body"):
            return bytes(body)


def _findings_refusal(path: str, error: FindingsError) -> RequestError:
    """Return the refusal of rows that break rules, without what is of others' codings."""
    role = Role(path.lstrip("/").partition("/")[0])
    findings = [
        finding.as_dict()
        for finding in error.findings
        if role.decides or not _is_of_others(PurePosixPath(finding.path))
    ]
    return RequestError(INVALID, str(error), findings=findings)


def _is_of_others(path: PurePosixPath) -> bool:
    """Whether a finding is about rows of the log that no coder adds.

    A fault of what was asked for is about no file.
    """
    return path.suffix in ROW_FILES and path.stem not in ADDED_BY_CODERS


async def _send(send: Sender, answer: Answer) -> None:
    """Send an answer; raises as `Sender` does."""
    headers = {
        **guard.SECURITY_HEADERS,
        "content-type": answer.content_type,
        "content-length": str(len(answer.body)),
    }
    pairs = [*headers.items(), *((name.lower(), value) for name, value in answer.headers)]
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in pairs]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})


async def _answer_lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
