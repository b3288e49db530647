"""What this codebook teaches about codebooks, in numbers: parts of docs/codebook-howto.md."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import narwhals as nw

from claimlog.fold.claim_summary import ClaimSpan
from claimlog.fold.coder_reliability import ALL_SOURCES, reliability_tables
from claimlog.log.event_log import Log
from workshop.docs.markdown_table import markdown_table

Row = dict[str, Any]

FLATTERED = 6
"""Variables that are listed of those whose alpha is flattered by empty cells, the worst first."""


Agreement = tuple[list[Row], list[Row]]

_known: list[tuple[Log, Agreement]] = []
"""The log that was asked for last: three parts of pages tell its agreement, which takes seconds."""


def agreement_rows(log: Log) -> Agreement:
    """Return agreement over all sources: of passages by pass, and of variables by pass."""
    if not _known or _known[0][0] is not log:
        _known[:] = [(log, _agreement_rows(log))]
    return _known[0][1]


def _agreement_rows(log: Log) -> Agreement:
    table = reliability_tables(
        nw.from_native(log.live("codings")).lazy(),
        [ClaimSpan(*row) for row in log.live("claims").select(ClaimSpan._fields).rows()],
        log.definition,
        log.codebooks,
    )
    spans, variables = (
        [row for row in table[name].collect().rows(named=True) if row["scope"] == ALL_SOURCES]
        for name in ("span_agreement", "reliability")
    )
    return spans, variables


def codebook_size(log: Log) -> str:
    """Return in a sentence how much a coder has to read."""
    book = log.definition.codebook
    lists = {item.codelist for row in book.variables for item in log.definition.columns(row)}
    codes = sum(len(book.codes[name]) for name in lists if name)
    return (
        f"The codebook (version {book.version}) has {len(book.variables)} variables, "
        f"{len(book.steps)} steps, {codes} codes of {len(lists - {None})} lists and "
        f"{len(book.decisions)} rulings.\n"
    )


def flattered_variables(log: Log) -> str:
    """Return the variables whose alpha falls most once empty cells count for nothing."""
    rows = [row for row in _last_passes(log) if row["alpha_filled"] is not None]
    rows.sort(key=lambda row: row["alpha_filled"] - row["alpha"])
    return markdown_table(
        ("variable", "pass", "passages", "alpha", "of them filled", "alpha where filled"),
        (
            (
                row["variable"],
                row["pass"],
                row["units"],
                f"{row['alpha']:.2f}",
                row["units_filled"],
                f"{row['alpha_filled']:.2f}",
            )
            for row in rows[:FLATTERED]
        ),
    )


def sharpened_variables(log: Log) -> str:
    """Return the variables that were coded again because a pass fell short of their aim."""
    rows = []
    for name, group in groupby(_by_variable(agreement_rows(log)[1]), lambda row: row["variable"]):
        passes = [row for row in group if row["target"] and _where_filled(row) is not None]
        short = [row for row in passes if _where_filled(row) < row["target"]]
        if short and len(passes) > 1:
            told = (f"{row['pass']}: {_where_filled(row):.2f}" for row in passes)
            rows.append((name, short[0]["target"], ", ".join(told)))
    return markdown_table(("variable", "aim", "alpha or F1 where filled, by pass"), rows)


def _last_passes(log: Log) -> list[Row]:
    last = {row["variable"]: row for row in _by_variable(agreement_rows(log)[1])}
    return [*last.values()]


def _by_variable(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["variable"], row["pass"]))


def _where_filled(row: Row) -> Any:
    """Return what is held against the aim: of names of the coder's own F1, else alpha."""
    return row["f1"] if row["f1"] is not None else row["alpha_filled"]
