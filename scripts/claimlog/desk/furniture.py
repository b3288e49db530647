"""Page furniture of a registered source: marking it by hand, by an amendment of the source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from claimlog.desk.blindness import all_finished
from claimlog.desk.desk import Desk
from claimlog.desk.journal import require_same_state, stale, state_digest
from claimlog.desk.places import Places
from claimlog.desk.request_error import CLOSED, INVALID, MALFORMED, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.row_references import SOURCES
from claimlog.edit.add_amend_retract import ChangedMeanwhileError, amend

Row = dict[str, Any]
MOST_FURNITURE = 1000
BY_HAND = "Page furniture marked by hand."
"""Reason of an amendment of a source that is not sealed yet, where none is given."""


def furniture_ranges(places: Places, given: Sequence[Any]) -> list[Row]:
    """Return ranges of page furniture in order; each may begin and end anywhere.

    Raises
    ------
    RequestError
        If one of them is none, or there are too many.
    """
    if len(given) > MOST_FURNITURE:
        raise RequestError(MALFORMED, f"at most {MOST_FURNITURE} ranges of furniture are taken")
    ranges = []
    for part in given:
        units = part.get("utf16") if isinstance(part, dict) else None
        is_pair = isinstance(units, list) and [type(unit) for unit in units] == [int, int]
        if units is None or not is_pair or not isinstance(part.get("kind"), str):
            raise RequestError(MALFORMED, 'furniture is {"utf16": [start, end], "kind": …}')
        start, end = (places.from_utf16(unit) for unit in units)
        if not 0 <= start < end <= len(places.text.content):
            raise RequestError(INVALID, "a range of furniture leaves the text")
        ranges.append({"start": start, "end": end, "kind": part["kind"]})
    return sorted(ranges, key=lambda one: (one["start"], one["end"]))


def may_mark_furniture(desk: Desk, role: Role, source: str) -> bool:
    """Whether a role may change the furniture of a source.

    Who decides may. A coder may while the source is not sealed and nobody else codes it: what is
    refused later would tell where another's claims are.
    """
    if role.decides:
        return True
    others = (work.coder for work in desk.work_folder.summaries(source) if work.coder != role.name)
    is_sealed = source in desk.log.sealed_log.ids(SOURCES)
    return not (is_sealed or any(others) or desk.decision_summary(source).is_begun)


def mark_furniture(
    desk: Desk,
    role: Role,
    source: str,
    version: int,
    given: Sequence[Any],
    reason: str,
    shown: str | None = None,
) -> int:
    """Amend the page furniture of a source in the open batch, and return its new version.

    Parameters
    ----------
    shown
        What the page shows: `state_digest` of the source's row.

    Raises
    ------
    RequestError
        If the source was amended meanwhile, this role may not, nothing changes, a claim that this
        role may see lies in the furniture, or a sealed source is changed without a reason.
    FindingsError
        If the log would break a rule, as by claims of the log that lie in the furniture.
    """
    row, places = desk.log.source(source), desk.log.require_places(source)
    if row["version"] != version:
        raise stale(f"{source} has version {row['version']} now; look at it", {"source": row})
    require_same_state(
        shown, state_digest(row), f"{source} is another now; look at it", {"source": row}
    )
    if not may_mark_furniture(desk, role, source):
        raise RequestError(
            CLOSED, f"others code {source}, or it is sealed; ask who decides to mark furniture"
        )
    ranges = furniture_ranges(places, given)
    if ranges == [{**part} for part in row["furniture"] or ()]:
        raise RequestError(INVALID, "nothing is changed")
    inside = [span for span in _coded_spans(desk, role, source) if _touches(span, ranges)]
    if inside:
        start, end = min(inside)
        quote = places.quote(start, end)
        raise RequestError(
            INVALID,
            f"{len(inside)} of the passages that are coded lie in page furniture then, the first "
            f"“{quote[:60]}”; take the claim away first, or mark less",
        )
    if not reason.strip():
        if source in desk.log.sealed_log.ids(SOURCES):
            raise RequestError(MALFORMED, "the source is sealed; say why it is amended")
        reason = BY_HAND
    change, texts = {"furniture": ranges}, desk.log.texts
    versions = {(SOURCES, source): version}
    try:
        amended = amend(
            *(desk.package, SOURCES, source, change, reason, role.name, texts, desk.today),
            versions=versions,
        )
    except ChangedMeanwhileError as error:
        raise stale(str(error), {"source": desk.log.source(source)}) from error
    return int(amended["version"])


def _coded_spans(desk: Desk, role: Role, source: str) -> Iterable[tuple[int, int]]:
    """Yield the passages of a source that are coded at the desk, as far as a role may see them."""
    works = desk.work_folder.summaries(source)
    if not role.decides:
        works = [work for work in works if work.coder == role.name]
    elif not all_finished(works):
        works = []  # who codes is told by the rules what lies in furniture
    for work in works:
        for value in desk.work_folder.work(work.coder, source).drafts().values():
            yield value["start"], value["end"]
    for verdict in desk.decisions(source).verdicts().values() if role.decides else ():
        if own := verdict.get("value"):
            yield own["start"], own["end"]


def _touches(span: tuple[int, int], ranges: Iterable[Mapping[str, Any]]) -> bool:
    return any(span[0] < part["end"] and part["start"] < span[1] for part in ranges)


def source_claims(desk: Desk, source: str) -> Row:
    """Return the claims of a source in the log and the open batch, in the order of the text."""
    desk.log.source(source)
    sealed = {*desk.log.sealed_log.ids("claims")}
    own = [row for row in desk.log.entries("claims").values() if row["source_id"] == source]
    own.sort(key=lambda row: (row["start"], -row["end"]))
    return {
        "claims": [
            {
                "claim_id": row["claim_id"],
                "statement": row["statement"],
                "is_open": row["claim_id"] not in sealed,
            }
            for row in own
        ]
    }
