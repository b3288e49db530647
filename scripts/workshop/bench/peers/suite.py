"""The suite of peers: claimlog and what one would use instead, by turns on one log; medians."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from workshop.bench.machine import library_versions, machine_description
from workshop.bench.peers.contenders import PEERS
from workshop.bench.peers.report import markdown_report, results_plot, text_report
from workshop.bench.suites import BenchOptions, Result, progress_bar, run_module

__all__ = ["NEEDS", "collect_results", "markdown_report", "results_plot", "text_report"]

NEEDS = ("duckdb", "eventsourcing", "sqlite_utils", "vl_convert")
HELP_RUNS = 5
VALIDATION = ("schema", "rows", "integrity", "text")
LIBRARIES = (
    "adbc-driver-sqlite",
    "duckdb",
    "eventsourcing",
    "frictionless",
    "narwhals",
    "orjson",
    "pandera",
    "polars",
    "pyarrow",
    "sqlite-utils",
)
GOALS: tuple[tuple[str, str, float | None], ...] = (
    ("validation, rows/s over Frictionless's", "at least", 60),
    ("read and validation, rows/s over Frictionless's", "none", None),
    ("build time over the DuckDB + sqlite3 script's", "at most", 1),
    ("build, times as fast as sqlite-utils plus Frictionless", "at least", 8),
    ("replay, events/s over eventsourcing's", "at least", 100),
    ("peak memory of the build, GB", "below", 4),
    ("`claimlog --help`, s", "below", 0.3),
)
"""Goals: name, direction, limit."""


def collect_results(package: Package, options: BenchOptions) -> Result:
    """Return stages, ratios, library versions and the machine.

    Raises
    ------
    ClaimlogError
        If a peer fails, or if they disagree on the number of claims.
    """
    claims, runs = options.claims, options.runs
    with (
        tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name,
        progress_bar(2 + runs * len(PEERS)) as step,
    ):
        folder = Path(name)
        step("making the log")
        # in a process of its own: a child's peak memory begins at that of its parent
        run_module("workshop.bench.synthetic_log", str(package.root), name, str(claims))
        results_by_peer: dict[str, list[Result]] = {peer: [] for peer in PEERS}
        for turn in range(runs):
            for peer in PEERS:
                step(f"{peer} {turn + 1}/{runs}")
                done = run_module(
                    "workshop.bench.peers.contenders", peer, str(folder / "package"), name
                )
                results_by_peer[peer].append(json.loads(done))
            _refuse_disagreement({peer: results[-1] for peer, results in results_by_peer.items()})
        step("claimlog --help")
        help_seconds = median(_help_seconds() for _ in range(HELP_RUNS))
    stages = _stages(results_by_peer)
    return {
        "claims": claims,
        "rows": results_by_peer["claimlog"][0]["rows"],
        "runs": runs,
        "stages": stages,
        "goals": _goals(stages, help_seconds),
        "machine": machine_description(),
        "versions": library_versions(LIBRARIES),
        "measured": results_by_peer,
    }


def _help_seconds() -> float:
    started = perf_counter()
    run_module("claimlog", "--help")
    return perf_counter() - started


def _refuse_disagreement(results: dict[str, Result]) -> None:
    """Refuse results of peers that ended with different claims: a quick wrong answer is none."""
    for what in ("claims", "live"):  # of the whole log, and of what is replayed
        counts = {peer: result[what] for peer, result in results.items() if what in result}
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{peer}: {count}" for peer, count in counts.items())
            raise ClaimlogError(
                f"bench: the numbers of claims differ ({listed}); nothing was compared"
            )


def _stages(results_by_peer: dict[str, list[Result]]) -> list[dict[str, Any]]:
    """Return the medians: name, seconds, rows, rows/s, and peak memory so far in bytes."""
    own_results = results_by_peer["claimlog"]

    def stage(
        name: str, rows: int, seconds: Callable[[Result], float], peak: Callable[[Result], int]
    ) -> dict[str, Any]:
        results = results_by_peer.get(name, own_results)
        seconds_taken = median(seconds(result) for result in results)
        return {
            "name": name,
            "seconds": round(seconds_taken, 4),
            "rows": rows,
            "rows_per_second": round(rows / max(seconds_taken, 1e-4)),
            "peak_bytes": int(median(peak(result) for result in results)),
        }

    rows = own_results[0]["rows"]
    names = [*own_results[0]["stages"]]
    last = next(name for name in reversed(names) if name in VALIDATION)
    return [
        *(
            stage(
                name,
                rows,
                lambda result, name=name: result["stages"][name]["seconds"],  # type: ignore[misc]
                lambda result, name=name: result["stages"][name]["peak_bytes"],  # type: ignore[misc]
            )
            for name in names
        ),
        stage(
            "validation",
            rows,
            lambda result: sum(result["stages"][name]["seconds"] for name in VALIDATION),
            lambda result: result["stages"][last]["peak_bytes"],
        ),
        stage(
            "read + validation",
            rows,
            lambda result: sum(result["stages"][name]["seconds"] for name in ("read", *VALIDATION)),
            lambda result: result["stages"][last]["peak_bytes"],
        ),
        stage("build", rows, lambda result: result["seconds"], lambda result: result["peak_bytes"]),
        *(
            stage(
                peer,
                results[0]["rows"],
                lambda result: result["seconds"],
                lambda result: result["peak_bytes"],
            )
            for peer, results in results_by_peer.items()
            if peer != "claimlog"
        ),
    ]


def _goals(stages: list[dict[str, Any]], help_seconds: float) -> list[dict[str, Any]]:
    by_name = {stage["name"]: stage for stage in stages}
    build, rows = by_name["build"]["seconds"], by_name["build"]["rows"]
    values = (
        by_name["validation"]["rows_per_second"] / by_name["frictionless"]["rows_per_second"],
        by_name["read + validation"]["rows_per_second"]
        / by_name["frictionless"]["rows_per_second"],
        build / by_name["duckdb"]["seconds"],
        (by_name["sqlite-utils"]["seconds"] + rows / by_name["frictionless"]["rows_per_second"])
        / build,
        by_name["replay"]["rows_per_second"] / by_name["eventsourcing"]["rows_per_second"],
        by_name["build"]["peak_bytes"] / 1e9,
        help_seconds,
    )
    return [
        {
            "what": what,
            "value": round(value, 3),
            "goal": way if limit is None else f"{way} {limit}",
            "met": None
            if limit is None
            else value >= limit
            if way == "at least"
            else value <= limit,
        }
        for (what, way, limit), value in zip(GOALS, values, strict=True)
    ]
