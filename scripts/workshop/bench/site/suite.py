"""The suite of the site: serve a build, time every kind of address, and judge it by the goals."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from claimlog.package import Package
from claimlog.schema.definition import read_definition
from workshop.bench.machine import library_versions, machine_description
from workshop.bench.memory_watch import resident_bytes
from workshop.bench.site.addresses import address_kinds
from workshop.bench.site.client import AddressKind, page_bytes, time_requests
from workshop.bench.site.dataset import LATER_VERSION
from workshop.bench.site.report import LIMIT_MS, markdown_report, results_plot, text_report
from workshop.bench.site.scenarios import compare_servers
from workshop.bench.site.server import ServerProcess, serve_build, serve_plain_datasette
from workshop.bench.site.throughput import compare_throughput, targets
from workshop.bench.suites import BenchOptions, Result, ShowStep, progress_bar, run_module

__all__ = ["NEEDS", "collect_results", "markdown_report", "results_plot", "text_report"]

NEEDS = ("httpx", "vl_convert")
LIBRARIES = ("datasette", "httpx", "jinja2", "uvicorn")
HOME_BYTES = 200_000
"""Limit of the first page, with all that it fetches."""


def collect_results(package: Package, options: BenchOptions) -> Result:
    """Return the times of every kind of address, the bytes of the first page, and the goals.

    Raises
    ------
    ClaimlogError
        If the log cannot be made, the server does not answer, or a kind has no address.
    """
    with (
        tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name,
        progress_bar(5) as step,
    ):
        folder = Path(name)
        step("making and building the log")
        run_module("workshop.bench.site.dataset", str(package.root), name, str(options.claims))
        synthetic = Package(folder / "package")
        step("starting the server")
        with serve_build(synthetic, folder / "serve.log", "--releases", LATER_VERSION) as server:
            step("asking")
            timings = time_site(synthetic, server, options)
            step("comparing with plain Datasette")
            with serve_plain_datasette(synthetic, folder / "plain.log") as plain:
                name = synthetic.descriptor["name"]
                beside = compare_servers(name, server, plain, options.requests)
                step("asking with many clients")
                asked = targets(name, timings["claim"])
                load = compare_throughput(asked, server, plain)
                memory = resident_bytes(server.pid)
    return {
        "claims": options.claims,
        "requests": options.requests,
        **timings,
        "beside": beside,
        "load_of_clients": load,
        "memory_bytes": memory,
    }


def time_site(package: Package, server: ServerProcess, options: BenchOptions) -> Result:
    """Return the times of every kind of address of a server, with the goals."""
    import httpx

    path = package.build / f"{package.descriptor['name']}.db"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        kinds = address_kinds(database, package.descriptor["name"], read_definition(package))
        (rows,) = database.execute("select count(*) from events").fetchone()
        (claim,) = database.execute("select min(claim_id) from claims").fetchone()
    with (
        httpx.Client(base_url=server.base, timeout=60) as client,
        progress_bar(len(kinds)) as step,
    ):
        load = os.getloadavg()[0]
        timings = [_timed_kind(client, kind, options, step) for kind in kinds]
        home = page_bytes(client, "/")
    return {
        "rows": rows,
        "claim": claim,
        "database_bytes": path.stat().st_size,
        "ready_seconds": round(server.seconds, 2),
        "load": round(load, 1),
        "kinds": timings,
        "home_bytes": home,
        "goals": goals(timings, home),
        "machine": machine_description(),
        "versions": library_versions(LIBRARIES),
    }


def _timed_kind(client: Any, kind: AddressKind, options: BenchOptions, step: ShowStep) -> Result:
    step(kind.name)
    return with_verdict(time_requests(client, kind, options.requests).summary())


def with_verdict(timings: Result) -> Result:
    """Return the times of a kind with ``met``: quick from the first request on, nothing failed."""
    quick = max(timings["first_ms"], timings["p95_ms"]) < LIMIT_MS
    return {**timings, "met": quick and not timings["not_ok"] and not timings["timed_out"]}


def goals(timings: list[Result], home: int) -> list[dict[str, Any]]:
    """Return the goals of the site with their values, and whether each was met."""
    slowest, first = (max(kind[key] for kind in timings) for key in ("p95_ms", "first_ms"))
    late = sum(len(kind["timed_out"]) for kind in timings)
    refused = sum(len(kind["not_ok"]) for kind in timings)
    values = (
        ("slowest kind, p95, ms", slowest, f"below {LIMIT_MS}", slowest < LIMIT_MS),
        ("slowest first request of a kind, ms", first, f"below {LIMIT_MS}", first < LIMIT_MS),
        ("facets and queries timed out", late, "0", not late),
        ("other answers than 200", refused, "0", not refused),
        ("first page with all it fetches, kB", home / 1e3, "below 200", home < HOME_BYTES),
    )
    return [
        {"what": what, "value": round(value, 1), "goal": goal, "met": met}
        for what, value, goal, met in values
    ]
