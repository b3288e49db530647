"""Turns of the event loop: one request is begun in each, and peers take them by turns.

What is answered from memory, or refused, holds no slot. A peer with a hundred connections would
have a hundred such answers written in every round of the loop, and the page of another reader,
which needs a few dozen rounds, would wait for thousands of them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque


class Turns:
    """Begins one request in each round of the event loop, of the peer that waited longest."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taken = False
        self._waits: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, peer: str) -> None:
        """Wait for a turn; where nobody else asks there is one at once."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # a future belongs to one loop; a server has one
            self._loop, self._taken, self._waits = loop, False, OrderedDict()
        if not self._taken:
            self._taken = True
            loop.call_soon(self._give, loop)
            return
        place: asyncio.Future[None] = loop.create_future()
        self._waits.setdefault(peer, deque()).append(place)
        await place

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the turn of this round to the next peer."""
        if loop is not self._loop:
            return
        while self._waits:
            peer, places = self._waits.popitem(last=False)
            place = places.popleft()
            if places:
                self._waits[peer] = places  # behind all others
            if not place.done():  # it is if its reader has gone
                place.set_result(None)
                loop.call_soon(self._give, loop)
                return
        self._taken = False
