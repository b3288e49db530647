"""A coder's changes of a work, as the pages make them, and how they are answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from claimlog.desk.desk import Desk
from claimlog.desk.draft_values import clean_values
from claimlog.desk.findings import draft_findings, error_count
from claimlog.desk.places import Places
from claimlog.desk.request_error import ABSENT, INVALID, MALFORMED, RequestError
from claimlog.desk.row_references import CLAIMS, SPAN, on_the_spot_streams, references
from claimlog.desk.saved_cells import SavedCells, StaleError, stale
from claimlog.desk.work import DRAFT, REGISTERED, Entry, Work, require_draft_name
from claimlog.schema.patterns import matches
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import COLUMNS as ANCHOR

Row = dict[str, Any]
CHANGED_ELSEWHERE = "this was changed in another window; look at what is there now"


def work_dict(desk: Desk, work: Work) -> Row:
    """Return a whole work as answers hold it."""
    places = desk.log.require_places(work.source)
    return {
        "source_id": work.source,
        "coder": work.coder,
        "finished": work.finished,
        "commitment": work.commitment,
        **state_dict(work.cells),
        "drafts": [draft_dict(work, places, name) for name in work.drafts()],
        "registered": [entry.as_dict() for entry in work.entries()],
    }


def state_dict(cells: SavedCells) -> Row:
    return {"state": cells.state, "can_undo": cells.can_undo, "can_redo": cells.can_redo}


def draft_dict(work: Work, places: Places, name: str) -> Row | None:
    """Return a draft as answers hold it; None if it was removed."""
    cell = work.cells.cell(f"{DRAFT}{name}")
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

    Raises
    ------
    RequestError
        If there is no such column, a value cannot be one, or the span is none.
    """
    start, end = places.requested_span(given)
    rest = {name: value for name, value in given.items() if name not in ("utf16", *SPAN)}
    if taken := sorted({"source_id", *ANCHOR} & {*rest}):
        raise RequestError(MALFORMED, f"{taken[0]} is computed here; leave it out")
    table = desk.log.definition.streams[CLAIMS]
    return {**clean_values(table, rest), "start": start, "end": end}


def save_draft(desk: Desk, work: Work, name: str, given: Mapping[str, Any], base: int) -> Row:
    """Save a draft, durably, and return what is there then.

    Raises
    ------
    RequestError
        If it cannot be saved, or was changed meanwhile; `current` is what is there.
    """
    places = desk.log.require_places(work.source)
    value = claim_value(desk, places, given)
    desk.begin(work)
    _save(work, places, require_draft_name(name), value, base)
    return draft_answer(work, places, name)


def remove_draft(desk: Desk, work: Work, name: str, base: int) -> Row:
    """Remove a draft; raises as `save_draft` does."""
    places = desk.log.require_places(work.source)
    _save(work, places, require_draft_name(name), None, base)
    return draft_answer(work, places, name)


def _save(work: Work, places: Places, name: str, value: Row | None, base: int) -> None:
    try:
        work.save(f"{DRAFT}{name}", value, base)
    except StaleError as error:
        raise stale(CHANGED_ELSEWHERE, draft_answer(work, places, name)) from error


def draft_answer(work: Work, places: Places, name: str) -> Row:
    return {**state_dict(work.cells), "draft": draft_dict(work, places, name)}


def step_back(desk: Desk, work: Work, state: int, again: bool) -> Row:
    """Take the last change back, or make it again, and return the whole work.

    Raises
    ------
    RequestError
        If there is none, or something was changed meanwhile.
    """
    work.require_unfinished()
    try:
        (work.cells.redo if again else work.cells.undo)(state)
    except StaleError as error:
        raise stale(CHANGED_ELSEWHERE, work_dict(desk, work)) from error
    return work_dict(desk, work)


# entries made on the spot


def save_entry(
    desk: Desk, cells: SavedCells, stream: str, name: str, given: Mapping[str, Any], base: int
) -> Row:
    """Save an entry of a register that only its coder sees until the text is decided.

    Raises
    ------
    RequestError
        If it cannot be one, is registered already, or was changed meanwhile.
    """
    table = spot_table(desk, stream)
    values = clean_values(table, given, beside=(table.id,))
    values.pop(table.id, None)
    require_new_identifier(desk, table, name)
    return _save_entry(cells, stream, name, values, base)


def remove_entry(
    desk: Desk, cells: SavedCells, values: Mapping[str, Row], stream: str, name: str, base: int
) -> Row:
    """Remove an entry made on the spot, unless something names it.

    Parameters
    ----------
    values
        What may name it: drafts of claims, by name.
    """
    spot_table(desk, stream)
    users = [draft for draft, value in values.items() if uses(desk, CLAIMS, value, stream, name)]
    for key, cell in cells.items(REGISTERED):
        other, _, identifier = key.partition("/")
        if (other, identifier) != (stream, name) and uses(desk, other, cell.value, stream, name):
            users.append(key)
    if users:
        raise RequestError(INVALID, f"{name} is named by {len(users)} of yours", used_by=users)
    return _save_entry(cells, stream, name, None, base)


def _save_entry(cells: SavedCells, stream: str, name: str, value: Row | None, base: int) -> Row:
    key = f"{REGISTERED}{stream}/{name}"
    try:
        cells.change({key: value}, {key: base})
    except StaleError as error:
        raise stale(CHANGED_ELSEWHERE, _entry_answer(cells, stream, name)) from error
    return _entry_answer(cells, stream, name)


def _entry_answer(cells: SavedCells, stream: str, name: str) -> Row:
    cell = cells.cell(f"{REGISTERED}{stream}/{name}")
    entry = Entry(stream, name, cell.revision, cell.value).as_dict() if cell.value else None
    return {**state_dict(cells), "entry": entry}


def spot_table(desk: Desk, stream: str) -> Table:
    """Return the schema of a register of which entries are made on the spot.

    Raises
    ------
    RequestError
        If the stream is none.
    """
    if stream not in on_the_spot_streams(desk.log.definition):
        raise RequestError(ABSENT, f"no entries of {stream[:80]} are made while coding")
    return desk.log.definition.streams[stream]


def require_new_identifier(desk: Desk, table: Table, name: str) -> None:
    pattern = table.by_name[table.id].constraints.get("pattern")
    if pattern and not pl.select(matches(pl.lit(name), str(pattern))).item():
        raise RequestError(INVALID, f'"{name[:80]}" does not match the pattern {pattern}')
    if name in desk.log.entries(table.name):
        raise RequestError(INVALID, f"{name} is registered already; choose it, or another name")


def uses(desk: Desk, stream: str, value: Mapping[str, Any], target: str, name: str) -> bool:
    """Whether a row refers to an entry."""
    return (target, name) in references(desk.log.definition, stream, value)


def usage(desk: Desk, drafts: Mapping[str, Row], stream: str) -> Counter[str]:
    """Return how often drafts refer to the entries of a stream."""
    return Counter(
        name
        for value in drafts.values()
        for target, name in references(desk.log.definition, CLAIMS, value)
        if target == stream
    )


# finishing


def work_findings(desk: Desk, work: Work, draft: str | None = None) -> Row:
    """Return the findings of a work, or of one draft of it.

    Raises
    ------
    RequestError
        If there is no such draft.
    """
    drafts = work.drafts()
    if draft is not None:
        if draft not in drafts:
            raise RequestError(ABSENT, f"there is no draft {draft[:40]}")
        drafts = {draft: drafts[draft]}
    found = draft_findings(desk.log, work.source, drafts, work.entry_rows())
    return findings_dict(found)


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
    if work.cells.state != state:
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
