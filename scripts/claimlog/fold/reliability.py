"""Inter-coder reliability, computed from the codings in the log.

Within a pass and a source every two coders are compared. Their spans are matched one to one
(`agreement.span_matches`); the matched spans are the units on which alpha is computed for every
variable of the codebook that a coding has. An empty cell is a value like any other: that there is
no attribution, or no measure, is a decision of the coder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import narwhals as nw

from claimlog.fold.agreement import coverage, f1_score, krippendorff_alpha, span_matches
from claimlog.fold.claim_summary import ClaimSpan
from claimlog.fold.states import Frame, frame_like
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table

ALL_SOURCES = "all"
"""Scope of rows about all sources together."""

EMPTY_CELL = ""
Row = dict[str, Any]


def reliability_tables(
    codings: Frame,
    claims: Sequence[ClaimSpan],
    definition: Definition,
    codebooks: Mapping[int, str],
) -> dict[str, Frame]:
    """Return ``codings``, ``coding_pairs``, ``span_agreement`` and ``reliability_tables``.

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
    variables = [
        row
        for row in definition.codebook.variables
        if row["variable"] in definition.streams["codings"].names
    ]
    pairs, spans, results = [], [], []
    for coders in _coder_pairs(rows, codebooks):
        pairs += coders.pairs()
        spans.append(coders.span_agreement())
        results += [coders.reliability(variable) for variable in variables]
    tables = {
        "codings": _add_claims(rows, claims),
        "coding_pairs": pairs,
        "span_agreement": spans,
        "reliability": results,
    }
    return {name: _frame(lines, definition.tables[name], codings) for name, lines in tables.items()}


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

    def reliability(self, variable: Mapping[str, str]) -> Row:
        """Return the row of the table ``reliability`` of a variable."""
        name = variable["variable"]
        alpha = krippendorff_alpha(
            [
                (first[name] or EMPTY_CELL, second[name] or EMPTY_CELL)
                for first, second, _ in self.units
            ]
        )
        return {
            **self.key,
            "variable": name,
            "codebook_version": self._codebook_versions(),
            "units": alpha.units,
            "percent_agreement": _rounded(alpha.percent),
            "alpha": alpha.value,
            "alpha_low": alpha.low,
            "alpha_high": alpha.high,
            "target": float(variable["target"]) if variable["target"] else None,
        }

    def _codebook_versions(self) -> str:
        return " ".join(sorted(self.versions))


def _add_claims(codings: list[Row], claims: Sequence[ClaimSpan]) -> list[Row]:
    """Add to each coding the live claim whose span matches it best, if one does."""
    by_source: dict[str, list[ClaimSpan]] = defaultdict(list)
    for claim in sorted(claims):
        by_source[claim.source_id].append(claim)
    groups: dict[tuple[int, str, str], list[Row]] = defaultdict(list)
    for row in codings:
        groups[row["pass"], row["source_id"], row["coder"]].append(row)
    extended = []
    for (_, source, _), rows in groups.items():
        candidates = by_source[source]
        matches = span_matches(
            [(row["start"], row["end"]) for row in rows],
            [(claim.start, claim.end) for claim in candidates],
        )
        best = {one: (candidates[other].claim_id, round(share, 6)) for one, other, share in matches}
        for index, row in enumerate(rows):
            claim_id, share = best.get(index, (None, None))
            extended.append({**row, "claim_id": claim_id, "claim_iou": share})
    return extended


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


NARWHALS_TYPES = {"integer": nw.Int64(), "number": nw.Float64()}


def _frame(rows: list[Row], table: Table, like: Frame) -> Frame:
    types = {item.name: NARWHALS_TYPES.get(item.type, nw.String()) for item in table.fields}
    columns = {name: [row[name] for row in rows] for name in types}
    return frame_like(columns, types, like)
