"""Measuring: make and serve a build, ask for everything, and say what missed its goal."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from claimlog.package import Package
from claimlog.schema.table_schema import Schemas
from workshop.bench.machine import machine, versions
from workshop.bench.site.addresses import kinds
from workshop.bench.site.client import Kind, ask, weight
from workshop.bench.site.dataset import LATER
from workshop.bench.site.report import LIMIT_MS, markdown, plain, plot
from workshop.bench.site.scenes import compare
from workshop.bench.site.server import Server, serving, serving_plain
from workshop.bench.suites import Result, Step, Wanted, child, steps

__all__ = ["NEEDS", "markdown", "measure", "plain", "plot"]

NEEDS = ("httpx", "vl_convert")
LIBRARIES = ("datasette", "httpx", "jinja2", "uvicorn")
HOME_BYTES = 200_000
"""What the first page may weigh, with all that it fetches."""


def measure(package: Package, wanted: Wanted) -> Result:
    """Return by kind what its requests took, the weight of the first page, and goals.

    Raises
    ------
    ClaimlogError
        If the log cannot be made, the server does not answer, or a kind has no address.
    """
    with (
        tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name,
        steps(4) as step,
    ):
        folder = Path(name)
        step("making and building the log")
        child("workshop.bench.site.dataset", str(package.root), name, str(wanted.claims))
        made = Package(folder / "package")
        step("starting the server")
        with serving(made, folder / "serve.log", "--releases", LATER) as server:
            step("asking")
            found = served(made, server, wanted)
            step("comparing with plain Datasette")
            with serving_plain(made, folder / "plain.log") as plain:
                beside = compare(made.descriptor["name"], server, plain, wanted.requests)
    return {"claims": wanted.claims, "requests": wanted.requests, **found, "beside": beside}


def served(package: Package, server: Server, wanted: Wanted) -> Result:
    """Ask a server for everything that its package has."""
    import httpx

    path = package.build / f"{package.descriptor['name']}.db"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        asked = kinds(database, package.descriptor["name"], Schemas(package))
        (rows,) = database.execute("select count(*) from events").fetchone()
    with (
        httpx.Client(base_url=server.base, timeout=60) as client,
        steps(len(asked)) as step,
    ):
        load = os.getloadavg()[0]
        found = [_measured(client, kind, wanted, step) for kind in asked]
        home = weight(client, "/")
    return {
        "rows": rows,
        "database_bytes": path.stat().st_size,
        "ready_seconds": round(server.seconds, 2),
        "load": round(load, 1),
        "kinds": found,
        "home_bytes": home,
        "goals": goals(found, home),
        "machine": machine(),
        "versions": versions(LIBRARIES),
    }


def _measured(client: Any, kind: Kind, wanted: Wanted, step: Step) -> Result:
    step(kind.name)
    return judged(ask(client, kind, wanted.requests).shown())


def judged(found: Result) -> Result:
    """Add whether a kind met the goal: quick from the first request on, and nothing failed."""
    quick = max(found["first_ms"], found["p95_ms"]) < LIMIT_MS
    return {**found, "met": quick and not found["not_ok"] and not found["timed_out"]}


def goals(found: list[Result], home: int) -> list[dict[str, Any]]:
    """Return what is promised of the site, and whether it was met."""
    slowest, first = (max(kind[key] for kind in found) for key in ("p95_ms", "first_ms"))
    late = sum(len(kind["timed_out"]) for kind in found)
    refused = sum(len(kind["not_ok"]) for kind in found)
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
