"""What a proxy says of a request that it passes on, taken from proxies that were named only.

``X-Forwarded-For`` and ``-Proto`` are read by uvicorn, ``-Host`` here: under which name the reader
asked. It has to be one of the server's names all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_network
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from claimlog.errors import UsageError
from claimlog.site.protection.peers import Proxies

App = Callable[..., Awaitable[None]]


def require_addresses(proxies: Sequence[str]) -> None:
    """Raise if what should name a proxy is no address or network.

    Raises
    ------
    UsageError
        With the first that is none.
    """
    for proxy in proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            raise UsageError(
                f"--trusted-proxy {proxy[:100]}: is no address; "
                "give one, as 192.0.2.1, or a network, as 10.0.0.0/8"
            ) from None


def trust_proxies(app: App, proxies: str) -> App:
    """Wrap an ASGI application so that named proxies may say who asks, and for which server.

    Parameters
    ----------
    proxies
        Addresses and networks with commas; nothing for none.
    """
    if not proxies:
        return app  # else anybody could send a header with another's address
    trusted = Proxies(proxies)
    as_reader: Any = ProxyHeadersMiddleware(app, proxies)

    async def asgi_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope.get("client") and scope["client"][0] in trusted:
            scope = {**scope, "headers": _with_forwarded_host(scope["headers"])}
        await as_reader(scope, receive, send)

    return asgi_app


def _with_forwarded_host(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers with the host that the nearest proxy was asked for."""
    hosts = [value for name, value in headers if name.lower() == b"x-forwarded-host"]
    if not hosts:
        return list(headers)
    others = [pair for pair in headers if pair[0].lower() != b"host"]
    return [*others, (b"host", hosts[-1].rpartition(b",")[2].strip())]
