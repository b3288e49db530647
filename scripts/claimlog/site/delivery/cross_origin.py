"""Pages from elsewhere may read the data of a public server (CORS), never with credentials.

Data are what ends in ``.json``, ``.csv``, ``.db`` or ``.parquet``: the server has no cookies or
logins, and pages, style sheets and what Datasette says of itself stay with their own origin. A
server that only its own machine can reach is its user's, with texts and what is not published:
only pages of that machine may read it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from claimlog.site.delivery.preconditions import Headers, request_headers
from claimlog.site.protection.host_names import NAMES, is_loopback

App = Callable[..., Awaitable[None]]
Pair = tuple[bytes, bytes]

DATA = re.compile(r"/(?!-/).+\.(?:json|csv|db|parquet)/?", re.I | re.S)
ORIGIN = b"access-control-allow-origin"
EXPOSED: Pair = (
    b"access-control-expose-headers",
    b"Accept-Ranges, Content-Length, Content-Range, ETag, Link",
)
PREFLIGHT: tuple[Pair, ...] = (
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"If-Match, If-Modified-Since, If-None-Match, If-Range, Range",
    ),
    (b"access-control-max-age", b"86400"),
)


def allow_cross_origin(app: App, datasette: Any) -> App:
    """Wrap an ASGI application so that answers with data say who may read them."""

    async def asgi_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not DATA.fullmatch(scope["path"]):
            await app(scope, receive, send)
            return
        headers = request_headers(scope["headers"])
        names = NAMES.get(datasette)
        own = cross_origin_headers(scope["method"], headers, names is None or is_public(names))

        async def send_with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": with_vary([*message.get("headers", []), *own])}
            await send(message)

        await app(scope, receive, send_with_headers)

    return asgi_app


def is_public(names: Collection[str]) -> bool:
    """Return whether a server has a name or address beside those of its own machine."""
    return any(not is_loopback(name) for name in names)


def cross_origin_headers(method: str, headers: Headers, public: bool) -> list[Pair]:
    """Return what an answer with data says of who may read it."""
    origin = headers.get(b"origin")
    if public:
        own: list[Pair] = [(ORIGIN, b"*")]
    else:
        own = [(b"vary", b"Origin")]
        if origin is None or not is_loopback(_host(origin)):
            return own
        own.append((ORIGIN, origin))
    own.append(EXPOSED)
    if method == "OPTIONS" and b"access-control-request-method" in headers:
        own += PREFLIGHT
    return own


def _host(origin: bytes) -> str:
    try:
        return urlsplit(origin.decode("ascii")).hostname or ""
    except ValueError:  # what is no ASCII or no address is no origin
        return ""


def with_vary(headers: list[Pair]) -> list[Pair]:
    """Return headers with one ``Vary`` that says what several did."""
    varies = [value for name, value in headers if name.lower() == b"vary"]
    if len(varies) < 2:
        return headers
    others = [pair for pair in headers if pair[0].lower() != b"vary"]
    return [*others, (b"vary", b", ".join(varies))]
