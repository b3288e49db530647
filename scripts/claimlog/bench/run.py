"""Measuring: make the log, run claimlog and its peers by turns, and show the medians."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from tqdm import tqdm

from claimlog.bench.peers import PEERS, Result
from claimlog.bench.shown import markdown, plain, replaced
from claimlog.errors import ClaimlogError
from claimlog.package import Package, write_durably

HELP_RUNS = 5
VALIDATION = ("schema", "rows", "integrity", "text")
LIBRARIES = (
    "adbc-driver-sqlite",
    "duckdb",
    "frictionless",
    "narwhals",
    "orjson",
    "pandera",
    "polars",
    "pyarrow",
    "sqlite-utils",
)
GOALS: tuple[tuple[str, str, float | None], ...] = (
    ("validation, rows/s over Frictionless's", "at least", 30),
    ("read and validation, rows/s over Frictionless's", "none", None),
    ("build time over the DuckDB + sqlite3 script's", "at most", 1.3),
    ("build time over sqlite-utils'", "none", None),
    ("peak memory of the build, GB", "below", 4),
    ("`claimlog --help`, s", "below", 0.3),
)
"""What is promised: what, which way, how much."""


def run(package: Package, claims: int, runs: int, out: Path | None, readme: bool) -> None:
    """Measure a log of `claims` claims, `runs` times, and print the medians.

    Parameters
    ----------
    out
        Where to write the results as JSON.
    readme
        Whether to put the table into the package's README.

    Raises
    ------
    ClaimlogError
        If a peer is not installed or fails, if they disagree on the number of claims, or if the
        README has no place for the table.
    """
    for module in ("duckdb", "sqlite_utils"):
        if importlib.util.find_spec(module) is None:
            raise ClaimlogError(
                f"bench compares with {module}, which is not installed; run it as make bench"
            )
    page = package.root / "README.md"
    if readme:
        replaced(_text(page), "")  # before measuring: better now than in an hour
    results = measure(package, claims, runs)
    print(plain(results))
    if out is not None:
        write_durably(out.absolute(), json.dumps(results, indent=2).encode() + b"\n")
    if readme:
        write_durably(page, replaced(_text(page), markdown(results)).encode())


def measure(package: Package, claims: int, runs: int) -> Result:
    """Return stages, ratios, library versions and the machine, as ``--out`` writes them."""
    quiet = True if os.environ.get("CI") else None  # None: only on a terminal
    with (
        tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name,
        tqdm(total=2 + runs * len(PEERS), desc="bench", disable=quiet, leave=False) as bar,
    ):

        def step(label: str) -> None:
            bar.set_postfix_str(label)
            bar.update()

        folder = Path(name)
        step("making the log")
        # in a process of its own: a child's peak memory begins at that of its parent
        _child("claimlog.bench.synth", str(package.root), name, str(claims))
        found: dict[str, list[Result]] = {peer: [] for peer in PEERS}
        for turn in range(runs):
            for peer in PEERS:
                step(f"{peer} {turn + 1}/{runs}")
                done = _child("claimlog.bench.peers", peer, str(folder / "package"), name)
                found[peer].append(json.loads(done))
            _agree({peer: results[-1] for peer, results in found.items()})
        step("claimlog --help")
        help_seconds = median(_timed_help() for _ in range(HELP_RUNS))
    stages = _stages(found)
    return {
        "claims": claims,
        "rows": found["claimlog"][0]["rows"],
        "runs": runs,
        "stages": stages,
        "goals": _goals(stages, help_seconds),
        "machine": machine(),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "measured": found,
    }


def _child(module: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise ClaimlogError(f"bench: {module} {words[0]} failed: {last}")
    return done.stdout


def _timed_help() -> float:
    started = perf_counter()
    _child("claimlog", "--help")
    return perf_counter() - started


def _agree(results: dict[str, Result]) -> None:
    """Check that everybody ended with the same claims; a quicker wrong answer is none."""
    counts = {peer: result["claims"] for peer, result in results.items() if "claims" in result}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{peer}: {count}" for peer, count in counts.items())
        raise ClaimlogError(f"bench: the numbers of claims differ ({listed}); nothing was compared")


def _stages(found: dict[str, list[Result]]) -> list[dict[str, Any]]:
    """Return the medians: name, seconds, rows, rows/s, and peak memory so far in bytes."""
    ours = found["claimlog"]

    def stage(
        name: str, rows: int, seconds: Callable[[Result], float], peak: Callable[[Result], int]
    ) -> dict[str, Any]:
        results = found.get(name, ours)
        took = median(seconds(result) for result in results)
        return {
            "name": name,
            "seconds": round(took, 4),
            "rows": rows,
            "rows_per_second": round(rows / max(took, 1e-4)),
            "peak_bytes": int(median(peak(result) for result in results)),
        }

    rows = ours[0]["rows"]
    names = [*ours[0]["stages"]]
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
            for peer, results in found.items()
            if peer != "claimlog"
        ),
    ]


def _goals(stages: list[dict[str, Any]], help_seconds: float) -> list[dict[str, Any]]:
    by_name = {stage["name"]: stage for stage in stages}
    build = by_name["build"]["seconds"]
    values = (
        by_name["validation"]["rows_per_second"] / by_name["frictionless"]["rows_per_second"],
        by_name["read + validation"]["rows_per_second"]
        / by_name["frictionless"]["rows_per_second"],
        build / by_name["duckdb"]["seconds"],
        build / by_name["sqlite-utils"]["seconds"],
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


def machine() -> dict[str, Any]:
    """Describe the machine, without its name."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "os": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _text(page: Path) -> str:
    try:
        return page.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClaimlogError(f"README.md: cannot be read as UTF-8 text ({error})") from error
