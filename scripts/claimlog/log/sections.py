"""A log in pieces that memory holds: sections that are checked and folded alone, and envelopes.

A log of any size is checked in the memory of one section.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from claimlog.log.event_log import CLAIMS, Log
from claimlog.log.stream_parts import STEP, MemoryPart, Part
from claimlog.schema.table_schema import POSITION

SECTION = 200_000
"""Rows of claims in a section, about; they and what is computed of them fill some 2 GB."""


def sections(log: Log) -> Iterator[Log]:
    """Yield a log in sections that are checked and folded alone: each row is in one."""
    for name in log.beside_claims:
        log.rows(name)  # once, for all sections
    yield section_without_claims(log)
    for claims in claim_ranges(log):
        yield section_of_claims(log, claims)


def section_without_claims(log: Log) -> Log:
    """Return the section of all streams but the claims."""
    return replace(log, streams=log.beside_claims, whole=log)


def section_of_claims(log: Log, claims: pl.DataFrame) -> Log:
    """Return the section of the claims of which these are the rows."""
    parts: dict[str, list[Part]] = {**log.parts, CLAIMS: [MemoryPart(claims)]}
    return replace(log, parts=parts, streams=(CLAIMS,), whole=log)


def claim_ranges(log: Log) -> Iterator[pl.DataFrame]:
    """Yield the rows of the claims, range by range of their ids, in no order within one.

    Sorting fifty columns takes as long as reading them: who needs the order sorts what a filter
    leaves.
    """
    parts = log.parts.get(CLAIMS, [])
    if log.is_small(CLAIMS) or (len(parts) == 1 and isinstance(parts[0], MemoryPart)):
        yield log.rows(CLAIMS)
        return
    bounds = _bounds(log)
    for low, high in zip([None, *bounds], [*bounds, None], strict=True):
        chosen = [part for part in parts if part.overlaps(low, high)]
        inside = pl.lit(True)
        if low is not None:
            inside &= pl.col("claim_id") >= low
        if high is not None:
            before = pl.col("claim_id") < high
            # validation names a row without an id, if a section has it
            inside &= before if low is not None else before | pl.col("claim_id").is_null()
        if chosen or not parts:
            # one section is read while another is checked, in memory
            rows = log.scan_parts(CLAIMS, chosen).filter(inside)
            yield rows.collect(engine="streaming").rechunk()


def _bounds(log: Log) -> list[str]:
    """Return the ids at which sections end, about `SECTION` rows apart."""
    # every part knows the id of each of its rows number 0, STEP, 2 STEP …, in order of ids
    ids = sorted(name for part in log.parts.get(CLAIMS, ()) for name in part.ids[:-1])
    return sorted(set(ids[SECTION // STEP :: SECTION // STEP]))


def envelope_ranges(log: Log, first: int = 0) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield the envelopes (`envelope`) of the rows from position `first` on, batch after batch.

    Batches that follow each other are taken together while they have less rows than a section.
    """
    begin = first
    for end, _ in log.trees:
        if end - begin >= SECTION or (end == log.size and end > begin):
            yield _envelope_range(log, begin, end)
            begin = end
    if not log.size:
        yield _envelope_range(log, 0, 0)


def _envelope_range(log: Log, begin: int, end: int) -> dict[str, pl.DataFrame]:
    return {name: _envelopes(log, name, begin, end) for name in log.definition.streams}


def _envelopes(log: Log, stream: str, begin: int, end: int) -> pl.DataFrame:
    parts = [part for part in log.parts.get(stream, ()) if part.first < end and part.end > begin]
    rows = log.scan_parts(stream, parts, envelope(log, stream))
    here = pl.col("seq").is_between(begin, end, closed="left")
    return rows.filter(here).collect().sort("seq")


def envelope(log: Log, stream: str) -> tuple[str, ...]:
    """Return the columns that say where a row stands, what it does to what, when and why."""
    return (
        *POSITION,
        *("action", "version", "recorded_at", "recorded_by", "reason"),
        log.definition.streams[stream].id,
    )
