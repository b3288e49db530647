"""Showing the results: text in columns, and a table for the README."""

from __future__ import annotations

from typing import Any

from claimlog.errors import ClaimlogError

Result = dict[str, Any]

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
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
}
MET = {True: "met", False: "missed", None: ""}


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
    lines = [
        f"{results['claims']:,} claims, {results['rows']:,} events, medians of {results['runs']}"
    ]
    for head, rows in zip(HEADS, _cells(results), strict=True):
        table = [[cell.replace("**", "").replace("`", "") for cell in row] for row in (head, *rows)]
        widths = [max(len(row[index]) for row in table) for index in range(len(head))]
        lines.append("")
        for name, *numbers in table:
            shown = (f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=True))
            lines.append(f"{name:<{widths[0]}}  {'  '.join(shown)}".rstrip())
    return "\n".join(lines)


def markdown(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    on, used = results["machine"], results["versions"]
    command = f"claimlog bench --claims {results['claims']} --runs {results['runs']} --readme"
    lines = [
        f"`{command}` made this table: a synthetic log of {results['claims']:,} claims "
        f"({results['rows']:,} events), medians of {results['runs']} on {on['cpu']}, "
        f"{on['cores']} cores, {on['memory_gb']} GB, {on['os']}, Python {on['python']}. "
        "Peak memory is that of the process up to the end of the stage."
    ]
    for head, rows in zip(HEADS, _cells(results), strict=True):
        lines += ["", f"| {' | '.join(head)} |", "|:--" + "|--:" * (len(head) - 1) + "|"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    versions = ", ".join(f"{name} {version}" for name, version in used.items())
    return "\n".join([*lines, "", f"With {versions}."])


def replaced(page: str, table: str) -> str:
    """Return a README with `table` between its markers and the rest as it was.

    Raises
    ------
    ClaimlogError
        If it does not hold each marker once, on a line of its own, in order.
    """
    lines = page.split("\n")
    places = [[at for at, line in enumerate(lines) if line.strip() == m] for m in (START, END)]
    if [len(found) for found in places] != [1, 1] or places[0] > places[1]:
        raise ClaimlogError(
            f"README.md: expected the lines {START} and {END}, once each and in this order; "
            "add them where the table should stand"
        )
    (first,), (last,) = places
    return "\n".join([*lines[: first + 1], *table.split("\n"), *lines[last:]])
