"""Streams that fail in their midst are cut off, so that a client sees an incomplete answer.

Datasette would write the error as if it were the last row of the CSV and end the answer, whose
status of 200 was sent long before.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from claimlog.site.protection.failures import log_fault

Send = Callable[[dict[str, Any]], Awaitable[None]]


def stop_at_error(send: Send, path: str) -> Send:
    """Wrap the `send` of an answer so that nothing is sent after an error in its midst.

    A message that is sent while an exception is being handled, which was not at the beginning,
    tells of an error. The server then closes the connection without an end of the answer.
    """
    earlier: BaseException | None = None
    stopped = False

    async def send_until_error(message: dict[str, Any]) -> None:
        nonlocal earlier, stopped
        if stopped:
            return
        error = sys.exc_info()[1]
        if message["type"] == "http.response.start":
            earlier = error
        elif error is not None and error is not earlier:
            stopped = True
            log_fault(error, "GET", path)
            return
        await send(message)

    return send_until_error
