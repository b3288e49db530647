"""Whether claims that somebody cites changed since: how, by whose event, and for which reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import polars as pl

from claimlog.log.event_log import CLAIMS, Log
from claimlog.log.release_index import release_marks, require_agreement
from claimlog.log.taken_versions import taken_row, taken_versions, with_taken_versions
from claimlog.log.version_changes import readable_value
from claimlog.release.cited_claims import ClaimCitation
from claimlog.release.diff import ChangeEvent, RowChange, claim_changes

UNCHANGED, CHANGED, RETRACTED, UNKNOWN = "unchanged", "changed", "retracted", "unknown"
TAKEN_DOWN = "taken down"


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
        What changed it, with the release that first held each event; who, when and why are not
        known of one that was taken down.
    """

    citation: ClaimCitation
    status: str
    problem: str | None = None
    version: int | None = None
    latest: int | None = None
    fields: Mapping[str, tuple[Any, Any]] | None = None
    events: tuple[tuple[ChangeEvent, str | None], ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the claim stands as it is cited."""
        return self.status == UNCHANGED

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            **asdict(self.citation),
            "status": self.status,
            "problem": self.problem,
            "cited_version": self.version,
            "latest_version": self.latest,
            "cells": [
                {"column": name, "from": old, "to": new}
                for name, (old, new) in (self.fields or {}).items()
            ],
            "events": [{**asdict(event), "release": release} for event, release in self.events],
        }


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
    names = ("claim_id", "seq", "version", "event_id", "action")
    rows = log.rows_of(CLAIMS, ids, names).sort("claim_id", "seq")
    histories: dict[str, list[dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        histories.setdefault(row["claim_id"], []).append(row)
    for name, gone in taken_versions(log, CLAIMS).items():
        if name in histories:
            histories[name] = with_taken_versions(histories[name], gone)

    @cache  # many may cite the same version, and the log is read for each
    def change_since(claim_id: str, cited: int) -> RowChange:
        [change] = claim_changes(log, cited + 1, log.size, pl.Series([claim_id]))
        return change

    def first_release(event: ChangeEvent, seq: Mapping[str, int]) -> str | None:
        at = seq[event.event_id]
        return next((mark.version for mark in marks if at < mark.size), None)

    checked = []
    for citation in citations:
        history = histories.get(citation.claim_id, [])
        cited, problem = _cited_row(citation, history, sizes)
        if cited is None:
            checked.append(CheckedCitation(citation, UNKNOWN, problem))
            continue
        last = history[-1]
        if last["seq"] == cited["seq"]:
            version = cited["version"]
            checked.append(CheckedCitation(citation, UNCHANGED, problem, version, version))
            continue
        change = change_since(citation.claim_id, cited["seq"])
        seq = {row["event_id"]: row["seq"] for row in history}
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
                change.fields,
                tuple((event, first_release(event, seq)) for event in change.events),
            )
        )
    return checked


def _cited_row(
    citation: ClaimCitation, history: Sequence[Mapping[str, Any]], sizes: Mapping[str, int]
) -> tuple[Mapping[str, Any] | None, str | None]:
    """Return the row of a claim that is cited, and what is wrong with the citation, if anything.

    The event says it most exactly, then the version of the claim, then the release that held it. A
    release that is not known here leaves open what was cited, whatever else the citation says.
    """
    name, release = citation.claim_id, citation.release
    if not history:
        return None, f"the log has no claim {name}"
    row, problem = None, None
    if citation.event_id is not None:
        row = next((row for row in history if row["event_id"] == citation.event_id), None)
        if row is None:
            return None, f"no version of {name} has the event {citation.event_id[:16]}…"
        if citation.version not in (None, row["version"]):
            problem = f"its event is that of version {row['version']}, not {citation.version}"
    elif citation.version is not None:
        row = next((row for row in history if row["version"] == citation.version), None)
        if row is None:
            return None, f"{name} has no version {citation.version}"
    if row is not None and release is None:
        return row, problem
    if release is None or release not in sizes:
        return None, f"there is no release {release} here"
    held = [row for row in history if row["seq"] < sizes[release]]
    if not held:
        return None, f"release {release} does not hold {name}"
    if row is not None and row["seq"] > held[-1]["seq"]:
        problem = problem or f"release {release} does not hold version {row['version']} of {name}"
    return row or held[-1], problem


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
        yield f"{where}: {cited.claim_id}{became} {versions}"
        for name, (old, new) in (one.fields or {}).items():
            yield f"    {name}: {readable_value(old)} -> {readable_value(new)}"
        for event, release in one.events:
            held = f"release {release}" if release else "in no release yet"
            reason = f" because: {event.reason}" if event.reason else ""
            by = f"{event.recorded_at} by {event.recorded_by}"
            if event.recorded_by is None:
                by = f"to version {event.version}, which was taken down"
            yield f"    {event.action} {by}, event {event.event_id[:16]}…, {held}{reason}"
