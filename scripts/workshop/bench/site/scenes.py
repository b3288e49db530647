"""What others do beside a reader: errors, and pages beside them and beside slow queries.

Each is measured of this site and of plain Datasette (no plugin, its own settings) on the same
database, one after the other in the same run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from workshop.bench.site.server import Server
from workshop.bench.suites import steps

Result = dict[str, Any]

REQUESTS = 40
"""Of each, at least; a percentile of fewer says little."""

SCENE_SECONDS = 20.0
"""After which no further request is made: plain Datasette beside slow queries takes minutes."""

PATIENCE_SECONDS = 30.0
"""What takes longer counts as this."""

LIMIT_MS = 200
"""What the 95th percentile of a page beside slow queries must stay below."""

SLOW = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
CLIENTS = 3


@dataclass(frozen=True)
class Scene:
    """An address that is asked for, and what others ask for meanwhile."""

    name: str
    path: str
    status: int = 200
    others: Sequence[str] = ()
    compared: bool = True
    """Whether plain Datasette has the address."""


def scenes(name: str) -> list[Scene]:
    """Return what is measured; `name` is the database's in addresses."""
    table, missing = f"/{name}/claims?_size=10", "/nothing"
    slow = [f"/{name}.json?{urlencode({'sql': SLOW})}"] * CLIENTS
    return [
        Scene("an address that is not there", missing, 404),
        Scene("an address that no route knows", "/not/at/all/there", 404),
        Scene("a table that is not there, as JSON", f"/{name}/nothing.json", 404),
        Scene("SQL with an error", f"/{name}.json?sql=select+nothing", 400),
        Scene("a condition with an error", f"/{name}/claims.json?_where=nothing", 400),
        Scene("a table", table),
        Scene("a table beside a client of 404", table, others=[missing]),
        Scene(f"a table beside {CLIENTS} slow queries", table, others=slow),
        Scene("/claims beside a client of 404", "/claims", others=[missing], compared=False),
        Scene(f"/claims beside {CLIENTS} slow queries", "/claims", others=slow, compared=False),
    ]


def compare(name: str, ours: Server, plain: Server, requests: int) -> list[Result]:
    """Return what each scene took here and on plain Datasette."""
    wanted = scenes(name)
    found = []
    with steps(len(wanted)) as step:
        for scene in wanted:
            step(scene.name)
            here = _measure(ours, scene, requests)
            there = _measure(plain, scene, requests) if scene.compared else None
            found.append(judge(scene, here, there))
    return found


def judge(scene: Scene, here: Result, there: Result | None) -> Result:
    """Return a scene with its ratio to plain Datasette, and whether it met its goals."""
    ratio = here["median_ms"] / there["median_ms"] if there else None
    behind = there is not None and here["median_ms"] > there["median_ms"]
    late = bool(scene.others) and here["p95_ms"] >= LIMIT_MS
    return {
        "name": scene.name,
        "ours": here,
        "plain": there,
        "ratio": None if ratio is None else round(ratio, 2),
        "goal": f"p95 below {LIMIT_MS} ms" if scene.others else "never behind",
        "met": not (behind or late or here["wrong"]),
    }


def _measure(server: Server, scene: Scene, requests: int) -> Result:
    """Return how long an address took, asked until there are enough requests, or no time left."""
    import httpx

    seconds: list[float] = []
    wrong = False
    with (
        httpx.Client(base_url=server.base, timeout=PATIENCE_SECONDS) as client,
        _others(server, scene.others),
    ):
        until = perf_counter() + SCENE_SECONDS
        while len(seconds) < max(requests, REQUESTS) and (perf_counter() < until or not seconds):
            started = perf_counter()
            try:
                wrong |= client.get(scene.path).status_code != scene.status
                seconds.append(perf_counter() - started)
            except httpx.TimeoutException:
                seconds.append(PATIENCE_SECONDS)
    ordered = sorted(seconds)
    return {
        "requests": len(ordered),
        "median_ms": round(median(ordered) * 1000, 1),
        "p95_ms": round(ordered[ceil(0.95 * len(ordered)) - 1] * 1000, 1),
        "wrong": wrong,
    }


@contextmanager
def _others(server: Server, paths: Sequence[str]) -> Iterator[None]:
    """Have one client for each path ask for it again and again."""
    import httpx

    over = threading.Event()

    def run(path: str) -> None:
        with httpx.Client(base_url=server.base, timeout=PATIENCE_SECONDS) as client:
            while not over.is_set():
                with suppress(httpx.TimeoutException):
                    client.get(path)

    threads = [threading.Thread(target=run, args=(path,), daemon=True) for path in paths]
    for thread in threads:
        thread.start()
    over.wait(0.3 if paths else 0)  # they are at it
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(2 * PATIENCE_SECONDS)
