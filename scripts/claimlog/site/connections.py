"""Connections: how many there are, in all and for a peer, and how much and how long one may say.

uvicorn has a time limit for a connection between two requests and none for the head of a request,
none for the end of an answer that nobody takes, and accepts connections until there are no files.
It parses all that arrives, 256 kB at once, bodies too, and works on for a client that has gone.
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

from claimlog.site import limits
from claimlog.site.headers import HEADERS
from claimlog.site.peers import peer_of

CONNECTION = "claimlog.connection"
"""Under which an application finds its connection in the scope of a request."""


HEAD_END = re.compile(rb"\n\r?\n")
"""What ends the head of a request, as h11 reads it."""


def most_connections() -> int:
    """Return how many connections are accepted: so many that files are left for all else.

    Each may have a file of its own, which it downloads.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return limits.CONNECTIONS
    return max(8, min(limits.CONNECTIONS, (files - limits.OTHER_FILES) // 2))


class Door:
    """Lets connections in up to a number, and closes those that say or take nothing.

    Where there is no room, a connection that waits for a request makes room for the new one, first
    of the peer that has most: who opens many and asks nothing only loses their own.
    """

    def __init__(self, total: int, trusted: Container[str] = frozenset()) -> None:
        self.total = total
        self.each = max(1, total // 2)
        self.trusted = trusted
        """Proxies, which bring many readers from one address."""
        self.inside: dict[Connection, str] = {}
        self.peers: Counter[str] = Counter()

    def enter(self, connection: Connection, peer: str) -> bool:
        """Return whether a connection is let in, where need be in place of one that idles."""
        if peer not in self.trusted and self.peers[peer] >= self.each:
            room = self._end_oldest(peer)
        elif len(self.inside) >= self.total:
            room = self._end_oldest(max(self.peers, key=self.peers.__getitem__))
        else:
            room = True
        if room:
            self.inside[connection] = peer
            self.peers[peer] += 1
        return room

    def leave(self, connection: Connection) -> None:
        """Forget a connection; nothing happens for one that is not inside."""
        peer = self.inside.pop(connection, None)
        if peer is not None:
            self.peers[peer] -= 1
            if not self.peers[peer]:
                del self.peers[peer]

    def _end_oldest(self, peer: str) -> bool:
        idle = [item for item, its in self.inside.items() if its == peer and not item.answering]
        if not idle:
            return False
        min(idle, key=lambda item: item.since).abort()
        return True

    def sweep(self) -> None:
        """Close connections that have sent no whole request, or not taken an answer, in time."""
        now = monotonic()
        for connection in list(self.inside):
            if not connection.answering and now - connection.since > connection.patience:
                connection.abort()

    def close(self) -> None:
        """Close all connections, whatever is under way on them."""
        for connection in list(self.inside):
            connection.abort()


class Connection(H11Protocol):
    """A connection of uvicorn's that comes in through a door, and brings heads of requests only."""

    def __init__(self, door: Door, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.door = door
        self.since = monotonic()
        """When it began to wait for a request."""
        self.lost = False
        self.working: set[asyncio.Task[Any]] = set()
        """The application at work on requests; on one, but for the ends of earlier ones."""
        self.app = partial(_with_connection, self, self.app)
        self._unread = bytearray()
        self._searched = 0
        self._deaf = False
        """Whether a body follows, which nothing here reads."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if self.door.enter(self, peer_of(transport.get_extra_info("peername"))):
            # asyncio does so only where a socket was made with a protocol by name
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().connection_made(transport)
        else:
            self.transport = transport
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.door.leave(self)
        super().connection_lost(exc)
        for task in self.working:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """Take what arrived: one head of a request at a time is parsed, and never a body."""
        self._unset_keepalive_if_required()
        if len(self._unread) + len(data) > limits.HEAD_BYTES:
            if self.answering or self._deaf:
                self.abort()
            else:
                self._refuse(431, f"A request has at most {limits.HEAD_BYTES:,} bytes.")
            return
        self._unread += data
        if not self.answering:
            self._parse()

    def _parse(self) -> None:
        """Parse the next head, if there is a whole one."""
        if self._deaf or self.transport.is_closing():
            return
        end = HEAD_END.search(self._unread, max(0, self._searched - 2))
        if end is None:
            self._searched = len(self._unread)
            return
        head = bytes(self._unread[: end.end()])
        del self._unread[: end.end()]
        self._searched = 0
        super().data_received(head)
        if self.conn.their_state is h11.SEND_BODY:
            self._deaf = True
            self.cycle.keep_alive = False

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
        super().on_response_complete()
        if self._unread:
            self._unset_keepalive_if_required()
            self._parse()

    @property
    def answering(self) -> bool:
        """Whether an application is at work on a request."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def patience(self) -> float:
        """Seconds until it has to have sent a request, or taken the end of an answer."""
        waits = self.transport.get_write_buffer_size()
        return limits.SEND_SECONDS if waits else limits.HEAD_SECONDS

    def abort(self) -> None:
        """Close at once, with what is left to be sent."""
        self.door.leave(self)
        self.transport.abort()


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
