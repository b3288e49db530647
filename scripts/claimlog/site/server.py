"""The server: Datasette in uvicorn, with limits of connections and of the time they take.

Started by `claimlog.site.server_process`, with options as those of Datasette's own command.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Container, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import uvicorn

from claimlog.errors import ClaimlogError
from claimlog.escaping import printable_line
from claimlog.limits import DEFINITION_BYTES
from claimlog.site.base_path import BaseUrl, require_free_base
from claimlog.site.protection import reader_limits
from claimlog.site.protection.connections import Connection, ConnectionLimiter, connection_limit
from claimlog.site.protection.forwarded import trust_proxies
from claimlog.site.protection.host_names import NAMES, names_of
from claimlog.site.protection.peers import Proxies
from claimlog.site.served_build import REPLACED, SERVED, ServedBuild
from claimlog.untrusted_files import parse_json, read_regular

TRUSTED = "FORWARDED_ALLOW_IPS"
"""Environment variable, known to uvicorn, with proxies that may name the reader."""

SIGNAL_SECONDS = 0.1
"""Seconds after which a server that is starting looks for a signal to end."""


class Server(uvicorn.Server):
    """A server that closes silent connections, and ends in a few seconds."""

    def __init__(
        self, config: uvicorn.Config, limiter: ConnectionLimiter, build: ServedBuild | None = None
    ) -> None:
        super().__init__(config)
        self.limiter = limiter
        self.build = build
        self._said_replaced = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(LoopErrorHandler())
        # uvicorn looks for a signal only when startup is complete, and warming up takes its time
        starting = asyncio.create_task(super().startup(sockets))
        while not (starting.done() or self.should_exit):
            await asyncio.wait([starting], timeout=SIGNAL_SECONDS)
        if not starting.done():
            starting.cancel()
            self._release_build()
            return
        await starting
        for item in sockets or []:
            item.listen(
                reader_limits.BACKLOG
            )  # asyncio set it to the number that it accepts at once

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # once a second
            self.limiter.sweep()
            build = self.build
            if build and not self._said_replaced:
                self._said_replaced = await asyncio.to_thread(lambda: build.is_replaced)
                if self._said_replaced:
                    print(f"{build.origin.name}: {REPLACED} to serve it", flush=True)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ending = asyncio.get_running_loop().call_later(
            reader_limits.END_SECONDS, self.limiter.close
        )
        await super().shutdown(sockets)
        ending.cancel()
        self._release_build()

    def _release_build(self) -> None:
        """Release the build, before uvicorn ends the process by the signal that it got."""
        if self.build is not None:
            self.build.release()


class LoopErrorHandler:
    """Logs errors of the event loop in one line each, the same one at most once a minute."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, _loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        text = str(context.get("message", "")).partition("\n")[0][: reader_limits.LOG_CHARACTERS]
        what = f"{text}: {type(error).__name__}" if error else text
        now = monotonic()
        if (
            now - self._last.get(what, -reader_limits.SAME_ERROR_SECONDS)
            < reader_limits.SAME_ERROR_SECONDS
        ):
            return
        if len(self._last) > 100:
            self._last.clear()
        self._last[what] = now
        print(f"ERROR: {what}", file=sys.stderr, flush=True)


def make_server(
    app: Any,
    host: str,
    port: int,
    trusted: Sequence[str] = (),
    build: ServedBuild | None = None,
) -> Server:
    """Return a server of an application.

    Parameters
    ----------
    trusted
        Addresses and networks of proxies that may say who asks, beside those of `TRUSTED`.
    build
        What it serves, to say so when another build takes its place.
    """
    proxies = ",".join([*filter(None, [os.environ.get(TRUSTED)]), *trusted])
    own = trust_proxies(app, proxies)
    return bounded_server(own, host, port, Proxies(proxies), build=build)


def bounded_server(
    app: Any,
    host: str,
    port: int,
    trusted: Container[str] = frozenset(),
    *,
    build: ServedBuild | None = None,
    takes_bodies: bool = False,
    access_log: bool = True,
) -> Server:
    """Return a server of an application, with the limits of connections and of their time.

    Parameters
    ----------
    takes_bodies
        Whether requests may bring bodies of a stated length.
    access_log
        Whether it says what it does, and what it was asked.
    """
    limiter = ConnectionLimiter(connection_limit(), trusted)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="asyncio",
        http=partial(Connection, limiter, takes_bodies=takes_bodies),  # type: ignore[arg-type]  # makes a protocol, as a class
        ws="none",
        lifespan="on",
        log_level="info" if access_log else "warning",
        access_log=access_log,
        proxy_headers=False,
        backlog=reader_limits.ACCEPTED_AT_ONCE,
        h11_max_incomplete_event_size=reader_limits.HEAD_BYTES,
        timeout_keep_alive=reader_limits.IDLE_SECONDS,
        timeout_graceful_shutdown=reader_limits.END_SECONDS + 2,
    )
    return Server(config, limiter, build)


def main(arguments: Sequence[str]) -> None:
    """Serve databases until a signal ends it."""
    parser = argparse.ArgumentParser("claimlog.site.server")
    parser.add_argument("--immutable", action="append", required=True)
    parser.add_argument("--inspect-file", type=Path, required=True)
    parser.add_argument("--metadata", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--host-name", action="append", default=[])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--base-url", default="/")
    parser.add_argument("--trusted-proxy", action="append", default=[])
    parser.add_argument("--origin", type=Path)
    parser.add_argument("--setting", nargs=2, action="append", default=[])
    options = parser.parse_args(arguments)
    base = BaseUrl.parse(options.base_url)
    folder = Path(options.immutable[0]).parent
    build = ServedBuild(folder, options.origin or folder)

    def end(*_: object) -> None:
        """End by Ctrl-C: uvicorn raises it anew when it has shut down, and nothing waits then."""
        build.release()
        sys.stdout.flush()
        os._exit(0)

    signal.signal(signal.SIGINT, end)
    try:
        server = _datasette_server(options, base, build)
        address = f"http://{options.host}:{options.port}{base.path}"
        print(f"serving {address} (stop with Ctrl-C)", flush=True)
        server.run([server.config.bind_socket()])
    except ClaimlogError as error:
        print(printable_line(str(error)), file=sys.stderr, flush=True)
        sys.exit(error.exit_status)
    finally:
        build.release()


def _read_json(path: Path) -> dict[str, Any]:
    """Return what a build says to Datasette; a clone may have brought it.

    Raises
    ------
    ClaimlogError
        If it is absent, no regular file, or no JSON object.
    """
    shown = f"{path.parent.name}/{path.name}"
    remedy = "remove the build and run make build"
    return parse_json(read_regular(path, shown, DEFINITION_BYTES, remedy=remedy), shown)


def _datasette_server(options: argparse.Namespace, base: BaseUrl, build: ServedBuild) -> Server:
    from datasette.app import Datasette

    from claimlog.site.page_list import site_pages

    settings = {name: int(value) for name, value in options.setting}
    datasette = Datasette(
        [],
        immutables=options.immutable,
        inspect_data=_read_json(options.inspect_file),
        metadata=_read_json(options.metadata),
        settings={**settings, "base_url": base.path, "force_https_urls": base.https},
    )
    names = [*options.host_name, *filter(None, [base.host])]
    NAMES[datasette] = names_of(options.host, names)
    SERVED[datasette] = build
    asyncio.run(datasette.invoke_startup())
    require_free_base(base.path, datasette, site_pages(datasette))
    app = datasette.app()
    return make_server(app, options.host, options.port, options.trusted_proxy, build)
