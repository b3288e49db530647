"""Security headers of every answer: nothing is fetched from elsewhere, framed or sniffed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from claimlog.site.datasette_internals import inline_scripts

Send = Callable[[dict[str, Any]], Awaitable[None]]


def script_source(script: str) -> str:
    """Return how a content security policy names a script that stands inside a page."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    f"script-src 'self' {' '.join(map(script_source, inline_scripts()))}; "
    "connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing is loaded from another host, and of scripts inside pages only Datasette's run.

Styles inside are allowed, because Datasette's pages have some that differ from table to table.
"""

IMAGE_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
)
"""An image is drawn and does nothing: opened by itself, an SVG file is a page of its own."""

CONTENT_TYPE = b"content-type"
CONTENT_POLICY = b"content-security-policy"

HEADERS = {
    CONTENT_POLICY: POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


def _is_image(content_type: bytes) -> bool:
    return content_type.strip().lower().startswith(b"image/")


def add_security_headers(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap an ASGI application so that every answer has the headers."""

    async def asgi_app(scope: dict[str, Any], receive: Any, send: Send) -> None:
        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = [
                    pair for pair in message.get("headers", []) if pair[0].lower() not in HEADERS
                ]
                headers = HEADERS
                if any(name.lower() == CONTENT_TYPE and _is_image(kind) for name, kind in own):
                    headers = {**HEADERS, CONTENT_POLICY: IMAGE_POLICY.encode()}
                message = {**message, "headers": [*own, *headers.items()]}
            await send(message)

        await app(scope, receive, with_headers)

    return asgi_app
