"""A file of a build as an answer: whole, or the part that a reader of Parquet asks for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from claimlog.media_types import BINARY, MEDIA_TYPES
from claimlog.site.delivery.byte_ranges import ByteRange, RangeNotSatisfiable, requested_range
from claimlog.site.delivery.preconditions import (
    Headers,
    has_same_version,
    http_date,
    is_other_version,
    is_unchanged,
)
from claimlog.site.protection.reader_limits import PIECE_BYTES

Send = Callable[[dict[str, Any]], Awaitable[None]]

NO_BYTES = (b"content-length", b"0")


@dataclass(frozen=True)
class FileResponse:
    """A response with a file or ranges of its bytes (RFC 9110), never compressed.

    Attributes
    ----------
    headers
        Those of the request.
    sha256
        Of the file, if it is known: it names this version on every server that has it.
    """

    path: Path
    headers: Headers
    sha256: str | None = None

    async def asgi_send(self, send: Send) -> None:
        """Send the file, a part of it, or why not."""
        handle = await asyncio.to_thread(self.path.open, "rb")
        try:
            await self._send(send, handle)
        finally:
            handle.close()

    async def _send(self, send: Send, handle: BinaryIO) -> None:
        stat = os.fstat(handle.fileno())
        size = stat.st_size
        version = self.sha256 or f"{stat.st_ino:x}-{size:x}-{stat.st_mtime_ns:x}"
        etag = f'"{version}"'.encode()
        modified = datetime.fromtimestamp(int(stat.st_mtime), UTC)
        about = [
            (b"etag", etag),
            (b"last-modified", http_date(modified)),
            (b"accept-ranges", b"bytes"),
            (b"cache-control", b"no-cache"),
        ]
        if is_other_version(self.headers, etag, modified):
            await _send_nothing(send, 412, [*about, NO_BYTES])
            return
        if is_unchanged(self.headers, etag, modified):
            await _send_nothing(send, 304, about)
            return
        try:
            part = self._part(size, etag, modified)
        except RangeNotSatisfiable:
            whole = (b"content-range", b"bytes */%d" % size)
            await _send_nothing(send, 416, [*about, whole, NO_BYTES])
            return
        start, stop = part or ByteRange(0, size)
        media_type = MEDIA_TYPES.get(self.path.suffix, BINARY)
        about += [
            (b"content-type", media_type.encode()),
            (b"content-length", b"%d" % (stop - start)),
            (b"content-disposition", f'attachment; filename="{self.path.name}"'.encode()),
        ]
        if part is not None:
            about.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
        status = 200 if part is None else 206
        await send({"type": "http.response.start", "status": status, "headers": about})
        handle.seek(start)
        while start < stop:
            body = await asyncio.to_thread(handle.read, min(PIECE_BYTES, stop - start))
            if not body:
                raise OSError(f"{self.path.name} was cut off while it was sent")
            start += len(body)
            await _send_body(send, body, start < stop)
        if not size:
            await _send_body(send, b"", False)

    def _part(self, size: int, etag: bytes, modified: datetime) -> ByteRange | None:
        """Return the part that the request asks for, None for all of the file."""
        text = self.headers.get(b"range")
        if text is None or not has_same_version(self.headers, etag, modified):
            return None
        return requested_range(text.decode("latin-1"), size)


async def _send_nothing(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await _send_body(send, b"", False)


async def _send_body(send: Send, body: bytes, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
