"""The suites of the bench: each measures something and shows what it found.

A suite is a module with what `Suite` names. `run` measures one, prints it, and puts its results
where it was told to.
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
Step = Callable[[str], None]

SUITES = {
    "peers": "every stage of a build, beside what one would use instead",
    "growth": "builds of growing size, and an update by what was appended",
    "engines": "the embedded engine and Spark on one log (make test-spark)",
    "site": "every page, table and query of the site, asked by one client",
}
"""Suites by name, with what they measure; each is the module ``workshop.bench.NAME.suite``."""


@dataclass(frozen=True)
class Wanted:
    """What to measure: claims in the log, runs of each peer, requests of each kind."""

    claims: int
    runs: int = 1
    requests: int = 20


class Suite(Protocol):
    """What the module of a suite offers."""

    NEEDS: tuple[str, ...]
    """Modules that it imports and the package does not depend on."""

    def measure(self, package: Package, wanted: Wanted) -> Result:
        """Return what was measured, as JSON can say it, with goals and the machine."""

    def plain(self, results: Result) -> str:
        """Return the results as text in columns."""

    def markdown(self, results: Result) -> str:
        """Return the results as Markdown, with the command that makes them."""

    def plot(self, results: Result) -> Plot | None:
        """Return what of the results is drawn for the documentation, if anything is."""


def suite(name: str) -> Suite:
    """Return a suite by its name."""
    return cast(Suite, import_module(f"workshop.bench.{name}.suite"))


def run(package: Package, name: str, wanted: Wanted, out: Path | None, into_docs: bool) -> None:
    """Measure a suite and print what it found.

    Parameters
    ----------
    out
        Where to write the results as JSON.
    into_docs
        Whether to put the table and the plot into the package's documentation.

    Raises
    ------
    ClaimlogError
        If what the suite needs is not installed, if measuring fails, or if no page has a place
        for the table.
    """
    chosen = suite(name)
    for module in chosen.NEEDS:
        if importlib.util.find_spec(module) is None:
            raise ClaimlogError(
                f"bench {name} uses {module}, which is not installed; run it as make bench"
            )
    part = f"bench-{name}"
    if into_docs:
        page_of_part(package.root, part)  # before measuring: better now than in an hour
    results = {"suite": name, **chosen.measure(package, wanted)}
    print(chosen.plain(results))
    if out is not None:
        write_durably(out.absolute(), json.dumps(results, indent=2).encode() + b"\n")
    if into_docs:
        paragraphs = [chosen.markdown(results)]
        if (plot := chosen.plot(results)) is not None:
            paragraphs.append(plots.draw(package.root, name, plot))
        write_part(package.root, part, "\n\n".join(paragraphs))


def child(module: str, *words: str) -> str:
    """Run a module in a process of its own and return what it prints.

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
def steps(total: int) -> Iterator[Step]:
    """Show on a terminal how far a suite has come; stay silent elsewhere."""
    from tqdm import tqdm

    quiet = True if os.environ.get("CI") else None  # None: only on a terminal
    with tqdm(total=total, desc="bench", disable=quiet, leave=False) as bar:

        def step(label: str) -> None:
            bar.set_postfix_str(label)
            bar.update()

        yield step
