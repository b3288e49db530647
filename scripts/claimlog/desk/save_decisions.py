"""Saves what the adjudicator decides of a text: verdicts, register entries, sides; undo, redo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from claimlog.desk.adjudication_view import NEW_PREFIX, Adjudication
from claimlog.desk.blindness import finished_summaries
from claimlog.desk.comparison import AGREED, Unit
from claimlog.desk.entry_clashes import clashing_entries
from claimlog.desk.entry_editing import remove_entry, require_new_identifier, save_entry
from claimlog.desk.journal import StaleError, stale
from claimlog.desk.request_error import ABSENT, CLOSED, INVALID, MALFORMED, RequestError
from claimlog.desk.row_references import CLAIMS, references, refers_to
from claimlog.desk.save_drafts import CHANGED_ELSEWHERE, claim_value, state_dict
from claimlog.desk.saved_decisions import (
    COMMITMENTS,
    LEFT,
    MOST_NOTE,
    NEW,
    PROPOSAL,
    REGISTERED_AS,
    RIGHT,
    SAME_AS,
    SIDES,
    TAKES,
    UNIT,
)
from claimlog.desk.work import require_few_drafts, require_few_passages
from claimlog.desk.work_folder import BEGIN_SECONDS

Row = dict[str, Any]


def decide(adjudication: Adjudication, name: str, given: Mapping[str, Any], base: int) -> Row:
    """Save a verdict on a passage, or take it off with ``take`` null.

    Raises
    ------
    RequestError
        If it is none, or was changed meanwhile; or if the passages of such verdicts are too long.
    """
    decisions = adjudication.decisions
    decisions.require_open()
    unit = adjudication.unit(name)
    take, note = given.get("take"), given.get("note")
    if take is not None and take not in TAKES:
        raise RequestError(MALFORMED, f'"take" is one of {", ".join(TAKES)}, or null')
    if note is not None and not (isinstance(note, str) and len(note) <= MOST_NOTE):
        raise RequestError(MALFORMED, f'"note" is a text of at most {MOST_NOTE} characters')
    if (take == LEFT and not unit.left) or (take == RIGHT and not unit.right):
        raise RequestError(INVALID, "that side has not marked the passage")
    value = None
    if take is not None and name.startswith(NEW_PREFIX):
        added = [one for one in decisions.verdicts() if one.startswith(NEW_PREFIX)]
        require_few_drafts({*added, name})
    if take == NEW:
        verdicts = decisions.verdicts().items()
        made = {unit: own["value"] for unit, own in verdicts if own.get("value")}
        value = claim_value(adjudication.desk, adjudication.places, given.get("value") or {})
        require_few_passages({**made, name: value}.values())
        _require_clear_names(adjudication, value)
    is_kept = take or (note and not name.startswith(NEW_PREFIX))
    verdict = {"take": take, "value": value, "note": note or None} if is_kept else None
    key = f"{UNIT}{name}"
    try:
        _save_verdicts(adjudication, {key: verdict}, {key: base})
    except StaleError as error:
        raise stale(CHANGED_ELSEWHERE, _unit_answer(adjudication, name)) from error
    return _unit_answer(adjudication, name)


def _save_verdicts(adjudication: Adjudication, values: Row, base: Mapping[str, int]) -> None:
    """Save verdicts, and with the first of them which codings of whom they are on.

    Passages are named by drafts, and two coders' drafts may have one name: of other sides a verdict
    would be on what nobody looked at. One undo takes back both, and one redo brings both back.

    Raises
    ------
    StaleError, RequestError
        If they were changed meanwhile; or others are compared, or coded the text, since these were
        opened.
    """
    decisions = adjudication.decisions
    compared = {work.coder: work.commitment for work in adjudication.sides}
    with _works_as_opened(adjudication):
        if (decisions.chosen_sides, decisions.commitments) != ([*compared], compared):
            values = {**values, SIDES: [*compared], COMMITMENTS: compared}
        base = {**base, SIDES: adjudication.sides_revision}
        decisions.journal.change(values, base, decisions.reopening)


@contextmanager
def _works_as_opened(adjudication: Adjudication) -> Iterator[None]:
    """Keep the works on a text as they were when its adjudication was opened.

    Who begins to code waits, and is told that it is decided.

    Raises
    ------
    RequestError
        If they are others by now.
    """
    folder = adjudication.desk.work_folder
    with folder.works_lock(BEGIN_SECONDS):
        works = finished_summaries(folder, adjudication.source)
        if [one.commitment for one in works] != [one.commitment for one in adjudication.works]:
            raise adjudication.stale()
        yield


def _require_clear_names(adjudication: Adjudication, value: Row) -> None:
    """Refuse a claim that names an identifier which stands for several things."""
    desk, entries = adjudication.desk, adjudication.entries
    clashes = clashing_entries(desk, entries, adjudication.decisions)
    for stream, name in references(desk.log.definition, CLAIMS, value):
        if (stream, name) in clashes:
            raise RequestError(
                INVALID,
                f"{name[:80]} of {stream} is two entries that differ; say first what becomes of "
                "each (proposed for the registers)",
            )


def _require_not_named(adjudication: Adjudication, stream: str, name: str) -> None:
    """Refuse to rename an entry that a claim which was written while deciding names."""
    definition, decisions = adjudication.desk.log.definition, adjudication.decisions
    rows = [(CLAIMS, one["value"]) for one in decisions.verdicts().values() if one.get("value")]
    rows += [(entry.stream, entry.value) for entry in decisions.entries()]
    if any(refers_to(definition, table, row, (stream, name)) for table, row in rows):
        raise RequestError(
            INVALID,
            f"{name[:80]} is named by a claim or an entry that was written while deciding; open "
            "that again first, and write it anew afterwards",
        )


def _unit_answer(adjudication: Adjudication, name: str) -> Row:
    unit = adjudication.unit(name)
    return {
        **state_dict(adjudication.decisions.journal),
        "open": len(adjudication.open_units()),
        "unit": adjudication.unit_dict(unit),
    }


def accept_agreed(adjudication: Adjudication, state: int) -> None:
    """Take what both coded alike, wherever nothing is decided yet; one undo takes it back."""
    decisions = adjudication.decisions
    decisions.require_open()
    _require_state(adjudication, state)
    values = _left_taken(adjudication, [u for u in adjudication.open_units() if u.kind == AGREED])
    if values:
        _take_left(adjudication, values)


def take_all(adjudication: Adjudication, state: int) -> None:
    """Take over a text that only one has coded.

    Raises
    ------
    RequestError
        If two are compared.
    """
    adjudication.decisions.require_open()
    _require_state(adjudication, state)
    if len(adjudication.sides) != 1:
        raise RequestError(INVALID, "two codings are compared; decide where they differ")
    values = _left_taken(adjudication, adjudication.open_units())
    if values:
        _take_left(adjudication, values)


def _take_left(adjudication: Adjudication, values: Row) -> None:
    base = {key: adjudication.decisions.journal.cell(key).revision for key in values}
    try:
        _save_verdicts(adjudication, values, base)
    except StaleError as error:
        raise adjudication.stale() from error


def _left_taken(adjudication: Adjudication, units: Iterable[Unit]) -> Row:
    """Return cells that take the left side of passages; a note that was written before stays."""
    verdicts = adjudication.decisions.verdicts()
    notes = {unit.name: (verdicts.get(unit.name) or {}).get("note") for unit in units}
    return {
        f"{UNIT}{name}": {"take": LEFT, "value": None, "note": note} for name, note in notes.items()
    }


def choose_sides(adjudication: Adjudication, names: list[Any], state: int) -> None:
    """Choose whose codings are compared, before anything is decided.

    Raises
    ------
    RequestError
        If they are not one or two of those who finished, or something is decided.
    """
    decisions = adjudication.decisions
    decisions.require_open()
    _require_state(adjudication, state)
    known = [work.coder for work in adjudication.works]
    if not 1 <= len(names) <= 2 or any(name not in known for name in names):
        raise RequestError(INVALID, f"one or two of {', '.join(known)} are compared")
    if decisions.verdicts():
        raise RequestError(CLOSED, "passages are decided or have notes; take that back first")
    _change(adjudication, {SIDES: sorted(set(names))}, {})


def settle_proposal(
    adjudication: Adjudication,
    coder: str,
    stream: str,
    name: str,
    same_as: str | None,
    registered_as: str | None,
    base: int,
) -> None:
    """Say what becomes of a coder's entry; without either it is registered as it is.

    Parameters
    ----------
    same_as
        An entry that is registered, or another coder's as ``CODER/ID``.
    registered_as
        Another identifier for it, which nothing has.

    Raises
    ------
    RequestError
        If there is no such entry, nothing of that name to be the same as, or that identifier is
        none or is taken.
    """
    decisions = adjudication.decisions
    decisions.require_open()
    made = {
        (work.coder, entry.stream, entry.identifier)
        for work in adjudication.works
        for entry in work.entries()
    }
    if (coder, stream, name) not in made:
        raise RequestError(ABSENT, f"{coder} made no entry {name[:80]} of {stream[:80]}")
    key = f"{coder}/{stream}/{name}"
    _require_not_named(adjudication, stream, adjudication.entries.final_name(coder, stream, name))
    value: Row | None = None
    if same_as is not None:
        other, slash, rest = same_as.partition("/")
        own = decisions.entry_rows().get(stream, {})
        is_known = (
            ((other, stream, rest) in made and f"{other}/{stream}/{rest}" != key)
            if slash
            else other in adjudication.desk.log.entries(stream) or other in own
        )
        if not is_known:
            raise RequestError(INVALID, f"there is nothing called {same_as[:80]} to be the same")
        value = {SAME_AS: same_as}
    elif registered_as is not None:
        table = adjudication.desk.log.definition.streams[stream]
        require_new_identifier(adjudication.desk, table, registered_as)
        if registered_as in adjudication.entries.final.get(stream, {}):
            raise RequestError(INVALID, f"{registered_as[:80]} is another entry's; give a new one")
        value = {REGISTERED_AS: registered_as}
    _change(adjudication, {f"{PROPOSAL}{key}": value}, {f"{PROPOSAL}{key}": base})


def save_own_entry(
    adjudication: Adjudication, stream: str, name: str, value: Row, base: int
) -> Row:
    """Save an entry of a register that is made while deciding; raises as for a coder's."""
    decisions = adjudication.decisions
    decisions.require_open()
    marks = decisions.reopening
    return save_entry(adjudication.desk, decisions, stream, name, value, base, marks)


