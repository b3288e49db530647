"""Security headers: nothing is fetched from elsewhere, framed, sniffed or written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]

POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Datasette's own pages carry inline scripts and styles; nothing comes from another host."""

HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"cross-origin-opener-policy": b"same-origin",
}


def secured(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap an ASGI application so that every answer has the headers."""

    async def wrapped(scope: dict[str, Any], receive: Any, send: Send) -> None:
        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = [
                    pair for pair in message.get("headers", []) if pair[0].lower() not in HEADERS
                ]
                message = {**message, "headers": [*own, *HEADERS.items()]}
            await send(message)

        await app(scope, receive, with_headers)

    return wrapped
