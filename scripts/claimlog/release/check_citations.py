"""Whether claims that somebody cites changed since: how, by whose event, and for which reason."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import polars as pl

from claimlog.limits import CITED_EVENTS
from claimlog.log.event_log import CLAIMS, Log
from claimlog.log.release_index import release_marks, require_agreement
from claimlog.log.taken_versions import taken_row, taken_versions, with_taken_versions
from claimlog.log.version_changes import changed_cells, readable_value
from claimlog.release.bibliography_reader import ClaimCitation, short_name
from claimlog.release.diff import ChangeEvent
from claimlog.schema.table_schema import POSITION

UNCHANGED, CHANGED, RETRACTED, UNKNOWN = "unchanged", "changed", "retracted", "unknown"
TAKEN_DOWN = "taken down"

Row = dict[str, Any]


@dataclass(frozen=True)
class CheckedCitation:
    """What became of a cited claim.

    Attributes
    ----------
    status
        ``unchanged``, ``changed``, ``retracted``, ``taken down`` where the version that is cited
        was, or ``unknown`` where the log has no such claim, version, event or release; of the last
        two `problem` says more.
    version, latest
        Version of the claim that is cited, and its last one.
    fields
        Old and new value of each column that differs.
    events
        What changed it, with the release that first held each event, the last `CITED_EVENTS` of
        them; who, when and why are not known of one that was taken down.
    earlier_events
        How many there are before those.
    """

    citation: ClaimCitation
    status: str
    problem: str | None = None
    version: int | None = None
    latest: int | None = None
    fields: Mapping[str, tuple[Any, Any]] | None = None
    events: tuple[tuple[ChangeEvent, str | None], ...] = ()
    earlier_events: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the claim stands as it is cited."""
        return self.status == UNCHANGED

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON object; an identifier that nothing has may be cut."""
        cited = asdict(self.citation)
        if self.status == UNKNOWN:
            cited["claim_id"] = short_name(self.citation.claim_id)
        return {
            **cited,
            "status": self.status,
            "problem": self.problem,
            "cited_version": self.version,
            "latest_version": self.latest,
            "cells": [
                {"column": name, "from": old, "to": new}
                for name, (old, new) in (self.fields or {}).items()
            ],
            "events": [{**asdict(event), "release": release} for event, release in self.events],
            "earlier_events": self.earlier_events,
        }


class _History:
    """The versions of a claim, found by event, by version and by release without a search."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.seqs = [row["seq"] for row in rows]
        self.by_event = {row["event_id"]: row for row in reversed(rows)}
        self.by_version = {row["version"]: row for row in reversed(rows)}

    def before(self, seq: int) -> Row | None:
        """Return the last version before a row of the log."""
        at = bisect_left(self.seqs, seq)
        return self.rows[at - 1] if at else None


NO_HISTORY = _History(())


