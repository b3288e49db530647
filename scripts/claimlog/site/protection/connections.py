"""Limits of connections: how many, in all and for a peer, and how much and how long one may say.

uvicorn has a time limit between two requests of a connection, but none for the head of a request or
for the end of an answer that nobody takes, and it accepts connections until there are no files. It
parses all that arrives, 256 kB at once, bodies too, and works on for a client that has gone.
The server of a build reads no body, the coding desk reads those that say how long they are.
"""

from __future__ import annotations

import asyncio
import re
import resource
import socket
from collections import Counter
from collections.abc import Callable, Container
from functools import partial
from time import monotonic
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from claimlog.site.protection import reader_limits
from claimlog.site.protection.peers import peer_of
from claimlog.site.protection.security_headers import HEADERS

CONNECTION = "claimlog.connection"
"""Key of the connection in the scope of a request."""


HEAD_END = re.compile(rb"\n\r?\n")
"""What ends the head of a request, as h11 reads it."""


def connection_limit() -> int:
    """Return how many connections are accepted, so that open files are left for all else.

    Each may have a file of its own, which it downloads.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return reader_limits.CONNECTIONS
    return max(8, min(reader_limits.CONNECTIONS, (files - reader_limits.OTHER_FILES) // 2))


class ConnectionLimiter:
    """Admits connections up to a number, and closes those that send or take nothing.

    Where there is no room, an idle connection is closed for the new one, first of the peer that has
    most: who opens many and asks nothing only loses their own. Where the application says who asks,
    a body that is under way is not idle, and what is under way is cut off too: of who has more of
    it than any other of that peer, and than it has idle connections.
    """

    def __init__(self, total: int, trusted: Container[str] = frozenset()) -> None:
        self.total = total
        self.each = max(1, total // 2)
        self.trusted = trusted
        """Proxies, which bring many readers from one address."""
        self.open: dict[Connection, str] = {}
        self.peers: Counter[str] = Counter()

    def admit(self, connection: Connection, peer: str) -> bool:
        """Return whether a connection is admitted, if need be in place of an idle one."""
        if peer not in self.trusted and self.peers[peer] >= self.each:
            room = self._close_oldest(peer)
        elif len(self.open) >= self.total:
            room = self._close_oldest(max(self.peers, key=self.peers.__getitem__))
        else:
            room = True
        if room:
            self.open[connection] = peer
            self.peers[peer] += 1
        return room

    def forget(self, connection: Connection) -> None:
        """Forget a connection that was closed, if it had been admitted."""
        peer = self.open.pop(connection, None)
        if peer is not None:
            self.peers[peer] -= 1
            if not self.peers[peer]:
                del self.peers[peer]

    def _close_oldest(self, peer: str) -> bool:
        own = [item for item, owner in self.open.items() if owner == peer]
        closable = [item for item in own if not item.busy]
        askers = Counter(item.asker for item in own if item.busy and item.asker is not None)
        for asker, number in askers.most_common(1):
            if number > len(closable):
                closable = [item for item in own if item.busy and item.asker == asker]
        if not closable:
            return False
        min(closable, key=lambda item: item.since).abort()
        return True

    def sweep(self) -> None:
        """Close connections that have sent no whole request, or not taken an answer, in time."""
        now = monotonic()
        for connection in list(self.open):
            if not connection.answering and now - connection.since > connection.patience:
                connection.abort()

    def close(self) -> None:
        """Close all connections, whatever is under way on them."""
        for connection in list(self.open):
            connection.abort()


class Connection(H11Protocol):
    """A connection of uvicorn's that a limiter admits, and that brings requests in time.

    Parameters
    ----------
    takes_bodies
        Whether bodies of a stated length are read; no other ever is.
    """

    def __init__(
        self, limiter: ConnectionLimiter, *args: Any, takes_bodies: bool = False, **given: Any
    ) -> None:
        super().__init__(*args, **given)
        self.limiter = limiter
        self.takes_bodies = takes_bodies
        self.since = monotonic()
        """When it began to wait for a request."""
        self.asker: str | None = None
        """Who asks on it, where the application tells those of one address apart."""
        self.lost = False
        self.working: set[asyncio.Task[Any]] = set()
        """The application at work on requests; on one, but for the ends of earlier ones."""
        self.app = partial(_with_connection, self, self.app)
        self._unread = bytearray()
        self._searched = 0
        self._body_bytes = self._body_left = 0
        """Bytes of the body of the latest request, and those of them that have not arrived."""
        self._deaf = False
        """Whether a body follows, which nothing here reads."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if self.limiter.admit(self, peer_of(transport.get_extra_info("peername"))):
            # asyncio sets it only on sockets that were made with the protocol by name
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().connection_made(transport)
        else:
            self.transport = transport
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.limiter.forget(self)
        super().connection_lost(exc)
        for task in self.working:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """Take what arrived: one request at a time is parsed, and no body that is not taken."""
        self._unset_keepalive_if_required()
        self._unread += data
        self._take_body()
        if not self.answering:
            self._parse()
        if len(self._unread) <= reader_limits.HEAD_BYTES or self.transport.is_closing():
            return
        if self.answering or self._deaf:
            self.abort()
        else:
            self._refuse_long_head()

    def _parse(self) -> None:
        """Parse the next head, if there is a whole one, and what is there of its body."""
        if self._deaf or self._body_left or self.transport.is_closing():
            return
        end = HEAD_END.search(self._unread, max(0, self._searched - 2))
        if end is None:
            self._searched = len(self._unread)
            return
        if end.end() > reader_limits.HEAD_BYTES:
            self._refuse_long_head()
            return
        head = bytes(self._unread[: end.end()])
        del self._unread[: end.end()]
        self._searched = self._body_bytes = 0
        if head.count(b"\n") > reader_limits.HEAD_LINES:
            self._refuse(431, f"A request has at most {reader_limits.HEAD_LINES} lines.")
            return
        super().data_received(head)
        if self.conn.their_state is not h11.SEND_BODY:
            return
        if self.takes_bodies:
            self._body_bytes = self._body_left = _stated_length(self.headers)
        if self._body_left:
            self._take_body()
        else:
            self._deaf = True
            self.cycle.keep_alive = False

    def _take_body(self) -> None:
        """Hand on what is there of a body whose length was stated."""
        if part := bytes(self._unread[: self._body_left]):
            del self._unread[: len(part)]
            self._body_left -= len(part)
            super().data_received(part)

    def _refuse_long_head(self) -> None:
        self._refuse(431, f"A request has at most {reader_limits.HEAD_BYTES:,} bytes.")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        self._refuse(400, "This is no request of HTTP.")

    def _refuse(self, status: int, message: str) -> None:
        """Answer what is no request, and close."""
        body = f"{message}\n".encode()
        lines = [
            b"HTTP/1.1 %d %s" % (status, STATUS_PHRASES[status]),
            b"content-type: text/plain; charset=utf-8",
            b"content-length: %d" % len(body),
            b"connection: close",
            *(b"%s: %s" % pair for pair in HEADERS.items()),
        ]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self._deaf = True
        self.transport.close()

    def on_response_complete(self) -> None:
        self.since = monotonic()
        self._body_bytes = 0  # what is left of a body after the answer has no time of its own
        super().on_response_complete()
        if self._unread:
            self._unset_keepalive_if_required()
            self._parse()

    @property
    def answering(self) -> bool:
        """Whether a request on it is being answered, and nothing of it is waited for."""
        return self.cycle is not None and not (self.cycle.response_complete or self._body_left)

    @property
    def busy(self) -> bool:
        """Whether a request on it is being answered, or brings its body and is somebody's."""
        return self.answering or (bool(self._body_left) and self.asker is not None)

    @property
    def patience(self) -> float:
        """Seconds until it must have sent a request, or taken the end of an answer."""
        if self.transport.get_write_buffer_size():
            return reader_limits.SEND_SECONDS
        return reader_limits.HEAD_SECONDS + self._body_bytes / reader_limits.LEAST_RATE

    def abort(self) -> None:
        """Close at once, and drop what is left to be sent."""
        self.limiter.forget(self)
        self.transport.abort()


def _stated_length(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the length that a head states of its body; 0 for one that comes in chunks."""
    stated = dict(headers)
    return 0 if b"transfer-encoding" in stated else int(stated.get(b"content-length", b"0"))


async def _with_connection(
    connection: Connection, app: Callable[..., Any], scope: dict[str, Any], receive: Any, send: Any
) -> None:
    """Run an application as long as somebody is there for whom."""
    task = asyncio.current_task()
    if connection.lost or task is None:
        return
    connection.working.add(task)
    try:
        await app({**scope, CONNECTION: connection}, receive, send)
    except asyncio.CancelledError:
        if not connection.lost:
            raise
    finally:
        connection.working.discard(task)
