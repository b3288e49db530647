"""The current agreement of a text's coders, computed by the functions that the build uses."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from claimlog.desk.adjudication_view import Adjudication
from claimlog.desk.coding_rows import CODINGS, coding_rows
from claimlog.desk.draft_findings import entry_rows, row_flaws, unread
from claimlog.desk.entity_rows import asserted_row
from claimlog.desk.request_error import INVALID, RequestError
from claimlog.desk.row_references import on_the_spot_streams
from claimlog.fold.coder_reliability import reliability_tables

Row = dict[str, Any]
PASS = 1_000_000
"""A pass that is only compared: no real one has so high a number."""

APART = ("pass", "scope", "first_coder", "second_coder", "variable")


def agreement(adjudication: Adjudication) -> Row | None:
    """Return agreement on passages and by variable; None where only one has coded.

    Raises
    ------
    RequestError
        If the codings would be no rows of the log.
    """
    if len(adjudication.sides) < 2:
        return None
    return adjudication.latest_values.get(
        "agreement",
        (adjudication.basis, adjudication.desk.log.version),  # it looks up what registers say
        lambda: _agreement(adjudication),
    )


def _agreement(adjudication: Adjudication) -> Row:
    desk = adjudication.desk
    log = desk.log.whole
    definition = log.definition
    rows = []
    for work, drafts in zip(adjudication.sides, adjudication.drafts, strict=True):
        beside = {"coder": work.coder, "pass": PASS, "source_id": adjudication.source}
        known = all_entries(adjudication)
        rows += coding_rows(definition, drafts, known, adjudication.places.text, beside)
    table = definition.streams[CODINGS]
    asserted = [asserted_row(log, table, f"K{10**9 + at}", row) for at, row in enumerate(rows)]
    proposed = entry_rows(desk.log, adjudication.entries.final)
    longer = desk.log.with_rows({**proposed, CODINGS: asserted})
    own = longer.rows(CODINGS).filter(
        (pl.col("pass") == PASS) & (pl.col("source_id") == adjudication.source)
    )
    if len(own) < len(asserted):
        flaws = (flaw for row in asserted for flaw in row_flaws(log, CODINGS, row))
        flaw = next(flaws, None) or unread(longer)
        raise RequestError(
            INVALID, f"the codings cannot be compared: {flaw.message}; {flaw.remedy}"
        )
    versions = {batch.number: definition.codebook.version for batch in longer.batches}
    frame = nw.from_native(own.lazy())
    tables = {
        name: nw.to_native(table.collect()).to_dicts()
        for name, table in reliability_tables(frame, [], definition, versions).items()
    }
    labels = {row["variable"]: row["label"] for row in definition.codebook.variables}
    source = adjudication.source
    spans = next(row for row in tables["span_agreement"] if row["scope"] == source)
    return {
        "coders": [work.coder for work in adjudication.sides],
        "spans": {name: cell for name, cell in spans.items() if name not in APART},
        "variables": [
            {
                "variable": row["variable"],
                "label": labels[row["variable"]],
                **{name: cell for name, cell in row.items() if name not in APART},
            }
            for row in tables["reliability"]
            if row["scope"] == source
        ],
    }


def all_entries(adjudication: Adjudication) -> dict[str, dict[str, Row]]:
    """Return the entries of registers that codings lead to, those of the log and new ones."""
    log, final = adjudication.desk.log, adjudication.entries.final
    return {
        stream: {**log.entries(stream), **final.get(stream, {})}
        for stream in on_the_spot_streams(log.definition)
    }