def check_citations(log: Log, citations: Sequence[ClaimCitation]) -> list[CheckedCitation]:
    """Compare each cited version of a claim with the last one of the log.

    Raises
    ------
    ClaimlogError
        If an entry of the index, which says what each release held, disagrees with the log.
    """
    for entry in log.releases:
        require_agreement(entry, log)
    sizes = {str(entry.version): entry.size for entry in log.releases}
    marks = release_marks(log.releases, log.definition.descriptor, log.size, log.root.hex())
    sizes |= {mark.version: mark.size for mark in marks}
    ids = pl.Series("claim_id", sorted({one.claim_id for one in citations}), dtype=pl.String)
    table = log.definition.streams[CLAIMS]
    rows = log.rows_of(CLAIMS, ids, (*table.names, *POSITION)).sort("claim_id", "seq")
    versions: dict[str, list[Row]] = {}
    for row in rows.iter_rows(named=True):
        versions.setdefault(row["claim_id"], []).append(row)
    for name, gone in taken_versions(log, CLAIMS).items():
        if name in versions:
            versions[name] = with_taken_versions(versions[name], gone)
    histories = {name: _History(rows) for name, rows in versions.items()}

    @cache  # many may cite the same version
    def fields_since(claim_id: str, seq: int) -> Mapping[str, tuple[Any, Any]]:
        history = histories[claim_id]
        was, now = history.before(seq + 1), history.rows[-1]
        assert was is not None
        is_known = not any(row["action"] == "retract" or taken_row(row) for row in (was, now))
        return changed_cells(table, was, now) if is_known else {}

    @cache
    def event_of(claim_id: str, at: int) -> tuple[ChangeEvent, str | None]:
        row = histories[claim_id].rows[at]
        release = next((mark.version for mark in marks if row["seq"] < mark.size), None)
        return ChangeEvent.of(row), release

    checked = []
    for citation in citations:
        history = histories.get(citation.claim_id, NO_HISTORY)
        cited, problem = _cited_row(citation, history, sizes)
        if cited is None:
            checked.append(CheckedCitation(citation, UNKNOWN, problem))
            continue
        last = history.rows[-1]
        if last["seq"] == cited["seq"]:
            version = cited["version"]
            checked.append(CheckedCitation(citation, UNCHANGED, problem, version, version))
            continue
        first, count = bisect_right(history.seqs, cited["seq"]), len(history.rows)
        if cited["action"] == "retract":
            first = count  # what was made anew has no events that changed it
        listed = range(max(first, count - CITED_EVENTS), count)
        status = RETRACTED if last["action"] == "retract" else CHANGED
        if lost := taken_row(cited):
            status = TAKEN_DOWN
            problem = "; ".join([*((problem,) if problem else ()), lost.sentence])
        checked.append(
            CheckedCitation(
                citation,
                status,
                problem,
                cited["version"],
                last["version"],
                fields_since(citation.claim_id, cited["seq"]),
                tuple(event_of(citation.claim_id, at) for at in listed),
                count - first - len(listed),
            )
        )
    return checked


def _cited_row(
    citation: ClaimCitation, history: _History, sizes: Mapping[str, int]
) -> tuple[Row | None, str | None]:
    """Return the row of a claim that is cited, and what is wrong with the citation, if anything.

    The event says it most exactly, then the version of the claim, then the release that held it. A
    release that is not known here leaves open what was cited, whatever else the citation says.
    """
    name, release = short_name(citation.claim_id), citation.release
    if not history.rows:
        return None, f"the log has no claim {name}"
    row, problem = None, None
    if citation.event_id is not None:
        row = history.by_event.get(citation.event_id)
        if row is None:
            return None, f"no version of {name} has the event {citation.event_id[:16]}…"
        if citation.version not in (None, row["version"]):
            problem = f"its event is that of version {row['version']}, not {citation.version}"
    elif citation.version is not None:
        row = history.by_version.get(citation.version)
        if row is None:
            return None, f"{name} has no version {citation.version}"
    if row is not None and release is None:
        return row, problem
    if release is None or release not in sizes:
        return None, f"there is no release {release} here"
    held = history.before(sizes[release])
    if held is None:
        return None, f"release {release} does not hold {name}"
    if row is not None and row["seq"] > held["seq"]:
        problem = problem or f"release {release} does not hold version {row['version']} of {name}"
    return row or held, problem


def as_lines(citations: Sequence[CheckedCitation]) -> Iterator[str]:
    """Yield what to tell people about cited claims that do not stand as they are cited."""
    for one in citations:
        cited = one.citation
        line = f" (line {cited.line})" if cited.line is not None else ""
        where = f"{cited.key or 'an entry without a key'}{line}"
        if one.status == UNKNOWN:
            yield f"{where}: {one.problem}"
            continue
        if one.problem:
            yield f"{where}: {one.problem}"
        if one.is_good:
            continue
        versions = f"version {one.version} is cited, {one.latest} is the last"
        became = ":" if one.status == TAKEN_DOWN else f" was {one.status} since;"
        yield f"{where}: {short_name(cited.claim_id)}{became} {versions}"
        for name, (old, new) in (one.fields or {}).items():
            yield f"    {name}: {readable_value(old)} -> {readable_value(new)}"
        if one.earlier_events:
            yield f"    {one.earlier_events:,} earlier events are not listed"
        for event, release in one.events:
            held = f"release {release}" if release else "in no release yet"
            reason = f" because: {event.reason}" if event.reason else ""
            by = f"{event.recorded_at} by {event.recorded_by}"
            if event.recorded_by is None:
                by = f"to version {event.version}, which was taken down"
            yield f"    {event.action} {by}, event {event.event_id[:16]}…, {held}{reason}"
