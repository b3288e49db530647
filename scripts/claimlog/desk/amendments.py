"""Amending a claim: its history, what would be written, and writing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.desk.desk import Desk
from claimlog.desk.draft_findings import draft_findings, error_count
from claimlog.desk.draft_values import clean_values
from claimlog.desk.journal import require_same_state, stale, state_digest
from claimlog.desk.request_error import ABSENT, INVALID, MALFORMED, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.row_references import CLAIMS, REQUESTED, SOURCES, SPAN
from claimlog.desk.save_drafts import claim_value
from claimlog.edit.add_amend_retract import ChangedMeanwhileError, amend
from claimlog.edit.entity_history import entity_history
from claimlog.log.version_changes import changed_cells
from claimlog.schema.table_schema import Table

Row = dict[str, Any]


def claim_history(desk: Desk, name: str) -> Row:
    """Return a claim with all its versions, and what each changed.

    Raises
    ------
    RequestError
        If there is none.
    """
    table = desk.log.definition.streams[CLAIMS]
    if name not in desk.log.entries(CLAIMS):
        raise RequestError(ABSENT, f"there is no claim {name[:80]}")
    _, versions, _ = entity_history(desk.package, name)
    last = versions[-1]
    places = desk.log.places(last["source_id"])
    sealed = {batch.number for batch in desk.log.whole.batches if batch.sealed}
    history = []
    before: Mapping[str, Any] = {}
    for row in versions:
        history.append(
            {
                **{key: row[key] for key in ("version", "action", "recorded_at", "recorded_by")},
                "reason": row["reason"],
                "is_open": row["batch"] not in sealed,
                "changes": shown_changes(table, before, row) if before else [],
            }
        )
        before = row
    return {
        "claim": {column: last[column] for column in table.names},
        "version": last["version"],
        "span": places.as_dict(last["start"], last["end"]) if places else None,
        "quote": places.quote(last["start"], last["end"]) if places else None,
        "history": history,
        "digest": state_digest(last, desk.log.source(last["source_id"])["text_sha256"]),
    }


def shown_changes(table: Table, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Row]:
    """Return what differs between two versions of an entity."""
    return [
        {"column": name, "before": old, "after": new}
        for name, (old, new) in changed_cells(table, before, after).items()
    ]


def amend_claim(
    desk: Desk,
    role: Role,
    name: str,
    version: int,
    changes: Row,
    reason: str,
    write: bool,
    shown: str | None = None,
) -> Row:
    """Amend a claim, or show what that would write.

    Parameters
    ----------
    shown
        What the page shows, as ``digest`` of `claim_history` says it.

    Raises
    ------
    RequestError
        If the claim was changed meanwhile, nothing changes, or no reason is given.
    FindingsError
        If the log would break a rule.
    """
    now = claim_history(desk, name)
    source = desk.log.source(now["claim"]["source_id"])
    if now["version"] != version:
        raise stale(f"{name} has version {now['version']} now; look at it", now)
    require_same_state(shown, now["digest"], f"{name} is another now; look at it", now)
    table = desk.log.definition.streams[CLAIMS]
    given = _changes(desk, table, now["claim"], changes)
    after = {**now["claim"], **given}
    changed = shown_changes(table, now["claim"], after)
    if not changed:
        raise RequestError(INVALID, "nothing is changed")
    value = {
        column: after[column] for column in (*table.in_use,) if after[column] not in (None, [])
    }
    value.pop("source_id")
    found = draft_findings(desk.log, now["claim"]["source_id"], {name: value}, {})
    answer = {
        "version": version + 1,
        "changes": changed,
        "findings": found[name],
        "errors": error_count(found),
        "written": False,
    }
    if not write:
        return answer
    if not reason.strip():
        raise RequestError(MALFORMED, "say why it is amended")
    versions = {(CLAIMS, name): version, (SOURCES, source["source_id"]): source["version"]}
    try:
        amend(
            *(desk.package, CLAIMS, name, given, reason, role.name, desk.log.texts, desk.today),
            versions=versions,
        )
    except ChangedMeanwhileError as error:
        raise stale(str(error), claim_history(desk, name)) from error
    return {**answer, "written": True}


def _changes(desk: Desk, table: Table, claim: Row, changes: Row) -> Row:
    """Return what changes, with nulls where a column is emptied."""
    spans = {name: changes[name] for name in REQUESTED if name in changes}
    rest = {name: value for name, value in changes.items() if name not in spans}
    given: Row = {}
    if spans:
        places = desk.log.require_places(claim["source_id"])
        found = claim_value(desk, places, spans)
        given |= {name: found[name] for name in SPAN}
    filled = clean_values(table, rest)
    empty: Row = {name: [] if table.by_name[name].type == "array" else None for name in rest}
    return {**given, **empty, **filled}
