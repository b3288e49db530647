"""The suites of the bench: what each offers, and running one.

A suite is a module with the functions of `Suite`. `run_suite` collects its results, prints them,
and writes them to a file or into docs/ if asked to.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from claimlog.errors import ClaimlogError
from claimlog.files import write_durably
from claimlog.package import Package
from workshop.bench import plots
from workshop.bench.plots import Plot
from workshop.docs.markers import page_of_part, write_part

Result = dict[str, Any]
ShowStep = Callable[[str], None]

SUITES = {
    "peers": "every stage of a build, beside what one would use instead",
    "growth": "builds of growing size, and an update by what was appended",
    "engines": "the embedded engine and Spark on one log (make test-spark)",
    "copies": "claims placed in copies of invented texts, by kind of copy",
    "site": "every page, table and query of the site, asked by one client",
    "files": "the site of logs of growing size, written as plain files",
    "desk": "keys that a claim takes at the coding desk, and how soon each is seen",
}
"""Suites by name, with a description; each is the module ``workshop.bench.NAME.suite``."""


@dataclass(frozen=True)
class BenchOptions:
    """Size of a run: claims in the log, runs of each peer, requests of each kind."""

    claims: int
    runs: int = 1
    requests: int = 20


class Suite(Protocol):
    """The functions of a suite's module."""

    NEEDS: tuple[str, ...]
    """Modules that it imports and claimlog does not depend on."""

    def collect_results(self, package: Package, options: BenchOptions) -> Result:
        """Return the results, as JSON can hold them, with goals and the machine."""

    def text_report(self, results: Result) -> str:
        """Return the results as text in columns."""

    def markdown_report(self, results: Result) -> str:
        """Return the results as Markdown, with the command that makes them."""

    def results_plot(self, results: Result) -> Plot | None:
        """Return the plot of the results for docs/, None if there is none."""


def load_suite(name: str) -> Suite:
    """Return a suite by its name."""
    return cast(Suite, import_module(f"workshop.bench.{name}.suite"))


def run_suite(
    package: Package, name: str, options: BenchOptions, out: Path | None, into_docs: bool
) -> None:
    """Run a suite and print its results.

    Parameters
    ----------
    out
        Where to write the results as JSON.
    into_docs
        Whether to put the table and the plot into the package's documentation.

    Raises
    ------
    ClaimlogError
        If what the suite needs is not installed, if a step fails, or if no page has a place
        for the table.
    """
    suite = load_suite(name)
    for module in suite.NEEDS:
        if importlib.util.find_spec(module) is None:
            raise ClaimlogError(
                f"bench {name} uses {module}, which is not installed; run it as make bench"
            )
    part = f"bench-{name}"
    if into_docs:
        page_of_part(package.root, part)  # before the run: better now than in an hour
    results = {"suite": name, **suite.collect_results(package, options)}
    print(suite.text_report(results))
    if out is not None:
        write_durably(out.absolute(), json.dumps(results, indent=2).encode() + b"\n")
    if into_docs:
        paragraphs = [suite.markdown_report(results)]
        if (results_plot := suite.results_plot(results)) is not None:
            paragraphs.append(plots.write_plot(package.root, name, results_plot))
        write_part(package.root, part, "\n\n".join(paragraphs))


def run_module(module: str, *words: str) -> str:
    """Run a module in a process of its own; return its standard output.

    Raises
    ------
    ClaimlogError
        If it fails, with the last line of its complaint.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise ClaimlogError(f"bench: {module} {words[0]} failed: {last}")
    return done.stdout


@contextmanager
def progress_bar(total: int) -> Iterator[ShowStep]:
    """Show the progress of a suite on a terminal, and nothing elsewhere."""
    from tqdm import tqdm

    quiet = True if os.environ.get("CI") else None  # None: only on a terminal
    with tqdm(total=total, desc="bench", disable=quiet, leave=False) as bar:

        def show_step(label: str) -> None:
            bar.set_postfix_str(label)
            bar.update()

        yield show_step
