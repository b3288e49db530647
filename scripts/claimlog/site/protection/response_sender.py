"""Sending of answers in pieces, within a budget of memory, to readers who take them in time.

The server holds what its clients have not taken yet. So a long answer goes to the connection in
pieces, a reader who takes too little is cut off, and the bytes of all long answers are bounded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, NoReturn

from claimlog.site.protection import reader_limits
from claimlog.site.protection.connections import CONNECTION
from claimlog.site.protection.peers import peer_of_request
from claimlog.site.protection.slots import ServerBusy


class ClientGone(BaseException):
    """The client takes no more of the answer.

    Like a cancellation it is no `Exception`: Datasette would write one into the answer.
    """


class SendBudget:
    """Bytes of long answers under way, for all readers and for each."""

    def __init__(self, total: float, each: int) -> None:
        self.total, self.each = total, each
        self.peers: Counter[str] = Counter()

    def take(self, peer: str, size: int) -> bool:
        """Take bytes for an answer and return whether there is room; a single one always has it."""
        own = self.peers[peer]
        if own and own + size > self.each:
            return False
        if self.peers.total() and self.peers.total() + size > self.total:
            return False
        self.peers[peer] += size
        return True

    def give_back(self, peer: str, size: int) -> None:
        self.peers[peer] -= size
        if not self.peers[peer]:
            del self.peers[peer]


SEND_BUDGET = SendBudget(reader_limits.SENDING_BYTES, reader_limits.PEER_SENDING_BYTES)
"""The budget of this process."""


class Sender:
    """Sends the answer to one request; once it has failed, it fails at once."""

    def __init__(
        self,
        scope: Mapping[str, Any],
        send: Any,
        stream: Callable[[], bool] = lambda: False,
        on_complete: Callable[[], None] = lambda: None,
        peer: str | None = None,
        budget: SendBudget | None = None,
    ) -> None:
        """Make a sender.

        Parameters
        ----------
        stream
            Whether the answer comes in parts, as they are made; asked when it begins.
        on_complete
            Called when the whole answer is there, or its first part.
        peer
            Whose part of the budget it takes; by default that of the address that asks.
        budget
            By default that of this process.
        """
        self.started = False
        """Whether anything has been sent; until then there can be another answer."""
        self._scope = scope
        self._send = send
        self._stream = stream
        self._on_complete = on_complete
        self._peer = peer_of_request(scope) if peer is None else peer
        self._budget = SEND_BUDGET if budget is None else budget
        self._start: dict[str, Any] | None = None
        self._begun = monotonic()
        self._handed = 0
        self._waited = 0.0
        self._dead = False

    async def __call__(self, message: dict[str, Any]) -> None:
        """Send a message.

        Raises
        ------
        ServerBusy
            If the answer is long and too many long ones are under way; none of it is sent.
        ClientGone
            If the reader takes too little of it.
        """
        if self._dead:
            raise ClientGone
        if message["type"] == "http.response.start":
            if self.started:
                self._end()  # an error in the midst of an answer
            self._start = message  # with the body, or with another answer if there is no room
            return
        body = message.get("body", b"")
        if self._scope["method"] == "HEAD":
            body = b""
        self._on_complete()  # what was set aside for the answer is free for its true size
        part = self._stream() and message.get("more_body")
        if len(body) <= reader_limits.PIECE_BYTES or part:
            await self._pieces(message, body)
            return
        peer, size = self._peer, len(body)
        if not self._budget.take(peer, size):
            raise ServerBusy
        try:
            await self._pieces(message, body)
        finally:
            self._budget.give_back(peer, size)

    async def _pieces(self, message: dict[str, Any], body: bytes) -> None:
        if self._start is not None:
            start, self._start = self._start, None
            self.started = True
            await self._hand(start, 0)
        cut = max(0, len(body) - 1) // reader_limits.PIECE_BYTES * reader_limits.PIECE_BYTES
        for at in range(0, cut, reader_limits.PIECE_BYTES):
            piece = body[at : at + reader_limits.PIECE_BYTES]
            await self._hand({**message, "body": piece, "more_body": True}, len(piece))
        await self._hand({**message, "body": body[cut:]}, len(body) - cut)

    async def _hand(self, message: dict[str, Any], size: int) -> None:
        """Hand a piece to the connection, in the time that its reader still has."""
        now = monotonic()
        left = reader_limits.SEND_SECONDS + self._handed / reader_limits.LEAST_RATE - self._waited
        seconds = min(reader_limits.SEND_SECONDS, left)
        if self._stream():
            seconds = min(seconds, self._begun + reader_limits.SENDING_SECONDS - now)
        if seconds <= 0:
            self._end()
        try:
            async with asyncio.timeout(seconds):
                await self._send(message)
        except TimeoutError:
            self._end()
        self._waited += monotonic() - now
        self._handed += size

    def _end(self) -> NoReturn:
        """Close the connection, so that half of an answer does not look like all of it."""
        self._dead = True
        connection = self._scope.get(CONNECTION)
        if connection is not None:
            connection.abort()
        raise ClientGone
