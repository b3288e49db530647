"""The suite of engines: one synthetic log, built by each, with equal hashes for every table."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from workshop.bench.engines.contender import ENGINES
from workshop.bench.machine import library_versions, machine_description, machine_sentence
from workshop.bench.suites import BenchOptions, Result, progress_bar, run_module
from workshop.bench.tables import markdown_table, text_table

__all__ = ["NEEDS", "collect_results", "markdown_report", "results_plot", "text_report"]

NEEDS = ("pyspark",)
LIBRARIES = ("narwhals", "pandera", "polars", "pyarrow", "pyspark")
HEAD = ("engine", "seconds", "events/s", "peak GB")
ENGINE_LABELS = {
    "embedded": "embedded: Parquet and SQLite with indexes",
    "spark": "Spark, local[2]: partitioned Parquet, read back and hashed",
}


def collect_results(package: Package, options: BenchOptions) -> Result:
    """Return seconds and peak memory of each engine, and how many tables agree.

    Raises
    ------
    ClaimlogError
        If an engine fails, or a table has another hash by one than by the other.
    """
    with (
        tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name,
        progress_bar(1 + len(ENGINES)) as step,
    ):
        folder = Path(name)
        step("making the log")
        run_module("workshop.bench.synthetic_log", str(package.root), name, str(options.claims))
        synthetic = Package(folder / "package")
        results: dict[str, Result] = {}
        for engine in ENGINES:
            step(engine)
            words = (engine, str(synthetic.root), str(folder / engine))
            results[engine] = json.loads(run_module("workshop.bench.engines.contender", *words))
        rows = _rows(folder / "spark" / "logical.json")
    first, *others = (one.pop("tables") for one in results.values())
    for other in others:
        differ = sorted(name for name in first if first[name] != other.get(name))
        if differ:
            raise ClaimlogError(f"bench: the engines differ on {', '.join(differ)}")
    return {
        "claims": options.claims,
        "rows": rows,
        "tables": len(first),
        "engines": results,
        "machine": machine_description(),
        "versions": library_versions(LIBRARIES),
    }


def _rows(path: Path) -> int:
    return int(json.loads(path.read_text("utf-8"))["log"]["tree_size"])


def text_report(results: Result) -> str:
    """Return the results as text in columns."""
    return f"{_summary(results)}\n\n{text_table(HEAD, _cells(results))}"


def markdown_report(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    used = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return "\n\n".join(
        [
            f"`make test-spark CLAIMS={results['claims']} DOCS=1` made this table: "
            f"{_summary(results)} on {machine_sentence(results['machine'])}. "
            "Peak memory is that of all processes together, as the system counts them.",
            markdown_table(HEAD, _cells(results)),
            f"With {used}.",
        ]
    )


def _summary(results: Result) -> str:
    return (
        f"a synthetic log of {results['claims']:,} claims ({results['rows']:,} events), "
        f"{results['tables']} of {results['tables']} tables with the same logical hash"
    )


def _cells(results: Result) -> list[list[str]]:
    engines: dict[str, Any] = results["engines"]
    return [
        [
            ENGINE_LABELS[name],
            f"{one['seconds']:,.1f}",
            f"{results['rows'] / one['seconds']:,.0f}",
            f"{one['peak'] / 1e9:.2f}",
        ]
        for name, one in engines.items()
    ]


def results_plot(_: Result) -> None:
    """Return nothing: four numbers need no plot."""
