"""Writes what an application answers: whole answers with a validator, text compressed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from claimlog.site.delivery.answer import Answer, Pairs, vary_header
from claimlog.site.delivery.compression import StreamCompressor, accepts_gzip, is_text
from claimlog.site.delivery.preconditions import Headers
from claimlog.site.protection.response_sender import ClientGone

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

GATHERED_BYTES = 500_000
"""Length of an answer, if it is stated, up to which its parts are put together."""

THREAD_BYTES = 100_000
"""Bytes from which on compressing is done in a thread: 2 ms of the event loop."""


class AnswerWriter:
    """Takes the messages of an application and sends what its reader needs of them.

    An answer in one piece gets a validator and is sent compressed, or not at all if the reader has
    it. One that comes in parts is compressed as they come, unless it is a file, whose readers may
    ask for parts of it.

    Parameters
    ----------
    method
        That of the reader's request: the application is asked with GET where it is HEAD.
    remember
        Called with an answer in one piece.
    """

    def __init__(
        self,
        method: str,
        headers: Headers,
        send: Send,
        remember: Callable[[Answer], None] = lambda _: None,
    ) -> None:
        self._is_head = method == "HEAD"
        self._headers = headers
        self._send = send
        self._remember = remember
        self._start: Message | None = None
        self._gathered = bytearray()
        self._compressor: StreamCompressor | None = None

    async def __call__(self, message: Message) -> None:
        """Send a message.

        Raises
        ------
        ClientGone
            If no more of the answer is wanted, as only its headers were.
        """
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is None:
            await self._send_part(message)
            return
        pairs = [(bytes(name), bytes(value)) for name, value in self._start.get("headers", [])]
        if message.get("more_body") and is_short(pairs):
            self._gathered += message.get("body", b"")
            return
        start, self._start = self._start, None
        if not message.get("more_body") and not is_file(pairs):
            body = bytes(self._gathered + message.get("body", b""))
            await self._send_whole(Answer(start["status"], pairs, body))
            return
        await self._send({**start, "headers": self._stream_headers(pairs)})
        if self._is_head:
            await self._send({"type": "http.response.body", "body": b""})
            if message.get("more_body"):
                raise ClientGone
            return
        await self._send_part(message)

    async def _send_whole(self, answer: Answer) -> None:
        reply = await reply_for(answer, self._headers)
        self._remember(answer)
        await send_reply(self._send, reply)

    def _stream_headers(self, pairs: Pairs) -> Pairs:
        """Return the headers of an answer that comes in parts, and begin to compress it."""
        given = {name.lower(): value for name, value in pairs}
        packable = is_text(given.get(b"content-type", b"")) and not is_file(pairs)
        own = [pair for pair in pairs if pair[0].lower() != b"vary"]
        if vary := vary_header(given.get(b"vary", b""), packable):
            own.append((b"vary", vary))
        if packable and accepts_gzip(self._headers.get(b"accept-encoding", b"")):
            self._compressor = StreamCompressor()
            own = [pair for pair in own if pair[0].lower() != b"content-length"]
            own.append((b"content-encoding", b"gzip"))
        return own

    async def _send_part(self, message: Message) -> None:
        if self._compressor is None:
            await self._send(message)
            return
        part, last = message.get("body", b""), not message.get("more_body")
        if len(part) > THREAD_BYTES:
            packed = await asyncio.to_thread(self._compressor.add, part, last)
        else:
            packed = self._compressor.add(part, last)
        if packed or last:
            await self._send({**message, "body": packed})


async def reply_for(answer: Answer, headers: Headers) -> tuple[int, Pairs, bytes]:
    """Return status, headers and body; a long answer is compressed in a thread, the first time."""
    if len(answer.body) > THREAD_BYTES and answer.waits_for_compression(headers):
        return await asyncio.to_thread(answer.for_reader, headers)
    return answer.for_reader(headers)


async def send_reply(send: Send, reply: tuple[int, Pairs, bytes]) -> None:
    """Send status, headers and body."""
    status, headers, body = reply
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def is_file(pairs: Pairs) -> bool:
    """Return whether an answer is a file, or a part of one, that is sent as it is."""
    return any(name.lower() == b"accept-ranges" for name, _ in pairs)


def is_short(pairs: Pairs) -> bool:
    """Return whether an answer in parts says that it is short, and is no file of the downloads."""
    lengths = [value for name, value in pairs if name.lower() == b"content-length"]
    return bool(lengths) and int(lengths[0]) <= GATHERED_BYTES and not is_file(pairs)
