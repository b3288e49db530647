"""The suite of growth: builds of three sizes, and an update of the middle one.

The update appends a batch of new claims and of corrections to the log and builds again; the
result is held, row by row, against a build of the same log from nothing.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow.parquet as pq

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.parquet_scan import scan_one_file
from claimlog.schema.definition import read_definition
from workshop.bench.machine import library_versions, machine_description, machine_sentence
from workshop.bench.plots import Plot
from workshop.bench.suites import BenchOptions, Result, progress_bar, run_module
from workshop.bench.tables import GOALS_HEAD, goal_cells, markdown_table, text_table

__all__ = ["NEEDS", "collect_results", "markdown_report", "results_plot", "text_report"]

NEEDS = ("vl_convert",)
LIBRARIES = ("adbc-driver-sqlite", "narwhals", "pandera", "polars", "pyarrow")
APPENDED_EVENTS = 1000
"""Events appended before the update."""

MEMORY_GOAL = 6.0  # GB, of the largest build
SHARE_GOAL = 0.1  # of the time of a build from nothing
HEAD = ("build", "events", "seconds", "events/s", "processor s", "peak GB")
CONTENDER = "workshop.bench.growth.contender"


def collect_results(package: Package, options: BenchOptions) -> Result:
    """Return what each build took; ``wanted.claims`` is the size of the largest log.

    Raises
    ------
    ClaimlogError
        If a build fails, or the updated one differs from the one from nothing.
    """
    sizes = [max(1, options.claims // part) for part in (100, 10, 1)]
    builds: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name, progress_bar(9) as step:
        for claims in sizes:
            folder = Path(name) / str(claims)
            folder.mkdir()
            step(f"making a log of {claims:,} claims")
            run_module("workshop.bench.synthetic_log", str(package.root), str(folder), str(claims))
            shutil.rmtree(folder / "texts")
            step(f"building {claims:,}")
            builds.append({"claims": claims, **_timed_build(folder, "out", "fresh")})
            if claims != sizes[1]:
                shutil.rmtree(folder)
        folder = Path(name) / str(sizes[1])
        step(f"appending {APPENDED_EVENTS:,} events")
        run_module("workshop.bench.growth.append", str(folder / "package"), str(APPENDED_EVENTS))
        step("updating")
        update = _timed_build(folder, "out", "update")
        step("building from nothing")
        rebuild = _timed_build(folder, "again", "fresh")
        _refuse_differing_tables(Package(folder / "package"), folder / "out", folder / "again")
    return {
        "builds": builds,
        "update": update,
        "again": rebuild,
        "appended": APPENDED_EVENTS,
        "goals": goals(builds, update, rebuild),
        "machine": machine_description(),
        "versions": library_versions(LIBRARIES),
    }


def _timed_build(folder: Path, out: str, how: str) -> Result:
    result: Result = json.loads(
        run_module(CONTENDER, str(folder / "package"), str(folder / out), how)
    )
    return result


def _refuse_differing_tables(package: Package, one: Path, other: Path) -> None:
    """Hold the Parquet files of two builds against each other, row by row."""
    for name in read_definition(package).tables:
        first, second = (out / "parquet" / f"{name}.parquet" for out in (one, other))
        rows = pq.ParquetFile(first).metadata.num_rows
        same = rows == pq.ParquetFile(second).metadata.num_rows
        for start in range(0, rows if same else 0, 200_000):
            parts = [scan_one_file(p).slice(start, 200_000).collect() for p in (first, second)]
            same = same and parts[0].cast(parts[1].schema).equals(parts[1])
        if not same:
            raise ClaimlogError(f"bench: the updated table {name} differs from one from nothing")


def goals(builds: list[Result], update: Result, rebuild: Result) -> list[dict[str, Any]]:
    """Return what was to be reached, and whether it was; `again` is of the middle size as well."""

    def pace(*some: Result) -> float:
        return fmean(one["seconds"] / one["rows"] for one in some)

    # of the middle size there are two, and one alone may have had a slow or a fast minute
    growth = pace(builds[-1]) / pace(builds[-2], rebuild)
    values = (
        ("peak memory of the largest build, GB", builds[-1]["peak_bytes"] / 1e9, MEMORY_GOAL),
        ("time an event of the largest build over that of the two of a tenth of it", growth, 1.25),
        ("update over a build from nothing", update["seconds"] / rebuild["seconds"], SHARE_GOAL),
    )
    return [
        {"what": what, "value": round(value, 3), "goal": f"at most {goal}", "met": value <= goal}
        for what, value, goal in values
    ]


def _cells(results: Result) -> list[list[str]]:
    named = [(f"{build['claims']:,} claims", build) for build in results["builds"]]
    named.append((f"update: {results['appended']:,} events appended", results["update"]))
    named.append(("the same from nothing", results["again"]))
    return [
        [
            name,
            f"{one['rows']:,}",
            f"{one['seconds']:,.1f}",
            f"{one['rows'] / one['seconds']:,.0f}",
            f"{one['cpu_seconds']:,.1f}",
            f"{one['peak_bytes'] / 1e9:.2f}",
        ]
        for name, one in named
    ]


def text_report(results: Result) -> str:
    """Return the results as text in columns."""
    goals = text_table(GOALS_HEAD, goal_cells(results["goals"]))
    return "\n\n".join([text_table(HEAD, _cells(results)), goals])


def markdown_report(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    largest = results["builds"][-1]["claims"]
    used = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return "\n\n".join(
        [
            f"`python -m workshop.bench growth --claims {largest} --docs` made this table on "
            f"{machine_sentence(results['machine'])}. Each build runs in a process of its own; "
            "peak memory is that of it and its children together, as the system counts them.",
            markdown_table(HEAD, _cells(results)),
            markdown_table(GOALS_HEAD, goal_cells(results["goals"])),
            f"With {used}.",
        ]
    )


def results_plot(results: Result) -> Plot:
    """Return time and memory over the number of events."""
    values = [
        {"events": one["rows"], "seconds": one["seconds"], "gigabytes": one["peak_bytes"] / 1e9}
        for one in results["builds"]
    ]
    first = values[0]
    proportional = [
        {"events": one["events"], "seconds": first["seconds"] * one["events"] / first["events"]}
        for one in values
    ]

    def axis(field: str, title: str, scale: str) -> dict[str, Any]:
        numbers = {"type": scale, "zero": scale == "linear"}
        return {"field": field, "type": "quantitative", "title": title, "scale": numbers}

    ticks = {"values": [one["events"] for one in values], "format": ".2s"}
    events = {**axis("events", "events in the log", "log"), "axis": ticks}
    line = {"type": "line", "point": {"size": 70}}
    seconds = {"x": events, "y": axis("seconds", "seconds", "log")}
    return Plot(
        {
            "hconcat": [
                {
                    "title": "Time of a build; dashed: in proportion",
                    "width": 330,
                    "height": 240,
                    "layer": [
                        {
                            "data": {"values": proportional},
                            "mark": {"type": "line", "strokeDash": [5, 4], "color": "#51607a"},
                            "encoding": seconds,
                        },
                        {"data": {"values": values}, "mark": line, "encoding": seconds},
                    ],
                },
                {
                    "title": "Peak memory",
                    "width": 330,
                    "height": 240,
                    "data": {"values": values},
                    "mark": line,
                    "encoding": {"x": events, "y": axis("gigabytes", "GB", "linear")},
                },
            ]
        },
        f"Seconds and peak memory of builds of {values[0]['events']:,} to "
        f"{values[-1]['events']:,} events",
    )
