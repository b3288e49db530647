"""Showing the results: text in columns, and a table for the README."""

from __future__ import annotations

from typing import Any

from claimlog.bench.machine import said
from claimlog.bench.tables import MET, columns
from claimlog.bench.tables import markdown as table

Result = dict[str, Any]

DESCRIBED = {
    "import": "import of libraries",
    "read": "read: parse, canonical form, hashes, tree",
    "schema": "schema: pandera on every row, Frictionless on a sample",
    "rows": "rules across rows",
    "integrity": "integrity of the log",
    "text": "anchors (no texts given)",
    "compile": "fold; write Parquet and SQLite",
    "validation": "**validation: every rule on every row**",
    "read + validation": "read and validation",
    "build": "**build, all of it**",
    "frictionless": "Frictionless, same Table Schema",
    "duckdb": "DuckDB + sqlite3 script, no checks",
    "sqlite-utils": "sqlite-utils, claims only",
    "replay": "replay of some claims: our fold",
    "eventsourcing": "replay of the same: eventsourcing",
}


def _cells(results: Result) -> tuple[list[list[str]], list[list[str]]]:
    """Return the rows of the two tables, stages and goals, as text."""
    stages = [
        [
            DESCRIBED.get(stage["name"], stage["name"]),
            f"{stage['seconds']:,.2f}",
            f"{stage['rows_per_second']:,}" if stage["seconds"] >= 0.01 else "",
            f"{stage['peak_bytes'] / 1e9:.2f}",
        ]
        for stage in results["stages"]
    ]
    goals = [
        [goal["what"], f"{goal['value']:,.2f}", goal["goal"], MET[goal["met"]]]
        for goal in results["goals"]
    ]
    return stages, goals


HEADS = (
    ("stage", "seconds", "rows/s", "peak GB"),
    ("measure", "value", "goal", "met?"),
)


def plain(results: Result) -> str:
    """Return the results as text in columns."""
    first = (
        f"{results['claims']:,} claims, {results['rows']:,} events, medians of {results['runs']}"
    )
    made = (columns(head, rows) for head, rows in zip(HEADS, _cells(results), strict=True))
    return "\n\n".join([first, *made])


def markdown(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    command = f"claimlog bench peers --claims {results['claims']} --runs {results['runs']} --readme"
    first = (
        f"`{command}` made this table: a synthetic log of {results['claims']:,} claims "
        f"({results['rows']:,} events), medians of {results['runs']} on "
        f"{said(results['machine'])}. "
        "Peak memory is that of the process up to the end of the stage; of a whole build and of "
        "the peers it includes the processes that they start. sqlite-utils plus Frictionless is "
        "the time of the first, and what the second would take for all rows at its rate."
    )
    made = (table(head, rows) for head, rows in zip(HEADS, _cells(results), strict=True))
    used = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return "\n\n".join([first, *made, f"With {used}."])
