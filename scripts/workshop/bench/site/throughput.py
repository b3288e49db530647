"""Requests a second that a server answers to 1, 16 and 64 clients, beside plain Datasette.

Each client asks for the same address again and again on a connection of its own. The clients run in
this process and the server in another, so that on two cores each has one; what the server's own
processor time was says how many requests one core answers, whatever else the machine does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from workshop.bench.site.dataset import DOCUMENT
from workshop.bench.site.server import ServerProcess
from workshop.bench.suites import progress_bar

Result = dict[str, Any]

CLIENTS = (1, 16, 64)
SECONDS = 3.0
"""For which an address is asked by each number of clients, after one request that warms up."""

PAGE_RATE = 1_000
"""Requests a second of the server's processor that a repeated page of ours has to reach."""

PEERS = 8
"""Addresses of the loopback network that the clients have: one reader has a share only."""


@dataclass(frozen=True)
class Target:
    """An address that is asked for; `compared` if plain Datasette has it too."""

    path: str
    compared: bool = False


@dataclass
class Load:
    """Measurements of some clients: the seconds of each request, and how many were not 200."""

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0

    def summary(self, wall: float, processor: float) -> Result:
        """Return the measurements as JSON: requests a second, 95th percentile, and failures."""
        ordered = sorted(self.seconds)
        return {
            "requests": len(ordered),
            "rate": round(len(ordered) / wall, 1),
            "core_rate": round(len(ordered) / processor, 1) if processor else None,
            "p95_ms": round(ordered[ceil(0.95 * len(ordered)) - 1] * 1000, 1),
            "wrong": self.wrong,
        }


def targets(name: str, claim: str) -> list[Target]:
    """Return the addresses to measure, for a database `name` and an identifier of a claim."""
    return [
        Target("/"),
        Target("/claims"),
        Target(f"/claims/{claim}"),
        Target(f"/claims/{claim}.json"),
        Target(f"/docs/{DOCUMENT}"),
        Target(f"/{name}", compared=True),
        Target(f"/{name}/claims?_size=10", compared=True),
        Target(f"/{name}/claims.json?_size=10", compared=True),
        Target(f"/{name}/claims/{claim}", compared=True),
        Target("/-/static/app.css", compared=True),
    ]


def compare_throughput(
    asked: Sequence[Target],
    ours: ServerProcess,
    plain: ServerProcess,
    clients: Sequence[int] = CLIENTS,
    seconds: float = SECONDS,
) -> list[Result]:
    """Measure every address with each number of clients, on our server and on plain Datasette."""
    results = []
    with progress_bar(len(asked) * len(clients)) as step:
        for target in asked:
            for number in clients:
                step(f"{target.path} by {number}")
                here = measure_load(ours, target.path, number, seconds)
                there = None
                if target.compared:
                    there = measure_load(plain, target.path, number, seconds)
                results.append(throughput_result(target, number, here, there))
    return results


def throughput_result(target: Target, clients: int, here: Result, there: Result | None) -> Result:
    """Compare the two measurements of an address, and say whether it met its goal."""
    if there is None:
        goal = f"{PAGE_RATE:,} on a core"
        met = here["core_rate"] is not None and here["core_rate"] >= PAGE_RATE
    else:
        goal, met = "never behind", here["rate"] >= there["rate"]
    return {
        "path": target.path,
        "clients": clients,
        "ours": here,
        "plain": there,
        "ratio": round(here["rate"] / there["rate"], 1) if there and there["rate"] else None,
        "goal": goal,
        "met": met and not here["wrong"],
    }


def measure_load(server: ServerProcess, path: str, clients: int, seconds: float) -> Result:
    """Have some clients ask for an address for some seconds, and return the measurements."""
    return asyncio.run(_measure(server, path, clients, seconds))


async def _measure(server: ServerProcess, path: str, clients: int, seconds: float) -> Result:
    host, port = urlsplit(server.base).hostname or "", urlsplit(server.base).port or 80
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    await _ask(host, port, 0, request, Load(), 0.0)  # the first one may have to be drawn
    load, before, started = Load(), processor_seconds(server.pid), perf_counter()
    until = started + seconds
    await asyncio.gather(
        *(_ask(host, port, number, request, load, until) for number in range(clients))
    )
    wall = perf_counter() - started
    return load.summary(wall, processor_seconds(server.pid) - before)


async def _ask(host: str, port: int, client: int, request: bytes, load: Load, until: float) -> None:
    """Send the request until the time `until` has passed, once at least."""
    own = (f"127.0.0.{1 + client % PEERS}", 0) if Path("/proc").is_dir() else None
    reader, writer = await asyncio.open_connection(host, port, local_addr=own)
    try:
        while True:
            started = perf_counter()
            writer.write(request)
            status = await _read_answer(reader)
            load.seconds.append(perf_counter() - started)
            load.wrong += status != 200
            if perf_counter() >= until:
                return
    finally:
        writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> int:
    """Read one HTTP response to its end, and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"transfer-encoding: chunked" in head:
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
    return int(head.split(None, 2)[1])


def processor_seconds(pid: int) -> float:
    """Return the processor seconds of a process and its threads; 0 where there is no /proc."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
