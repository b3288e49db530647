"""The suite of the site as files: three sizes, each ten times the one before.

What grows faster than the log would show between the two largest: the processor time that a claim
takes, which other work on the machine hardly changes, and the bytes that it has.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from claimlog.package import Package
from workshop.bench.machine import library_versions, machine_description, machine_sentence
from workshop.bench.suites import BenchOptions, Result, progress_bar, run_module
from workshop.bench.tables import GOALS_HEAD, goal_cells, markdown_table, text_table

__all__ = ["NEEDS", "collect_results", "markdown_report", "results_plot", "text_report"]

NEEDS: tuple[str, ...] = ()
LIBRARIES = ("datasette", "jinja2", "polars")
GROWTH_GOAL = 1.25  # of what a claim takes, in a log of ten times as many
HEAD = (
    "site",
    "events",
    "pages",
    "files",
    "GB",
    "seconds",
    "processor s",
    "pages a processor s",
    "peak GB",
)
CONTENDER = "workshop.bench.files.contender"


def collect_results(package: Package, options: BenchOptions) -> Result:
    """Return what each site took; ``options.claims`` is the size of the largest log.

    Raises
    ------
    ClaimlogError
        If a site cannot be written.
    """
    sites: list[Result] = []
    with progress_bar(6) as step:
        for claims in [max(10, options.claims // part) for part in (100, 10, 1)]:
            with tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name:
                step(f"making a log of {claims:,} claims")
                words = (str(package.root), name, str(claims))
                run_module("workshop.bench.synthetic_log", *words)
                step(f"writing the site of {claims:,}")
                made, out = (str(Path(name) / folder) for folder in ("package", "site"))
                sites.append({"claims": claims, **json.loads(run_module(CONTENDER, made, out))})
    return {
        "sites": sites,
        "goals": goals(sites),
        "machine": machine_description(),
        "versions": library_versions(LIBRARIES),
    }


def goals(sites: list[Result]) -> list[dict[str, Any]]:
    """Return by how much what a claim takes grew between the two largest, and what was to be."""
    smaller, larger = sites[-2:]
    found = []
    for what, unit in (("cpu_seconds", "processor time"), ("bytes", "bytes")):
        growth = (larger[what] / larger["claims"]) / (smaller[what] / smaller["claims"])
        found.append(
            {
                "what": f"{unit} a claim of the largest site over those of one of a tenth of it",
                "value": round(growth, 3),
                "goal": f"at most {GROWTH_GOAL}",
                "met": growth <= GROWTH_GOAL,
            }
        )
    return found


def _cells(results: Result) -> list[list[str]]:
    return [
        [
            f"{one['claims']:,} claims",
            f"{one['events']:,}",
            f"{one['pages']:,}",
            f"{one['files']:,}",
            f"{one['bytes'] / 1e9:.2f}",
            f"{one['seconds']:,.0f}",
            f"{one['cpu_seconds']:,.0f}",
            f"{one['pages'] / one['cpu_seconds']:,.0f}",
            f"{one['peak_bytes'] / 1e9:.2f}",
        ]
        for one in results["sites"]
    ]


def text_report(results: Result) -> str:
    """Return the results as text in columns."""
    goals = text_table(GOALS_HEAD, goal_cells(results["goals"]))
    return "\n\n".join([text_table(HEAD, _cells(results)), goals])


def markdown_report(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    largest = results["sites"][-1]["claims"]
    used = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return "\n\n".join(
        [
            f"`python -m workshop.bench files --claims {largest} --docs` made this table on "
            f"{machine_sentence(results['machine'])}. The build is there before; *pages* are those "
            "that people read, *files* all that is written, JSON twins and downloads among them.",
            markdown_table(HEAD, _cells(results)),
            markdown_table(GOALS_HEAD, goal_cells(results["goals"])),
            f"With {used}.",
        ]
    )


def results_plot(_: Result) -> None:
    """Return nothing: the table says it."""
