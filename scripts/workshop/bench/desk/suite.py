"""The suite of the coding desk: keys that a claim takes, and how soon each is seen."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.log.read_log import read
from claimlog.package import Package
from workshop.bench.desk.desk_server import serve_desk
from workshop.bench.desk.long_text import CLAIMS, WORDS, key_times
from workshop.bench.desk.replay import ROLE, articles, replay_claims
from workshop.bench.machine import machine_description, machine_sentence
from workshop.bench.plots import Plot
from workshop.bench.suites import BenchOptions, Result, progress_bar
from workshop.bench.tables import MET_LABELS, markdown_table, text_table

NEEDS = ("playwright",)
TEXTS = "CLAIMLOG_TEXTS"
KEYS_GOAL, TIME_GOAL_MS = 14, 50
HEAD = ("measure", "median", "90th percentile", "95th percentile", "goal", "met?")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def collect_results(package: Package, _options: BenchOptions) -> Result:
    """Return the keys of every claim of the articles, and the times of keys in a long text.

    Raises
    ------
    ClaimlogError
        If the texts or a Chromium are not at hand, or the desk does not start.
    """
    texts = os.environ.get(TEXTS)
    if not texts:
        raise ClaimlogError(f"bench desk: set {TEXTS} to the directory of texts")
    log = read(package)
    sources = articles(log, Path(texts))
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name,
        progress_bar(len(sources) + 1) as step,
        sync_playwright() as playwright,
        serve_desk(package.root, Path(texts), Path(name), [ROLE]) as server,
    ):
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        keys = []
        for source, claims in sources.items():
            step(f"keys of {source}")
            keys.append(_key_figures(replay_claims(browser, server, source, claims)))
        step("a long text")
        times = key_times(browser, server, ROLE, next(iter(sources)))
        browser.close()
    return {
        "keys": keys,
        "times": times,
        "fast": times["p95_ms"] < TIME_GOAL_MS,
        "machine": machine_description(),
    }


def _key_figures(replayed: dict[str, Any]) -> dict[str, Any]:
    keys = sorted(replayed["keys"])
    return {
        "source": replayed["source"],
        "claims": len(keys),
        "median": median(keys),
        "p90": keys[int(0.9 * len(keys))],
        "by": replayed["by"],
        "few": median(keys) <= KEYS_GOAL,
    }


def _chromium() -> str:
    given = os.environ.get("CLAIMLOG_CHROMIUM")
    found = shutil.which(given) if given else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise ClaimlogError(
            "bench desk: there is no chromium; install one, or name one by CLAIMLOG_CHROMIUM"
        )
    return found


def _rows(results: Result) -> list[tuple[Any, ...]]:
    times = results["times"]
    return [
        *(
            (
                f"keys of a claim, over all {one['claims']} of {one['source']}",
                f"{one['median']:g}",
                str(one["p90"]),
                "",
                f"{KEYS_GOAL} at the median",
                MET_LABELS[one["few"]],
            )
            for one in results["keys"]
        ),
        (
            f"ms from key to paint, {WORDS:,} words and {CLAIMS:,} claims, {times['keys']} keys",
            f"{times['median_ms']:g}",
            "",
            f"{times['p95_ms']:g}",
            f"below {TIME_GOAL_MS} at the 95th percentile",
            MET_LABELS[results["fast"]],
        ),
    ]


def text_report(results: Result) -> str:
    """Return the results as text in columns, with what the keys were for."""
    by = [
        f"{one['source']}: " + ", ".join(f"{what} {number}" for what, number in one["by"].items())
        for one in results["keys"]
    ]
    return "\n".join([text_table(HEAD, _rows(results)), "", *by])


def markdown_report(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    command = f"`{TEXTS}=my-texts python -m workshop.bench desk --docs`"
    return (
        f"{markdown_table(HEAD, _rows(results))}\n"
        f"Measured in Chromium by {command}. {machine_sentence(results['machine'])}"
    )


def results_plot(_results: Result) -> Plot | None:
    """Return no plot: there are two figures."""
    return None
