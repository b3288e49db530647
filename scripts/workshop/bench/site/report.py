"""Reports of the suite of the site: every kind of address as text, groups of them for docs/."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from workshop.bench.machine import machine_sentence
from workshop.bench.plots import Plot
from workshop.bench.tables import GOALS_HEAD, MET_LABELS, goal_cells, markdown_table, text_table

Result = dict[str, Any]

LIMIT_MS = 100
"""Limit of the 95th percentile of every kind, and of its first request."""

HEAD = (
    "kind of address",
    "requests",
    "first ms",
    "median ms",
    "p95 ms",
    "max ms",
    "kB",
    "failed",
    "met?",
)
BESIDE = ("scene", "median ms", "p95 ms", "plain: median ms", "p95 ms", "ratio", "goal", "met?")

COMPARED_TIMES = ("median_ms", "p95_ms")
COMPARISON_NOTE = (
    "What one reader does to others, beside plain Datasette (no plugin, its own settings) on the "
    "same database in the same run. Nothing may be behind it by a "
    "millisecond or more (medians). What takes longer than 30 s counts as 30 s."
)

LOAD_NOTE = (
    "Requests a second of the same address again and again, ours / plain Datasette's, by so many "
    "clients in the same run. *On a core* is ours for each second of the server's own processor "
    "time, at its least. A page that cannot change is drawn once; answers in memory are bounded."
)


def text_report(results: Result) -> str:
    """Return every kind as text in columns, and the addresses that failed."""
    kinds = results["kinds"]
    missed = [
        f"missed: {kind['name']} (slowest: {kind['slowest']}"
        + "".join(f"; {what}: {path}" for what, path in _failures(kind))
        + ")"
        for kind in kinds
        if not kind["met"]
    ]
    parts = [
        _summary(results),
        text_table(HEAD, [_cells(kind["name"], [kind]) for kind in kinds]),
        text_table(GOALS_HEAD, _goals(results)),
        text_table(BESIDE, _beside(results)),
        text_table(*_load_table(results)),
    ]
    return "\n\n".join([*parts, "\n".join(missed)] if missed else parts)


def markdown_report(results: Result) -> str:
    """Return a row for every group of kinds as Markdown, with the command that makes it."""
    options = f"--claims {results['claims']} --requests {results['requests']} --docs"
    command = f"python -m workshop.bench site {options}"
    groups: dict[str, list[Result]] = {}
    for kind in results["kinds"]:
        groups.setdefault(kind["group"], []).append(kind)
    first = (
        f"`{command}` made this table: {_summary(results)} on "
        f"{machine_sentence(results['machine'])}. A row that stands for several kinds gives the "
        "worst of them; *first* is the first request that the server got for a kind."
    )
    rows = [_cells(_row_label(name, kinds), kinds) for name, kinds in groups.items()]
    used = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    parts = [first, markdown_table(HEAD, rows), markdown_table(GOALS_HEAD, _goals(results))]
    parts += [COMPARISON_NOTE, markdown_table(BESIDE, _beside(results))]
    memory = f"Afterwards the server held {results['memory_bytes'] / 1e6:,.0f} MB. With {used}."
    parts += [LOAD_NOTE, markdown_table(*_load_table(results)), memory]
    return "\n\n".join(parts)


def results_plot(results: Result) -> Plot:
    """Return a tick for every kind, at its 95th percentile, and the limit."""
    values = [
        {"p95": kind["p95_ms"], "of": _address_sort(kind["group"]), "name": kind["name"]}
        for kind in results["kinds"]
    ]
    x = {"field": "p95", "type": "quantitative", "title": "95th percentile, ms"}
    return Plot(
        {
            "title": f"{len(values)} kinds of address; the line is the limit",
            "width": 640,
            "height": {"step": 30},
            "layer": [
                {
                    "data": {"values": values},
                    "mark": {"type": "tick", "thickness": 2, "opacity": 0.6},
                    "encoding": {
                        "x": x,
                        "y": {"field": "of", "type": "nominal", "title": None, "sort": None},
                    },
                },
                {
                    "data": {"values": [{"p95": LIMIT_MS}]},
                    "mark": {"type": "rule", "strokeDash": [5, 4], "color": "#b4530a"},
                    "encoding": {"x": x},
                },
            ],
        },
        f"The 95th percentile of each of {len(values)} kinds of address, in milliseconds",
    )


def _address_sort(group: str) -> str:
    """Return the row of the plot that a group of addresses belongs to."""
    if "as JSON" in group:
        return "as JSON"
    if "in a release" in group:
        return "pages of a release"
    if "queries" in group:
        return "prepared queries"
    return "tables in Datasette" if "Datasette" in group else "pages"


def _summary(results: Result) -> str:
    return (
        f"{results['claims']:,} claims ({results['rows']:,} events, a database of "
        f"{results['database_bytes'] / 1e6:,.0f} MB), one client, at least {results['requests']} "
        f"requests of each of {len(results['kinds'])} kinds, server ready after "
        f"{results['ready_seconds']} s, load of the machine before: {results['load']}"
    )


def _row_label(name: str, kinds: list[Result]) -> str:
    return f"`{name}`" if len(kinds) == 1 and " " not in name else f"{name} ({len(kinds)})"


def _cells(name: str, kinds: list[Result]) -> list[str]:
    """Return a table row for some kinds: sums of counts, the worst of the times."""
    failed = sum(len([*_failures(kind)]) for kind in kinds)
    return [
        name,
        f"{sum(kind['requests'] for kind in kinds):,}",
        f"{max(kind['first_ms'] for kind in kinds):,.0f}",
        f"{median(kind['median_ms'] for kind in kinds):,.0f}",
        f"{max(kind['p95_ms'] for kind in kinds):,.0f}",
        f"{max(kind['max_ms'] for kind in kinds):,.0f}",
        f"{max(kind['bytes'] for kind in kinds) / 1e3:,.0f}",
        f"{failed}",
        MET_LABELS[all(kind["met"] for kind in kinds)],
    ]


def _goals(results: Result) -> list[list[str]]:
    return goal_cells(results["goals"], digits=1)


def _beside(results: Result) -> list[list[str]]:
    rows = []
    for scenario in results["beside"]:
        plain = scenario["plain"] or {}
        numbers = [
            *(scenario["ours"][key] for key in COMPARED_TIMES),
            *(plain.get(key) for key in COMPARED_TIMES),
        ]
        ratio = "" if scenario["ratio"] is None else f"{scenario['ratio']:.2f}"
        cells = ["" if number is None else f"{number:,.1f}" for number in numbers]
        rows.append(
            [scenario["name"], *cells, ratio, scenario["goal"], MET_LABELS[scenario["met"]]]
        )
    return rows


def _load_table(results: Result) -> tuple[list[str], list[list[str]]]:
    """Return the table of loads: an address a row, a number of clients a column."""
    by_path: dict[str, list[Result]] = {}
    for load in results["load_of_clients"]:
        by_path.setdefault(load["path"], []).append(load)
    counts = list(dict.fromkeys(load["clients"] for load in results["load_of_clients"]))
    head = ["address", *(f"by {count}" for count in counts), "on a core", "p95 ms", "goal", "met?"]
    rows = []
    for path, loads in by_path.items():
        core_rates = [load["ours"]["core_rate"] for load in loads]
        least = None if None in core_rates else min(core_rates)
        rows.append(
            [
                f"`{path}`",
                *(_rates(load) for load in loads),
                "" if least is None else f"{least:,.0f}",
                f"{max(load['ours']['p95_ms'] for load in loads):,.0f}",
                loads[0]["goal"],
                MET_LABELS[all(load["met"] for load in loads)],
            ]
        )
    return head, rows


def _rates(load: Result) -> str:
    sides = [side for side in (load["ours"], load["plain"]) if side is not None]
    return " / ".join(f"{side['rate']:,.0f}" for side in sides)


def _failures(kind: Result) -> Iterable[tuple[str, str]]:
    yield from (("not 200", path) for path in kind["not_ok"])
    yield from (("timed out", path) for path in kind["timed_out"])
