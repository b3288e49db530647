"""Inter-coder reliability, computed from the codings in the log.

Within a pass and a source every two coders are compared. Their spans are matched one to one
(`span_matching.span_matches`); the matched spans are the units on which alpha is computed
for every variable of the codebook that somebody filled in that pass. An empty cell is a value like
any other: that there is no attribution, or no measure, is a decision of the coder. Where most cells
are empty that flatters, so that alpha is also computed over the units that at least one coder
filled. A variable of identity (the coder's own name for a measure or a speaker) is compared by the
pairs of units that each coder holds for the same, as F1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import narwhals as nw

from claimlog.fold.agreement_coefficients import (
    f1_of_names,
    f1_score,
    krippendorff_alpha,
)
from claimlog.fold.claim_summary import ClaimSpan
from claimlog.fold.row_versions import Frame, frame_like, frame_of_table
from claimlog.fold.span_matching import coverage, span_matches
from claimlog.log.canonical import encode_value
from claimlog.schema.definition import Definition

ALL_SOURCES = "all"
"""Scope of rows about all sources together."""

Answer = tuple[Hashable, ...]
"""What a coding says of a variable: a value of each of its columns."""

NO_ANSWER: Answer = ()
ANCHOR = ("start", "end")
"""Columns of a passage: spans are matched, not compared as a variable."""

BEST_CLAIM_TYPES = {"coding_id": nw.String(), "claim_id": nw.String(), "claim_iou": nw.Float64()}

Row = dict[str, Any]


@dataclass(frozen=True)
class CodedVariable:
    """A variable that codings hold: its columns there, and whether they tell identity."""

    name: str
    columns: tuple[str, ...]
    identity: bool
    target: float | None

    def value(self, coding: Row) -> Answer:
        """Return what a coding says, cell by cell; `NO_ANSWER` where it says nothing."""
        cells = tuple(_comparable_cell(coding[name]) for name in self.columns)
        return NO_ANSWER if all(cell is None for cell in cells) else cells


def _comparable_cell(cell: Any) -> Hashable:
    """Return a cell so that equal ones say the same: lists are sets, and nothing is None."""
    # 0 and no are answers
    if cell in (None, "", []):
        return None
    return tuple(sorted(map(encode_value, cell))) if isinstance(cell, list) else cell


def coded_variables(definition: Definition) -> list[CodedVariable]:
    """Return the variables of the codebook that codings have columns for, in its order."""
    codings = definition.streams["codings"].by_name
    variables = []
    for row in definition.codebook.variables:
        named = [row["variable"]] if row["variable"] in codings else row["columns"].split()
        columns = tuple(name for name in named if name in codings and name not in ANCHOR)
        if columns and len(columns) == len(named):
            target = float(row["target"]) if row["target"] else None
            identity = any(codings[name].identity for name in columns)
            variables.append(CodedVariable(row["variable"], columns, identity, target))
    return variables


def reliability_tables(
    codings: Frame,
    claims: Sequence[ClaimSpan],
    definition: Definition,
    codebooks: Mapping[int, str],
) -> dict[str, Frame]:
    """Return ``codings``, ``coding_pairs``, ``span_agreement`` and ``reliability``.

    Parameters
    ----------
    codings
        Live rows.
    claims
        The live claims of the sources that have codings.
    codebooks
        Version of the codebook by number of batch.
    """
    # in the order of the log, whatever order an engine gives them in
    rows = sorted(codings.collect().rows(named=True), key=lambda row: row["seq"])
    variables = coded_variables(definition)
    coded = {
        (row["pass"], variable.name)
        for variable in variables
        for row in rows
        if variable.value(row) != NO_ANSWER
    }
    pairs, spans, results = [], [], []
    for coders in _coder_pairs(rows, codebooks):
        pairs += coders.pairs()
        spans.append(coders.span_agreement())
        results += [
            coders.reliability(variable)
            for variable in variables
            if (coders.key["pass"], variable.name) in coded
        ]
    tables = {
        "coding_pairs": pairs,
        "span_agreement": spans,
        "reliability": results,
    }
    best = frame_like(_best_claims(rows, claims), BEST_CLAIM_TYPES, codings)
    return {
        "codings": codings.join(best, on="coding_id", how="left"),
        **{
            name: frame_of_table(lines, definition.tables[name], codings)
            for name, lines in tables.items()
        },
    }


def _coder_pairs(rows: list[Row], codebooks: Mapping[int, str]) -> Iterator[CoderPair]:
    grouped: dict[tuple[int, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: (row["start"], row["end"], row["coding_id"])):
        grouped[row["pass"], row["source_id"]][row["coder"]].append(row)
    together: dict[tuple[int, str, str], CoderPair] = {}
    for (number, source), by_coder in sorted(grouped.items()):
        for first, second in combinations(sorted(by_coder), 2):
            one = CoderPair(number, source, first, second, codebooks)
            one.add(by_coder[first], by_coder[second])
            yield one
            key = (number, first, second)
            whole = together.setdefault(
                key, CoderPair(number, ALL_SOURCES, first, second, codebooks)
            )
            whole.add(by_coder[first], by_coder[second])
    yield from together.values()


class CoderPair:
    """Codings by two coders of one source, or of all sources together, in one pass."""

    def __init__(
        self, number: int, scope: str, first: str, second: str, codebooks: Mapping[int, str]
    ) -> None:
        self.key = {"pass": number, "scope": scope, "first_coder": first, "second_coder": second}
        self.codebooks = codebooks
        self.versions: set[str] = set()
        self.units: list[tuple[Row, Row, float]] = []
        self.sizes = [0, 0]
        self.points = [0, 0, 0]  # of the first, of the second, of both

    def add(self, first: list[Row], second: list[Row]) -> None:
        """Add what both coded of one source."""
        spans = [[(row["start"], row["end"]) for row in rows] for rows in (first, second)]
        self.units += [
            (first[one], second[other], share) for one, other, share in span_matches(*spans)
        ]
        one, other = coverage(spans[0]), coverage(spans[1])
        both = one + other - coverage([*spans[0], *spans[1]])
        for index, count in enumerate((one, other, both)):
            self.points[index] += count
        self.sizes[0] += len(first)
        self.sizes[1] += len(second)
        self.versions |= {self.codebooks.get(row["batch"], "") for row in (*first, *second)}

    def pairs(self) -> list[Row]:
        """Return the rows of the table ``coding_pairs``; none for all sources together."""
        if self.key["scope"] == ALL_SOURCES:
            return []
        return [
            {
                "first_coding_id": first["coding_id"],
                "second_coding_id": second["coding_id"],
                "pass": self.key["pass"],
                "source_id": self.key["scope"],
                "iou": round(share, 6),
            }
            for first, second, share in self.units
        ]

    def span_agreement(self) -> Row:
        """Return the row of the table ``span_agreement``."""
        return {
            **self.key,
            "codebook_version": self._codebook_versions(),
            "first_codings": self.sizes[0],
            "second_codings": self.sizes[1],
            "matched": len(self.units),
            "f1_spans": _rounded(f1_score(len(self.units), *self.sizes)),
            "f1_characters": _rounded(f1_score(self.points[2], *self.points[:2])),
        }

    def reliability(self, variable: CodedVariable) -> Row:
        values = [
            (variable.value(first), variable.value(second)) for first, second, _ in self.units
        ]
        filled = [pair for pair in values if any(pair)]
        return {
            **self.key,
            "variable": variable.name,
            "codebook_version": self._codebook_versions(),
            "units": len(values),
            "units_filled": len(filled),
            **(_agreement_on_names(values) if variable.identity else _alphas(values, filled)),
            "target": variable.target,
        }

    def _codebook_versions(self) -> str:
        return " ".join(sorted(self.versions))


def _alphas(
    values: Sequence[tuple[Answer, Answer]], filled: Sequence[tuple[Answer, Answer]]
) -> Row:
    every, some = krippendorff_alpha(values), krippendorff_alpha(filled)
    return {
        "percent_agreement": _rounded(every.percent),
        "alpha": every.value,
        "alpha_low": every.low,
        "alpha_high": every.high,
        "alpha_filled": some.value,
        "alpha_filled_low": some.low,
        "alpha_filled_high": some.high,
        **dict.fromkeys(("f1", "f1_low", "f1_high")),
    }


def _agreement_on_names(values: Sequence[tuple[Answer, Answer]]) -> Row:
    """Return agreement on what names of one's own join; they do not agree as words."""
    joined = f1_of_names(values)
    return {
        **dict.fromkeys(("percent_agreement", "alpha", "alpha_low", "alpha_high")),
        **dict.fromkeys(("alpha_filled", "alpha_filled_low", "alpha_filled_high")),
        "f1": joined.value,
        "f1_low": joined.low,
        "f1_high": joined.high,
    }


def _best_claims(codings: list[Row], claims: Sequence[ClaimSpan]) -> dict[str, list[object]]:
    """Return the published claim whose span matches a coding best, where one does, as columns."""
    by_source: dict[str, list[ClaimSpan]] = defaultdict(list)
    for claim in sorted(claims):
        by_source[claim.source_id].append(claim)
    groups: dict[tuple[int, str, str], list[Row]] = defaultdict(list)
    for row in codings:
        groups[row["pass"], row["source_id"], row["coder"]].append(row)
    columns: dict[str, list[object]] = {name: [] for name in BEST_CLAIM_TYPES}
    for (_, source, _), rows in groups.items():
        candidates = by_source[source]
        matches = span_matches(
            [(row["start"], row["end"]) for row in rows],
            [(claim.start, claim.end) for claim in candidates],
        )
        for one, other, share in matches:
            columns["coding_id"].append(rows[one]["coding_id"])
            columns["claim_id"].append(candidates[other].claim_id)
            columns["claim_iou"].append(round(share, 6))
    return columns


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
