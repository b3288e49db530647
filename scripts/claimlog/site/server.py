"""The server: Datasette in uvicorn, with limits of connections and of the time they take.

Started as ``python -m claimlog.site.server`` with the words that Datasette's own command takes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import uvicorn

from claimlog.site import limits
from claimlog.site.connections import Connection, Door, most_connections
from claimlog.site.host_names import NAMES, names_of
from claimlog.site.peers import Proxies

TRUSTED = "FORWARDED_ALLOW_IPS"
"""Environment variable, known to uvicorn, with the addresses of proxies that name the reader."""


class Server(uvicorn.Server):
    """A server that looks after its connections, and ends in a few seconds."""

    def __init__(self, config: uvicorn.Config, door: Door) -> None:
        super().__init__(config)
        self.door = door

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(SeldomErrors())
        await super().startup(sockets)
        for item in sockets or []:
            item.listen(limits.BACKLOG)  # those that wait; asyncio took the number it accepts

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # once a second
            self.door.sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ending = asyncio.get_running_loop().call_later(limits.END_SECONDS, self.door.close)
        await super().shutdown(sockets)
        ending.cancel()


class SeldomErrors:
    """Handles errors of the event loop: one line each, the same one once a minute."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, _loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        text = str(context.get("message", "")).partition("\n")[0][: limits.LOG_CHARACTERS]
        what = f"{text}: {type(error).__name__}" if error else text
        now = monotonic()
        if now - self._last.get(what, -limits.SAME_ERROR_SECONDS) < limits.SAME_ERROR_SECONDS:
            return
        if len(self._last) > 100:
            self._last.clear()
        self._last[what] = now
        print(f"ERROR: {what}", file=sys.stderr, flush=True)


def make_server(app: Any, host: str, port: int) -> Server:
    """Return a server of an application."""
    proxies = os.environ.get(TRUSTED, "")
    door = Door(most_connections(), Proxies(proxies))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="asyncio",
        http=partial(Connection, door),  # type: ignore[arg-type]  # makes a protocol, as a class
        ws="none",
        lifespan="on",
        log_level="info",
        proxy_headers=bool(proxies),  # a header that anybody can send names nobody
        backlog=limits.ACCEPTED_AT_ONCE,
        h11_max_incomplete_event_size=limits.HEAD_BYTES,
        timeout_keep_alive=limits.IDLE_SECONDS,
        timeout_graceful_shutdown=limits.END_SECONDS + 2,
    )
    return Server(config, door)


def main(words: Sequence[str]) -> None:
    """Serve databases until a signal ends it."""
    parser = argparse.ArgumentParser("claimlog.site.server")
    parser.add_argument("--immutable", action="append", required=True)
    parser.add_argument("--inspect-file", type=Path, required=True)
    parser.add_argument("--metadata", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--host-name", action="append", default=[])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--setting", nargs=2, action="append", default=[])
    given = parser.parse_args(words)
    from datasette.app import Datasette

    datasette = Datasette(
        [],
        immutables=given.immutable,
        inspect_data=json.loads(given.inspect_file.read_bytes()),
        metadata=json.loads(given.metadata.read_bytes()),
        settings={name: int(value) for name, value in given.setting},
    )
    NAMES[datasette] = names_of(given.host, given.host_name)
    asyncio.run(datasette.invoke_startup())
    server = make_server(datasette.app(), given.host, given.port)
    server.run([server.config.bind_socket()])


if __name__ == "__main__":
    main(sys.argv[1:])
