"""Answers that fail in the middle: they end without an end, so that nobody takes them for whole.

Datasette writes an error in the middle of a CSV stream as if it were a last row of it, and then
ends the answer, whose status of 200 was sent long before.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from claimlog.site.failures import log

Send = Callable[[dict[str, Any]], Awaitable[None]]


def unbroken(send: Send, path: str) -> Send:
    """Wrap what sends an answer so that nothing is sent after an error in its midst.

    What is sent while an exception is being handled that came after the beginning tells of it.
    The server then closes the connection, and a client sees that its answer is not complete.
    """
    handled: BaseException | None = None
    broken = False

    async def sending(message: dict[str, Any]) -> None:
        nonlocal handled, broken
        if broken:
            return
        error = sys.exc_info()[1]
        if message["type"] == "http.response.start":
            handled = error
        elif error is not None and error is not handled:
            broken = True
            log(error, "GET", path)
            return
        await send(message)

    return sending
