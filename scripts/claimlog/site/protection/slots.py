"""Slots of which one peer can hold only a part, and a queue for them that is as fair."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from claimlog.site.protection import reader_limits


class ServerBusy(Exception):
    """More readers ask at once than can be served."""


class Slots:
    """A number of slots, and a number of places to wait for one.

    One peer never has the last slot, nor more than half of the places to wait. A slot that becomes
    free goes to the peer that holds fewest, and among those to the one that waited longest.

    Parameters
    ----------
    each
        Slots that one peer may hold; by default all but one.
    """

    def __init__(self, running: int, waiting: int, each: int | None = None) -> None:
        self.running = running
        self.waiting = waiting
        self.each = max(1, running - 1) if each is None else each
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held: Counter[str] = Counter()
        self._waits: list[tuple[str, asyncio.Future[None]]] = []

    async def acquire(self, peer: str = "") -> Callable[[], None]:
        """Return what gives the slot back, as soon as there is one.

        Raises
        ------
        ServerBusy
            If too many wait already, or it takes too long.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # a future belongs to one loop; a server has one
            self._loop, self._held, self._waits = loop, Counter(), []
        held = self._held
        if self._fits(peer):
            held[peer] += 1
        else:
            await self._wait(loop, peer)
        given_back = False

        def release() -> None:
            nonlocal given_back
            if not given_back and held is self._held:
                given_back = True
                self._give_back(peer)

        return release

    def _fits(self, peer: str) -> bool:
        return self._held.total() < self.running and self._held[peer] < self.each

    async def _wait(self, loop: asyncio.AbstractEventLoop, peer: str) -> None:
        own = sum(its == peer for its, _ in self._waits)
        if len(self._waits) >= self.waiting or own >= max(1, self.waiting // 2):
            raise ServerBusy
        place = (peer, loop.create_future())
        self._waits.append(place)
        try:
            async with asyncio.timeout(reader_limits.WAIT_SECONDS):
                await place[1]
        except BaseException as error:
            if place in self._waits:
                self._waits.remove(place)
            else:  # it was given the slot just then
                self._give_back(peer)
            if isinstance(error, TimeoutError):
                raise ServerBusy from None
            raise

    def _give_back(self, peer: str) -> None:
        self._held[peer] -= 1
        if not self._held[peer]:
            del self._held[peer]
        # whoever was cancelled in this round of the loop is still there
        ready = [place for place in self._waits if not place[1].done() and self._fits(place[0])]
        if ready:
            place = min(ready, key=lambda item: self._held[item[0]])
            self._waits.remove(place)
            self._held[place[0]] += 1
            place[1].set_result(None)
