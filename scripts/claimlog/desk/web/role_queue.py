"""Roles take turns at the desk's threads: one that asks much or for long things only waits itself.

A thread answers one request after the other, because the desk's state is changed by one at a time.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from claimlog.desk.request_error import BUSY, RequestError
from claimlog.limits import TEXT_BYTES

T = TypeVar("T")

MOST_WAITING = 32
"""Requests of a role that may wait for a thread: a page sends a handful at once."""

MOST_BYTES = 3 * TEXT_BYTES
"""Bytes of the bodies of a role's requests that are under way."""

LATER = "this role asks for more at once than the desk takes; try again in a moment"


class RoleQueue:
    """A thread that works for one role after the other, and for each in the order of requests."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """By role, those first whose turn is next."""
        self._works = False

    async def run(self, role: str, work: Callable[[], T]) -> T:
        """Return what some work gives, when it is the turn of the role.

        What has begun is done to its end, whether or not somebody waits for it.

        Raises
        ------
        RequestError
            If too much of this role waits already.
        """
        own = self._waiting.setdefault(role, deque())
        if len(own) >= MOST_WAITING:
            raise RequestError(BUSY, LATER)
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        own.append(place)
        self._begin_next()
        try:
            await place
        except asyncio.CancelledError:
            if place in own:
                own.remove(place)
            elif not place.cancelled():  # it was its turn just then
                self._end()
            raise
        try:
            working = loop.run_in_executor(self._thread, _without_stop, work)
        except RuntimeError:  # no thread can be started
            self._end()
            raise
        working.add_done_callback(self._end_work)
        try:
            return await asyncio.shield(working)
        finally:
            # it holds its error, which holds this frame and all that wait for it: with the name
            # they would stay, with a long work or text, until a full pass of the garbage collector
            del working

    def _end_work(self, working: asyncio.Future[T]) -> None:
        if not working.cancelled():
            working.exception()  # nobody may be there to hear of it
        self._end()

    def _end(self) -> None:
        self._works = False
        self._begin_next()

    def _begin_next(self) -> None:
        if self._works:
            return
        for role in [*self._waiting]:
            places = self._waiting.pop(role)
            while places:
                place = places.popleft()
                if not place.done():  # whoever was cancelled in this round of the loop is there
                    self._waiting[role] = places  # behind all others
                    self._works = True
                    place.set_result(None)
                    return

    def close(self) -> None:
        """End the thread once its work is done."""
        self._thread.shutdown(wait=True)


def _without_stop(work: Callable[[], T]) -> T:
    """Return what some work gives; no future takes a StopIteration, and it would never be done."""
    try:
        return work()
    except StopIteration as error:
        raise RuntimeError("something was looked for that is not there") from error


class BodyShares:
    """Bytes of bodies that are held for each role."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, role: str, size: int) -> Iterator[None]:
        """Hold so many bytes for a role.

        Raises
        ------
        RequestError
            If they are more than it may have.
        """
        if self._held[role] + size > MOST_BYTES:
            raise RequestError(BUSY, LATER)
        self._held[role] += size
        try:
            yield
        finally:
            self._held[role] -= size
