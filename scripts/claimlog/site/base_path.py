"""The path under which readers reach a server whose proxy has other paths too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from claimlog.errors import UsageError
from claimlog.site.page import Page

App = Callable[..., Awaitable[None]]

EXAMPLE = "give an address, as https://claims.example/data/, or a path, as /data/"
PATH_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")


@dataclass(frozen=True)
class BaseUrl:
    """Where readers reach a server: the path, and with a whole address its name too."""

    path: str = "/"
    host: str | None = None
    https: bool = False

    @classmethod
    def parse(cls, text: str) -> BaseUrl:
        """Return what an address or a path says.

        >>> BaseUrl.parse("https://claims.example/data"), BaseUrl.parse("/data/").path
        (BaseUrl(path='/data/', host='claims.example', https=True), '/data/')

        Raises
        ------
        UsageError
            If it is neither.
        """
        try:
            parts = urlsplit(text)
            host = parts.hostname
        except ValueError:
            raise UsageError(f"--base-url {text[:100]}: is no address; {EXAMPLE}") from None
        path = parts.path.rstrip("/") + "/"
        if (
            (parts.scheme, bool(host)) not in (("http", True), ("https", True), ("", False))
            or (not host and not text.startswith("/"))
            or (parts.query or parts.fragment or "@" in parts.netloc)
            or "//" in path
            or not PATH_SIGNS.issuperset(path)
        ):
            raise UsageError(f"--base-url {text[:100]}: is no address of a server; {EXAMPLE}")
        return cls(path, host, parts.scheme == "https")


def base_of(datasette: Any) -> str:
    """Return the base path of a Datasette, without a slash at its end; empty for none."""
    return str(datasette.setting("base_url")).rstrip("/")


def repeats_base(scope: Mapping[str, Any], datasette: Any) -> bool:
    """Return whether a path still begins with the base when that has been taken off.

    Datasette would take it off once more, and answer for another path than all else has seen.
    """
    base = base_of(datasette)
    path = scope.get("raw_path") or str(scope["path"]).encode()
    return bool(base) and bytes(path).startswith(f"{base}/".encode())


def require_free_base(base: str, datasette: Any, pages: Iterable[Page]) -> None:
    """Raise if a base path begins as addresses of what is served do, of which it hides some.

    Raises
    ------
    UsageError
        With a name that is free.
    """
    first = base.strip("/").partition("/")[0]
    names = {page.pattern.partition("/")[2].partition("/")[0] for page in pages}
    if first and first in {*names, *datasette.databases, "-"}:
        raise UsageError(
            f"--base-url {base}: addresses of what is served begin so too; "
            f"take another path, as /{first}-site/"
        )


def strip_base_path(app: App, datasette: Any) -> App:
    """Wrap an ASGI application so that it sees paths without the base, whoever takes it off.

    Datasette makes links with the base and would put it before what a request has already; only
    where it redirects it does not.
    """
    base = base_of(datasette)
    if not base:
        return app

    async def asgi_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        path, raw = str(scope["path"]), bytes(scope.get("raw_path") or b"")
        is_raw = not raw or raw.partition(b"?")[0].startswith(base.encode())
        if is_raw and (path == base or path.startswith(f"{base}/")):
            scope = {**scope, "path": path[len(base) :] or "/"}
            if raw:
                scope["raw_path"] = raw[len(base) :] or b"/"

        async def send_with_base(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = [_based(base.encode(), *pair) for pair in message.get("headers", [])]
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, send_with_base)

    return asgi_app


def _based(base: bytes, name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return a header, with the base before the path that it leads to."""
    is_path = value.startswith(b"/") and not value.startswith((b"//", base + b"/"))
    return name, base + value if name.lower() == b"location" and is_path else value
