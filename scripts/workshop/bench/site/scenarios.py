"""Errors, and pages while other clients ask for errors or run slow queries.

Each is timed on this site and on plain Datasette (no plugin, its own settings) on the same
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

from workshop.bench.site.server import ServerProcess
from workshop.bench.suites import progress_bar

Result = dict[str, Any]

LEAST_REQUESTS = 40
"""Requests of each scenario, at least; a percentile of fewer says little."""

SCENARIO_SECONDS = 20.0
"""Time after which no further request is made: plain Datasette may take minutes for one."""

TIMEOUT_SECONDS = 30.0
"""A request that takes longer counts as this."""

LIMIT_MS = 200
"""Limit of the 95th percentile of a page beside slow queries."""

SLOW_SQL = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
BACKGROUND_CLIENTS = 3


@dataclass(frozen=True)
class Scenario:
    """An address that is timed, and the paths that other clients ask for meanwhile."""

    name: str
    path: str
    status: int = 200
    others: Sequence[str] = ()
    compared: bool = True
    """Whether plain Datasette has the address."""


def scenarios(name: str) -> list[Scenario]:
    """Return every scenario; `name` is the name of the database in addresses."""
    table, missing = f"/{name}/claims?_size=10", "/nothing"
    slow = [f"/{name}.json?{urlencode({'sql': SLOW_SQL})}"] * BACKGROUND_CLIENTS
    return [
        Scenario("an address that is not there", missing, 404),
        Scenario("an address that no route knows", "/not/at/all/there", 404),
        Scenario("a table that is not there, as JSON", f"/{name}/nothing.json", 404),
        Scenario("SQL with an error", f"/{name}.json?sql=select+nothing", 400),
        Scenario("a filter with an error", "/claims?ally=nonsense", 400, compared=False),
        Scenario("a condition with an error", f"/{name}/claims.json?_where=nothing", 400),
        Scenario("a table", table),
        Scenario("a table beside a client of 404", table, others=[missing]),
        Scenario(f"a table beside {BACKGROUND_CLIENTS} slow queries", table, others=slow),
        Scenario("/claims beside a client of 404", "/claims", others=[missing], compared=False),
        Scenario(
            f"/claims beside {BACKGROUND_CLIENTS} slow queries",
            "/claims",
            others=slow,
            compared=False,
        ),
    ]


def compare_servers(
    name: str, ours: ServerProcess, plain: ServerProcess, requests: int
) -> list[Result]:
    """Return the times of every scenario on our server and on plain Datasette."""
    chosen = scenarios(name)
    results = []
    with progress_bar(len(chosen)) as step:
        for scenario in chosen:
            step(scenario.name)
            here = _time_scenario(ours, scenario, requests)
            there = _time_scenario(plain, scenario, requests) if scenario.compared else None
            results.append(scenario_result(scenario, here, there))
    return results


def scenario_result(scenario: Scenario, here: Result, there: Result | None) -> Result:
    """Return the result of a scenario: both times, their ratio, and whether the goal was met."""
    ratio = here["median_ms"] / there["median_ms"] if there else None
    behind = there is not None and here["median_ms"] > there["median_ms"]
    late = bool(scenario.others) and here["p95_ms"] >= LIMIT_MS
    return {
        "name": scenario.name,
        "ours": here,
        "plain": there,
        "ratio": None if ratio is None else round(ratio, 2),
        "goal": f"p95 below {LIMIT_MS} ms" if scenario.others else "never behind",
        "met": not (behind or late or here["wrong"]),
    }


def _time_scenario(server: ServerProcess, scenario: Scenario, requests: int) -> Result:
    """Return the times of an address, asked until there are enough or time is up."""
    import httpx

    seconds: list[float] = []
    wrong = False
    with (
        httpx.Client(base_url=server.base, timeout=TIMEOUT_SECONDS) as client,
        _background_clients(server, scenario.others),
    ):
        until = perf_counter() + SCENARIO_SECONDS
        while len(seconds) < max(requests, LEAST_REQUESTS) and (
            perf_counter() < until or not seconds
        ):
            started = perf_counter()
            try:
                wrong |= client.get(scenario.path).status_code != scenario.status
                seconds.append(perf_counter() - started)
            except httpx.TimeoutException:
                seconds.append(TIMEOUT_SECONDS)
    ordered = sorted(seconds)
    return {
        "requests": len(ordered),
        "median_ms": round(median(ordered) * 1000, 1),
        "p95_ms": round(ordered[ceil(0.95 * len(ordered)) - 1] * 1000, 1),
        "wrong": wrong,
    }


@contextmanager
def _background_clients(server: ServerProcess, paths: Sequence[str]) -> Iterator[None]:
    """Run a client for each path that asks for it again and again."""
    import httpx

    stop = threading.Event()

    def run(path: str) -> None:
        with httpx.Client(base_url=server.base, timeout=TIMEOUT_SECONDS) as client:
            while not stop.is_set():
                with suppress(httpx.TimeoutException):
                    client.get(path)

    threads = [threading.Thread(target=run, args=(path,), daemon=True) for path in paths]
    for thread in threads:
        thread.start()
    stop.wait(0.3 if paths else 0)  # they are at it
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(2 * TIMEOUT_SECONDS)