def remove_own_entry(adjudication: Adjudication, stream: str, name: str, base: int) -> Row:
    """Remove an entry that was made while deciding, unless something names it.

    Claims that were written while deciding may, and proposals that are the same as it.
    """
    decisions = adjudication.decisions
    decisions.require_open()
    verdicts = decisions.verdicts().items()
    claims = {unit: verdict["value"] for unit, verdict in verdicts if verdict.get("value")}
    settled = decisions.settled_entries()
    same = [
        proposal
        for work in adjudication.works
        for entry in work.entries()
        if entry.stream == stream
        and settled.get(proposal := f"{work.coder}/{stream}/{entry.identifier}", {}).get(SAME_AS)
        == name
    ]
    desk, marks = adjudication.desk, decisions.reopening
    return remove_entry(desk, decisions, claims, stream, name, base, marks, same)


def step_decisions(adjudication: Adjudication, state: int, again: bool) -> None:
    """Take the last decision back, or make it again.

    Raises
    ------
    RequestError
        If there is none, something was changed meanwhile, or verdicts would come back that are on
        codings which are not here any more.
    """
    decisions = adjudication.decisions
    decisions.require_open()
    _require_state(adjudication, state)  # the step is looked at that is made in this state
    journal = decisions.journal
    with _works_as_opened(adjudication):
        if gone := decisions.gone_codings(adjudication.works, journal.step_values(again)):
            raise RequestError(
                CLOSED,
                f"verdicts would come back on the coding of {', '.join(gone)}, which is not here "
                "any more; decide anew",
            )
        try:
            (journal.redo if again else journal.undo)(state, decisions.reopening)
        except StaleError as error:
            raise adjudication.stale() from error


def _change(adjudication: Adjudication, values: Row, base: Mapping[str, int]) -> None:
    try:
        decisions = adjudication.decisions
        decisions.journal.change(values, base, decisions.reopening)
    except StaleError as error:
        raise adjudication.stale() from error


def _require_state(adjudication: Adjudication, state: int) -> None:
    if adjudication.decisions.journal.state != state:
        raise adjudication.stale()
