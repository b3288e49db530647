"""The suite of copies: claims of invented articles, placed in copies of many kinds."""

from __future__ import annotations

from collections import Counter

from claimlog.package import Package
from workshop.bench.copies.copy_kinds import KINDS
from workshop.bench.copies.measure import PASSAGES, WAYS, place_in_copies, seconds_of_long_copy
from workshop.bench.machine import library_versions, machine_description, machine_sentence
from workshop.bench.suites import BenchOptions, Result, progress_bar
from workshop.bench.tables import GOALS_HEAD, MET_LABELS, markdown_table, text_table

__all__ = ["NEEDS", "collect_results", "markdown_report", "results_plot", "text_report"]

NEEDS = ()
LIBRARIES = ("rapidfuzz", "numpy")
LONG_COPY, LONG_CLAIMS = 5_000_000, 500
SHARES = {"hashes": 0.95, "text": 0.99}
"""Least share of right places where the passage is still there, by way."""

SECONDS = 10
WAY_LABELS = {"hashes": "hashes alone", "text": "with the coded text"}
HEAD = (
    "kind of copy",
    *(
        f"{what}, {WAY_LABELS[way]}"
        for way in WAYS
        for what in ("right", "no place", "wrong", "gone and said so")
    ),
)
OUTCOMES = ("found", "moved", "changed", "ambiguous", "orphaned")


def collect_results(_: Package, options: BenchOptions) -> Result:
    """Return tallies of every kind of copy by way, and the seconds of a long copy.

    There are as many articles of each kind as give the claims that were asked for, one at least.
    """
    articles = max(1, round(options.claims / PASSAGES / len(KINDS)))
    kinds: dict[str, dict[str, dict[str, int]]] = {}
    with progress_bar(len(KINDS) + 1) as step:
        for kind in KINDS:
            step(kind)
            tallies = place_in_copies(kind, articles)
            kinds[kind] = {way: dict(tally) for way, tally in tallies.items()}
        step("a long copy")
        # time is only measured where accuracy is measured in earnest
        seconds = seconds_of_long_copy(LONG_COPY if articles > 1 else 100_000, LONG_CLAIMS)
    return {
        "articles": articles,
        "kinds": kinds,
        "seconds": seconds,
        "machine": machine_description(),
        "versions": library_versions(LIBRARIES),
    }


def text_report(results: Result) -> str:
    """Return the results as text in columns."""
    return "\n\n".join(
        [
            _summary(results),
            text_table(HEAD, _cells(results)),
            text_table(OUTCOME_HEAD, _outcomes(results)),
            text_table(GOALS_HEAD, _goals(results)),
        ]
    )


def markdown_report(results: Result) -> str:
    """Return the results as Markdown, with the command that makes them."""
    claims = results["articles"] * PASSAGES * len(KINDS)
    used = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return "\n\n".join(
        [
            f"`python -m workshop.bench copies --claims {claims} --docs` made these tables: "
            f"{_summary(results)}, on {machine_sentence(results['machine'])}.",
            markdown_table(HEAD, _cells(results)),
            markdown_table(OUTCOME_HEAD, _outcomes(results)),
            markdown_table(GOALS_HEAD, _goals(results)),
            f"With {used}.",
        ]
    )


def results_plot(_: Result) -> None:
    """Return nothing: the table says it."""


def _summary(results: Result) -> str:
    articles = results["articles"]
    return (
        f"{articles} invented articles with {PASSAGES} claims each for every one of {len(KINDS)} "
        "kinds of copy; a place is right if it has four fifths of the words in common with the "
        "true one"
    )


def _cells(results: Result) -> list[list[str]]:
    rows = [
        [kind, *(cell for way in WAYS for cell in _counts(ways[way]))]
        for kind, ways in results["kinds"].items()
    ]
    totals = _totals(results)
    return [*rows, ["**all**", *(cell for way in WAYS for cell in _counts(totals[way]))]]


def _counts(tally: dict[str, int]) -> list[str]:
    return [f"{tally.get(what, 0):,}" for what in ("right", "missed", "wrong", "gone")]


def _totals(results: Result) -> dict[str, Counter[str]]:
    totals: dict[str, Counter[str]] = {way: Counter() for way in WAYS}
    for ways in results["kinds"].values():
        for way in WAYS:
            totals[way].update(ways[way])
    return totals


OUTCOME_HEAD = (
    "kind of copy",
    *(f"{outcome}, {WAY_LABELS[way]}" for way in WAYS for outcome in OUTCOMES),
)


def _outcomes(results: Result) -> list[list[str]]:
    return [
        [kind, *(f"{ways[way].get(outcome, 0):,}" for way in WAYS for outcome in OUTCOMES)]
        for kind, ways in results["kinds"].items()
    ]


def _goals(results: Result) -> list[list[str]]:
    rows = []
    for way, tally in _totals(results).items():
        share = tally["right"] / max(1, tally["right"] + tally["missed"] + tally["wrong"])
        least, label = SHARES[way], WAY_LABELS[way]
        rows += [
            [
                f"right, {label}",
                f"{share:.1%}",
                f"at least {least:.0%}",
                MET_LABELS[share >= least],
            ],
            [f"wrong, {label}", f"{tally['wrong']}", "0", MET_LABELS[not tally["wrong"]]],
        ]
    for way, seconds in results["seconds"].items():
        rows.append(
            [
                f"{LONG_CLAIMS} claims in a copy of 5 MB, {WAY_LABELS[way]}, s",
                f"{seconds:.1f}",
                f"below {SECONDS}",
                MET_LABELS[seconds < SECONDS] if results["articles"] > 1 else "not measured",
            ]
        )
    return rows
