"""What the build will take for the origin of new claims, where a coder may not have meant it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from claimlog.count_wording import names_in_words, number_and_noun
from claimlog.log.event_log import Log

TAKEN = "taken"
CLAIMS_NAMED = 5


def origin_warnings(log: Log, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for claims that come from a work that nothing names, and for circles.

    Where neither the chain of a claim nor the lineage of its source names a work, the build counts
    the article itself as the origin (`fold.corroboration`).
    """
    sources = {row["source_id"] for row in rows}
    found = log.live("sources").filter(pl.col("source_id").is_in(list(sources)))
    derived = {row["source_id"] for row in found.iter_rows(named=True) if row["lineage"]}
    works = {
        row["claim_id"]: {hop.get("source_id") for hop in row["attributions"] or ()} - {None}
        for row in rows
    }
    bare = [
        row["claim_id"]
        for row in rows
        if row.get("origin_basis") == TAKEN
        and not works[row["claim_id"]]
        and row["source_id"] not in derived
    ]
    own = [row["claim_id"] for row in rows if row["source_id"] in works[row["claim_id"]]]
    notes = []
    if bare:
        notes.append(
            f"{_named(bare)} with origin_basis {TAKEN} and no work named: the source itself counts "
            "as the origin, which is right if it reports for itself. If not, name the work behind "
            "it in speaker_source, or in the lineage of the source (claimlog amend); one without a "
            "text is added with claimlog add source --kind work"
        )
    if own:
        notes.append(
            f"{_named(own)} with the article itself as speaker_source, which is for another work "
            "that it refers to: leave it empty"
        )
    return notes


def _named(claims: Sequence[str]) -> str:
    return f"{number_and_noun(len(claims), 'claim')} ({names_in_words(claims, CLAIMS_NAMED)})"
