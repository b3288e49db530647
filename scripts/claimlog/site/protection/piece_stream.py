"""Answers that are written while they are sent, each in one of the slots for streams.

The slot is taken where the answer is sent, and not by an address: there are many of those.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any, TypeVar

from claimlog.site.datasette_internals import AsgiStream
from claimlog.site.protection import reader_limits
from claimlog.site.protection.reader_pool import POOLS
from claimlog.site.protection.reader_request import REQUEST, finish_job

T = TypeVar("T")

THREADS = ThreadPoolExecutor(reader_limits.STREAMS, thread_name_prefix="claimlog-csv")
"""One for each slot, so that no other answer waits for a thread that writes a table."""


class PieceStream(AsgiStream):  # type: ignore[misc]  # Datasette ships no types
    """A file of unknown length, sent in the pieces in which it is written."""

    def __init__(
        self,
        datasette: Any,
        name: str,
        content_type: str,
        pieces: Callable[[], AsyncGenerator[str, None]],
    ) -> None:
        async def send_pieces(writer: Any) -> None:
            async with aclosing(pieces()) as own:
                async for piece in own:
                    await writer.write(piece)

        headers = {"content-disposition": f'attachment; filename="{name}"'}
        super().__init__(send_pieces, headers=headers, content_type=content_type)
        self._datasette = datasette

    async def asgi_send(self, send: Any) -> None:
        """Send the file as soon as there is a slot.

        Raises
        ------
        ServerBusy
            If too many wait for one; nothing has been sent then.
        """
        if (request := REQUEST.get()) is not None:
            request.stream = True
            await POOLS[self._datasette].admit(request)
        await super().asgi_send(send)


async def write_piece(call: Callable[..., T], *args: Any) -> T:
    """Return what a call gives in a thread of the streams, done before the slot is free."""
    return await finish_job(asyncio.get_running_loop().run_in_executor(THREADS, call, *args))
