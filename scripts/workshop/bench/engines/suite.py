"""Measuring: one synthetic log, built by each engine, with the same hashes for every table."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from workshop.bench.engines.contender import ENGINES
from workshop.bench.machine import machine, said, versions
from workshop.bench.suites import Result, Wanted, child, steps
from workshop.bench.tables import columns
from workshop.bench.tables import markdown as table

__all__ = ["NEEDS", "markdown", "measure", "plain", "plot"]

NEEDS = ("pyspark",)
LIBRARIES = ("narwhals", "pandera", "polars", "pyarrow", "pyspark")
HEAD = ("engine", "seconds", "events/s", "peak GB")
DESCRIBED = {
    "embedded": "embedded: Parquet and SQLite with indexes",
    "spark": "Spark, local[2]: partitioned Parquet, read back and hashed",
}


def measure(package: Package, wanted: Wanted) -> Result:
    """Return seconds and peak memory of each engine, and how many tables agree.

    Raises
    ------
    ClaimlogError
        If an engine fails, or a table has another hash by one than by the other.
    """
    with (
        tempfile.TemporaryDirectory(prefix="claimlog-bench-") as name,
        steps(1 + len(ENGINES)) as step,
    ):
        folder = Path(name)
        step("making the log")
        child("workshop.bench.synthetic_log", str(package.root), name, str(wanted.claims))
        made = Package(folder / "package")
        found: dict[str, Result] = {}
        for engine in ENGINES:
            step(engine)
            words = (engine, str(made.root), str(folder / engine))
            found[engine] = json.loads(child("workshop.bench.engines.contender", *words))
        rows = _rows(folder / "spark" / "logical.json")
    first, *others = (one.pop("tables") for one in found.values())
    for other in others:
        differ = sorted(name for name in first if first[name] != other.get(name))
        if differ:
            raise ClaimlogError(f"bench: the engines differ on {', '.join(differ)}")
    return {
        "claims": wanted.claims,
        "rows": rows,
        "tables": len(first),
        "engines": found,
        "machine": machine(),
        "versions": versions(LIBRARIES),
    }


def _rows(path: Path) -> int:
    return int(json.loads(path.read_text("utf-8"))["log"]["tree_size"])


def plain(results: Result) -> str:
    """Return the results as text in columns."""
    return f"{_first(results)}\n\n{columns(HEAD, _cells(results))}"


def markdown(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    used = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return "\n\n".join(
        [
            f"`make test-spark CLAIMS={results['claims']} DOCS=1` made this table: "
            f"{_first(results)} on {said(results['machine'])}. Peak memory is that of all "
            "processes together, as the system counts them.",
            table(HEAD, _cells(results)),
            f"With {used}.",
        ]
    )


def _first(results: Result) -> str:
    return (
        f"a synthetic log of {results['claims']:,} claims ({results['rows']:,} events), "
        f"{results['tables']} of {results['tables']} tables with the same logical hash"
    )


def _cells(results: Result) -> list[list[str]]:
    engines: dict[str, Any] = results["engines"]
    return [
        [
            DESCRIBED[name],
            f"{one['seconds']:,.1f}",
            f"{results['rows'] / one['seconds']:,.0f}",
            f"{one['peak'] / 1e9:.2f}",
        ]
        for name, one in engines.items()
    ]


def plot(_: Result) -> None:
    """Return nothing: four numbers need no plot."""
