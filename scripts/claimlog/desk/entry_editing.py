"""Entries of registers that are made while coding or deciding, and are seen by nobody else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from claimlog.desk.desk import Desk
from claimlog.desk.draft_values import clean_values
from claimlog.desk.journal import NO_MARKS, MarkChange, StaleError, stale
from claimlog.desk.request_error import ABSENT, INVALID, MALFORMED, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.row_references import CLAIMS, on_the_spot_streams, refers_to
from claimlog.desk.save_drafts import CHANGED_ELSEWHERE, state_dict
from claimlog.desk.saved_work import REGISTERED, Entry, SavedWork
from claimlog.desk.work import require_few_entries
from claimlog.edit.identifier_numbers import numbered_identifiers_of
from claimlog.schema.pattern_matching import fits
from claimlog.schema.table_schema import Table

Row = dict[str, Any]


def save_entry(
    desk: Desk,
    saved: SavedWork,
    stream: str,
    name: str,
    given: Mapping[str, Any],
    base: int,
    marks: MarkChange = NO_MARKS,
) -> Row:
    """Save an entry of a register that only its coder sees until the text is decided.

    Parameters
    ----------
    marks
        What is noted with the first change of a work.

    Raises
    ------
    RequestError
        If it cannot be one, is registered already, or was changed meanwhile.
    """
    table = spot_table(desk, stream)
    values = clean_values(table, given, beside=(table.id,))
    values.pop(table.id, None)
    require_new_identifier(desk, table, name)
    return _save_entry(saved, stream, name, values, base, marks)


def remove_entry(
    desk: Desk,
    saved: SavedWork,
    values: Mapping[str, Row],
    stream: str,
    name: str,
    base: int,
    marks: MarkChange = NO_MARKS,
    users: Collection[str] = (),
) -> Row:
    """Remove an entry made on the spot, unless something names it.

    Parameters
    ----------
    values
        What may name it: drafts of claims, by name.
    users
        What else does.
    """
    spot_table(desk, stream)
    if saved.cell(f"{REGISTERED}{stream}/{name}").value is None:
        return _entry_answer(saved, stream, name)
    own, definition = (stream, name), desk.log.definition
    rows = [(draft, CLAIMS, value) for draft, value in values.items()]
    for entry in saved.entries():
        if (other := (entry.stream, entry.identifier)) != own:
            rows.append(("/".join(other), entry.stream, entry.value))
    named_by = [user for user, of, row in rows if refers_to(definition, of, row, own)]
    if used_by := [*named_by, *users]:
        raise RequestError(
            INVALID,
            f"{name} is named by {len(used_by)} of yours, as {used_by[0]}; take it out there first",
            used_by=used_by,
        )
    return _save_entry(saved, stream, name, None, base, marks)


def _save_entry(
    saved: SavedWork,
    stream: str,
    name: str,
    value: Row | None,
    base: int,
    marks: MarkChange = NO_MARKS,
) -> Row:
    key = f"{REGISTERED}{stream}/{name}"
    if value is not None:
        own = {REGISTERED + name: cell.value for name, cell in saved.cells(REGISTERED)}
        require_few_entries({**own, key: value}.values())
    cell = saved.cell(key)
    if base == 0 and cell.value is None:
        base = cell.revision  # it was taken back: a page sees none there
    try:
        saved.journal.change({key: value}, {key: base}, marks)
    except StaleError as error:
        raise stale(CHANGED_ELSEWHERE, _entry_answer(saved, stream, name)) from error
    return _entry_answer(saved, stream, name)


def _entry_answer(saved: SavedWork, stream: str, name: str) -> Row:
    cell = saved.cell(f"{REGISTERED}{stream}/{name}")
    entry = Entry(stream, name, cell.revision, cell.value).as_dict() if cell.value else None
    return {**state_dict(saved.journal), "entry": entry}


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


def next_number(desk: Desk, role: Role, table: Table, own: Collection[str]) -> str | None:
    """Return the identifier for a new entry of a register that is numbered; None of others.

    Coders do not see what others propose, so each has numbers of its own: every coder of the
    register takes its turn, and the numbers of two never meet.

    Parameters
    ----------
    own
        Identifiers of the entries that the role has proposed.
    """
    numbered = numbered_identifiers_of(table)
    if numbered is None:
        return None
    known = desk.log.entries(table.name)
    coders = desk.log.entries("coders") if "coders" in desk.log.definition.streams else {}
    names = sorted({*coders, *desk.roles, role.name})
    first = numbered.next_after(known) + names.index(role.name)
    turns = range(first, first + len(names) * (len(own) + 1), len(names))
    return next(name for n in turns if (name := numbered.identifier(n)) not in own)


def require_new_identifier(desk: Desk, table: Table, name: str) -> None:
    """Refuse what is no identifier of a register, or one that is there already."""
    require_identifier(table, name)
    if name in desk.log.entries(table.name):
        raise RequestError(INVALID, f"{name} is registered already; choose it, or another name")


def require_identifier(table: Table, name: object) -> None:
    """Refuse what is no identifier of a register.

    Raises
    ------
    RequestError
        If it is none.
    """
    if not isinstance(name, str):
        raise RequestError(MALFORMED, "an entry is named by text")
    pattern = table.by_name[table.id].constraints.get("pattern")
    if pattern and not fits(name, str(pattern)):
        raise RequestError(INVALID, f'"{name[:80]}" does not match the pattern {pattern}')
