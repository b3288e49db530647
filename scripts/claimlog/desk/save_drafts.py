"""Saves what a coder drafts, as the pages send it, and answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.desk.desk import Desk
from claimlog.desk.draft_findings import coding_findings, error_count
from claimlog.desk.draft_values import clean_row
from claimlog.desk.journal import NO_MARKS, Journal, MarkChange, StaleError, stale
from claimlog.desk.places import Places, require_same_text
from claimlog.desk.request_error import ABSENT, INVALID, MALFORMED, RequestError
from claimlog.desk.row_references import CLAIMS, COMPUTED, REQUESTED
from claimlog.desk.work import DRAFT, Work, require_draft_name
from claimlog.edit.row_inputs import REQUESTED_PASSAGE

Row = dict[str, Any]
CHANGED_ELSEWHERE = "this was changed in another window; look at what is there now"


def work_dict(desk: Desk, work: Work) -> Row:
    """Return a whole work as answers hold it."""
    places = desk.log.require_places(work.source)
    return {
        "source_id": work.source,
        "text_sha256": places.text.sha256,
        "coder": work.coder,
        "finished": work.is_finished,
        "commitment": work.commitment,
        **state_dict(work.journal),
        "drafts": [draft_dict(work, places, name) for name in work.drafts()],
        "registered": [entry.as_dict() for entry in work.entries()],
    }


def state_dict(journal: Journal) -> Row:
    return {
        "state": journal.state,
        "file": journal.name,
        "can_undo": journal.can_undo,
        "can_redo": journal.can_redo,
        "undo_by": journal.undo_by,
        "redo_by": journal.redo_by,
    }


def is_of_file(journal: Journal, shown: str | None) -> bool:
    """Whether the states and revisions that a page shows are of this journal.

    Another pass is saved in another file, in which numbers are the same again.

    Parameters
    ----------
    shown
        ``file`` of what the page shows; empty if nothing was there, as no number but 0 is of that;
        None of who takes whatever is there.
    """
    return shown in (None, "", journal.name)


def require_shown_work(desk: Desk, work: Work, shown: str | None, draft: str | None) -> None:
    """Refuse a change from a page that shows a work of another pass.

    Parameters
    ----------
    shown
        As for `is_of_file`.
    draft
        The draft that is to be changed, if it is one.

    Raises
    ------
    RequestError
        If it does; `current` is what is there.
    """
    if is_of_file(work.journal, shown):
        return
    current = work_dict(desk, work)
    if draft is not None:
        current |= {"draft": draft_dict(work, desk.log.require_places(work.source), draft)}
    raise stale(CHANGED_ELSEWHERE, current)


def draft_dict(work: Work, places: Places, name: str) -> Row | None:
    """Return a draft as answers hold it; None if it was removed."""
    cell = work.cell(f"{DRAFT}{name}")
    return None if cell.value is None else draft_view(places, name, cell.revision, cell.value)


def draft_view(places: Places, name: str, revision: int, value: Mapping[str, Any]) -> Row:
    start, end = value["start"], value["end"]
    return {
        "draft": name,
        "rev": revision,
        "span": places.as_dict(start, end),
        "quote": places.quote(start, end),
        "value": dict(value),
    }


def claim_value(desk: Desk, places: Places, given: Mapping[str, Any]) -> Row:
    """Return the columns of a claim that a page gives, with the span of words that it means.

    What stands in a column that was retired or removed since it was typed stays with the draft, for
    who looks at that; nothing is made of it (`in_use`).

    Raises
    ------
    RequestError
        If a value cannot be one of its column, or the span is none, or of another text.
    """
    table = desk.log.definition.streams[CLAIMS]
    if taken := [name for name in REQUESTED_PASSAGE if name in table.in_use]:
        raise RequestError(
            INVALID,
            f'claims have a column "{taken[0]}", and by that name the desk is told of a passage; '
            f"rename the column in schemas/{CLAIMS}.json, as a new version of it",
        )
    require_same_text(given.get("text_sha256"), places.text.sha256)
    start, end = places.requested_span(given)
    rest = {name: value for name, value in given.items() if name not in REQUESTED}
    if taken := sorted(COMPUTED[CLAIMS] & {*rest}):
        raise RequestError(MALFORMED, f"{taken[0]} is computed here; leave it out")
    clean = clean_row(table, desk.log.present_rows(CLAIMS), rest)
    return {**clean, "start": start, "end": end}


def save_draft(desk: Desk, work: Work, name: str, given: Mapping[str, Any], base: int) -> Row:
    """Save a draft, durably, and return what is there then.

    Raises
    ------
    RequestError
        If it cannot be saved, or was changed meanwhile; `current` is what is there.
    """
    places = desk.log.require_places(work.source)
    value = claim_value(desk, places, given)
    name = require_draft_name(name)
    with desk.beginning(work, places.text.sha256) as marks:
        _save(work, places, name, value, base, marks)
    return draft_answer(work, places, name)


def remove_draft(desk: Desk, work: Work, name: str, base: int) -> Row:
    """Remove a draft; raises as `save_draft` does."""
    places = desk.log.require_places(work.source)
    _save(work, places, require_draft_name(name), None, base)
    return draft_answer(work, places, name)


def _save(
    work: Work,
    places: Places,
    name: str,
    value: Row | None,
    base: int,
    marks: MarkChange = NO_MARKS,
) -> None:
    try:
        work.save(f"{DRAFT}{name}", value, base, marks)
    except StaleError as error:
        raise stale(CHANGED_ELSEWHERE, draft_answer(work, places, name)) from error


def draft_answer(work: Work, places: Places, name: str) -> Row:
    return {**state_dict(work.journal), "draft": draft_dict(work, places, name)}


def step_back(desk: Desk, work: Work, state: int, again: bool) -> Row:
    """Take the last change back, or make it again, and return the whole work.

    Raises
    ------
    RequestError
        If there is none, something was changed meanwhile, or others decided a text of which nothing
        is here.
    """
    work.require_unfinished()
    desk.log.require_places(work.source)  # the answer rests on it: indexed before, not after
    try:
        with desk.beginning(work):
            (work.journal.redo if again else work.journal.undo)(state)
    except StaleError as error:
        raise stale(CHANGED_ELSEWHERE, work_dict(desk, work)) from error
    return work_dict(desk, work)


def work_findings(desk: Desk, work: Work, draft: str | None = None) -> Row:
    """Return the findings of a work, or of one draft of it.

    Those of a work are computed once for as long as it and the log stay.

    Raises
    ------
    RequestError
        If there is no such draft.
    """
    version = (work.source, work.journal.version, desk.log.version)  # before what is of it
    drafts, entries = work.drafts(), work.entry_rows()
    if draft is not None:
        if draft not in drafts:
            raise RequestError(ABSENT, f"there is no draft {draft[:40]}")
        return findings_dict(coding_findings(desk.log, work.source, drafts, entries, draft))
    desk.log.require_places(work.source)
    return desk.computed.get(
        f"findings of {work.coder}",
        version,
        lambda: findings_dict(coding_findings(desk.log, work.source, drafts, entries)),
    )


def findings_dict(found: Mapping[str, list[Row]]) -> Row:
    """Return the findings of those drafts that have any, and how many are errors."""
    return {
        "findings": {name: own for name, own in found.items() if own},
        "errors": error_count(found),
    }


def finish(desk: Desk, work: Work, state: int) -> Row:
    """Declare a work finished, for good.

    Raises
    ------
    RequestError
        If it is empty, a rule is broken, or something was changed meanwhile.
    """
    work.require_unfinished()
    if work.journal.state != state:
        raise stale(CHANGED_ELSEWHERE, work_dict(desk, work))
    if not work.drafts():
        raise RequestError(INVALID, "nothing is coded here")
    found = work_findings(desk, work)
    if found["errors"]:
        raise RequestError(INVALID, f"{found['errors']} findings are to be mended first", **found)
    try:
        work.finish(state)
    except StaleError as error:
        raise stale(CHANGED_ELSEWHERE, work_dict(desk, work)) from error
    return work_dict(desk, work)
