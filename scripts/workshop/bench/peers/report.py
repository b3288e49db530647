"""Reports of the suite of peers: text in columns, and tables and a plot for docs/."""

from __future__ import annotations

from typing import Any

from workshop.bench.machine import machine_sentence
from workshop.bench.plots import Plot
from workshop.bench.tables import GOALS_HEAD, goal_cells, markdown_table, text_table

Result = dict[str, Any]

STAGE_LABELS = {
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
            STAGE_LABELS.get(stage["name"], stage["name"]),
            f"{stage['seconds']:,.2f}",
            f"{stage['rows_per_second']:,}" if stage["seconds"] >= 0.01 else "",
            f"{stage['peak_bytes'] / 1e9:.2f}",
        ]
        for stage in results["stages"]
    ]
    return stages, goal_cells(results["goals"])


HEADS = (
    ("stage", "seconds", "rows/s", "peak GB"),
    GOALS_HEAD,
)


def text_report(results: Result) -> str:
    """Return the results as text in columns."""
    first = (
        f"{results['claims']:,} claims, {results['rows']:,} events, medians of {results['runs']}"
    )
    made = (text_table(head, rows) for head, rows in zip(HEADS, _cells(results), strict=True))
    return "\n\n".join([first, *made])


def markdown_report(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    options = f"--claims {results['claims']} --runs {results['runs']} --docs"
    command = f"python -m workshop.bench peers {options}"
    first = (
        f"`{command}` made this table: a synthetic log of {results['claims']:,} claims "
        f"({results['rows']:,} events), medians of {results['runs']} on "
        f"{machine_sentence(results['machine'])}. "
        "Peak memory is that of the process up to the end of the stage; of a whole build and of "
        "the peers it includes the processes that they start. sqlite-utils plus Frictionless is "
        "the time of the first, and what the second would take for all rows at its rate."
    )
    made = (markdown_table(head, rows) for head, rows in zip(HEADS, _cells(results), strict=True))
    used = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return "\n\n".join([first, *made, f"With {used}."])


def results_plot(results: Result) -> Plot:
    """Return the plot of the seconds that the whole job takes with each tool."""
    seconds = {stage["name"]: stage["seconds"] for stage in results["stages"]}
    rates = {stage["name"]: stage["rows_per_second"] for stage in results["stages"]}
    rest = seconds["build"] - seconds["read + validation"]
    parts = [
        ("claimlog", "read", seconds["read"]),
        ("claimlog", "validate", seconds["validation"]),
        ("claimlog", "fold and write", rest),
        ("DuckDB + sqlite3 script", "fold and write", seconds["duckdb"]),
        ("sqlite-utils + Frictionless", "fold and write", seconds["sqlite-utils"]),
        (
            "sqlite-utils + Frictionless",
            "validate",
            results["rows"] / rates["frictionless"],
        ),
    ]
    order = ["read", "validate", "fold and write"]
    return Plot(
        {
            "title": f"Seconds for {results['rows']:,} events",
            "width": 640,
            "height": {"step": 42},
            "data": {
                "values": [
                    {"tool": tool, "part": part, "seconds": seconds, "order": order.index(part)}
                    for tool, part, seconds in parts
                ]
            },
            "mark": "bar",
            "encoding": {
                "y": {"field": "tool", "type": "nominal", "title": None, "sort": None},
                "x": {"field": "seconds", "type": "quantitative", "title": "seconds"},
                "color": {"field": "part", "type": "nominal", "sort": order},
                "order": {"field": "order"},
            },
        },
        "Seconds of a whole build by tool, and what they are spent on; the script checks nothing",
    )
