"""The connections of an HTTP client: how slow they may be, and which machines they may reach.

httpx limits each wait for bytes and not all of them together: a server that sends a byte now and
then, or answers 100 without end, would keep a client for good. And names say little about whom
they lead to, so the address of the other end is looked at before anything is sent to it.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from enum import IntEnum
from ipaddress import ip_address
from typing import Any

LEAST_SECONDS, LEAST_SPEED = 120.0, 20_000
"""Seconds in which an exchange may bring nothing, and bytes for which it has another second."""


class PeerError(Exception):
    """A connection came about that may not be used; nothing was sent."""


class Reach(IntEnum):
    """Who can be at the other end of a connection."""

    ANYBODY = 0
    NETWORK = 1
    """A machine of a private network."""

    MACHINE = 2
    """This machine itself."""


class Connections:
    """Cuts off exchanges that are too slow, and refuses machines that may not be reached.

    It is of one client, which makes one exchange at a time.

    Parameters
    ----------
    seconds
        How long all exchanges may take together; None for as long as they are fast enough.

    Attributes
    ----------
    has_expired
        Whether the exchange was ended because it was too slow.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.has_expired = False
        self._latest = math.inf if seconds is None else time.monotonic() + seconds
        self._last = self._latest
        self._streams: list[Any] = []
        self._reached: dict[str, Reach] = {}
        self._target = ("", "")
        self._most = Reach.MACHINE
        self._host = ""
        self._end = 0.0
        self._is_over = threading.Event()

    def finish_by(self, moment: float) -> None:
        """Set the moment of `time.monotonic` by which further exchanges end.

        Each byte that comes meanwhile puts it off. It takes the place of one that was set before.
        """
        self._last = min(self._latest, moment)

    def begin(self) -> None:
        """Begin to watch an exchange, which is cut off once it is too slow."""
        self.has_expired = False
        self._end = min(time.monotonic() + LEAST_SECONDS, self._last)
        self._is_over = threading.Event()
        threading.Thread(target=self._watch, args=(self._is_over,), daemon=True).start()

    def count(self, size: int) -> None:
        """Give the exchange more time for bytes that were sent or received."""
        self._last = min(self._latest, self._last + size / LEAST_SPEED)
        most = time.monotonic() + LEAST_SECONDS
        self._end = min(self._end + size / LEAST_SPEED, most, self._last)

    def has_time_for(self, pause: float) -> bool:
        """Whether another exchange may begin after so many seconds."""
        return time.monotonic() + pause < self._last

    def end(self) -> None:
        """Stop to watch the exchange; its connection may serve another one."""
        self._is_over.set()

    def _watch(self, is_over: threading.Event) -> None:
        while (left := self._end - time.monotonic()) > 0:
            if is_over.wait(left):
                return
        if is_over.is_set():
            return
        self.has_expired = True
        for stream in self._streams:
            _shut(stream)

    def reach(self, origin: str) -> Reach:
        """Return who answered at an origin last; `Reach.ANYBODY` if none did, or only a proxy."""
        return self._reached.get(origin, Reach.ANYBODY)

    def lead_to(self, origin: str, host: str, most: Reach) -> None:
        """Note which origin the next request is for, and which machines it may reach."""
        self._target, self._most = (origin, host), most

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Check a connection as it comes about: the function that httpx calls as ``trace``.

        Raises
        ------
        PeerError
            If the machine at the other end may not be reached, or the time is over.
        """
        step = event.partition(".")[2]
        if step == "connect_tcp.started":
            self._host = str(info["host"])
        elif step in ("connect_tcp.complete", "start_tls.complete"):
            stream = info["return_value"]
            self._streams = [it for it in self._streams if _is_open(it)] + [stream]
            # the time may have ended before there was anything to shut
            if self.has_expired or (step.startswith("connect") and not self._may_reach(stream)):
                stream.close()
                raise PeerError

    def _may_reach(self, stream: Any) -> bool:
        origin, host = self._target
        if self._host != host:
            return True  # a proxy, which is chosen by the user and chooses whom it reaches
        self._reached[origin] = reach = _reach(stream)
        return reach <= self._most


def _reach(stream: Any) -> Reach:
    """Return who is at the other end of a connection, by its address."""
    own, other = (
        ip_address(str(stream.get_extra_info(name)[0]).partition("%")[0])
        for name in ("client_addr", "server_addr")
    )
    address = getattr(other, "ipv4_mapped", None) or other
    if address.is_loopback or address.is_unspecified or other == own:
        return Reach.MACHINE
    return Reach.ANYBODY if address.is_global else Reach.NETWORK


def _is_open(stream: Any) -> bool:
    connection: socket.socket = stream.get_extra_info("socket")
    return connection.fileno() != -1


def _shut(stream: Any) -> None:
    """Shut a connection down, so that a thread that waits for its bytes goes on."""
    with suppress(OSError):
        socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)
