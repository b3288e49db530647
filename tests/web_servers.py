"""Servers on loopback for tests: what they hold, what they were asked, and when they fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Request:
    """A request as a server sees it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What a server answers; ``cut`` is the number of bytes after which it hangs up."""

    status: int = 200
    body: bytes | Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class HangUp(Exception):
    """Raised by a server that ends the connection without an answer."""


class Server:
    """Answers what `answer` returns; `before` and `after` may fail, wait, or kill who asks.

    Attributes
    ----------
    requests
        Every request that arrived whole, in order.
    before, after
        Called with the number of each request, from 1, before and after it has taken effect; an
        `Answer` that they return is sent instead.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.before: Callable[[int, Request], Answer | None] = lambda *_: None
        self.after: Callable[[int, Request], Answer | None] = lambda *_: None
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: else each answer waits for an ACK
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(size)
                if len(body) < size:
                    self.close_connection = True
                    return
                parts = urlsplit(self.path)
                request = Request(
                    self.command, unquote(parts.path), parts.query, dict(self.headers), body
                )
                with server.lock:
                    server.requests.append(request)
                    number = len(server.requests)
                    try:
                        answer = server.before(number, request)
                        if answer is None:
                            answer = server.answer(request)
                            answer = server.after(number, request) or answer
                    except HangUp:
                        self.close_connection = True
                        return
                data = answer.data
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("content-length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data if answer.cut is None else data[: answer.cut])
                if answer.cut is not None:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[Server]:
        thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.http.shutdown()
            self.http.server_close()
            thread.join()


class FileServer(Server):
    """Serves the files of a directory."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def answer(self, request: Request) -> Answer:
        path = self.folder / request.path.lstrip("/")
        return Answer(200, path.read_bytes()) if path.is_file() else Answer(404)
