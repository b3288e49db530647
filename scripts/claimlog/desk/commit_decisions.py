"""From decisions to rows: registers, codings and claims of a text go to the open batch together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from claimlog.desk.adjudication_view import Adjudication, decided_claims, decided_findings
from claimlog.desk.blindness import finished_summaries
from claimlog.desk.coder_agreement import all_entries
from claimlog.desk.coding_rows import CODINGS, coding_rows
from claimlog.desk.draft_findings import same_codings
from claimlog.desk.entity_rows import claim_values
from claimlog.desk.entry_clashes import clashing_entries
from claimlog.desk.journal import StaleError
from claimlog.desk.overview import coder_of
from claimlog.desk.request_error import CLOSED, INVALID, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.row_references import CLAIMS, SPAN, Name
from claimlog.desk.saved_decisions import COMMITTED, COMMITTING
from claimlog.desk.work import Work
from claimlog.edit.add_amend_retract import Addition
from claimlog.edit.add_together import Part, add_together
from claimlog.errors import ClaimlogError

Row = dict[str, Any]


def commit_decisions(
    adjudication: Adjudication, role: Role, state: int, codings_only: bool = False
) -> None:
    """Add the rows of a decided text to the open batch: all of them, or none.

    A commit that was cut off is finished by another: what is there already is not added again. One
    that is refused leaves the decisions as they were.

    Parameters
    ----------
    state
        The state of the decisions that is committed; one that was cut off has its own.
    codings_only
        Whether to add what each coder coded, for agreement, and no claims: as of a text that has
        claims already.

    Raises
    ------
    RequestError
        If a passage is undecided, a rule is broken, or a coder is not registered.
    FindingsError
        If the log would break a rule.
    """
    desk, decisions = adjudication.desk, adjudication.decisions
    if decisions.is_committed:
        raise RequestError(CLOSED, f"{adjudication.source} is committed already")
    _require_coders(adjudication, role)
    if decisions.is_committing:
        begun = decisions.journal.marks[COMMITTING]
    else:
        coders = [work.coder for work in adjudication.works]
        number = _next_pass(adjudication)
        begun = {"pass": number, "codings_only": codings_only, "coders": coders}
        _begin(adjudication, begun, state)
    try:
        claims = {} if begun["codings_only"] else decided_claims(adjudication)
        parts = [*_parts(adjudication, role, claims)]
        additions = add_together(desk.package, parts, desk.log.texts, desk.today)
    except ClaimlogError:
        if not _is_added(adjudication, begun["pass"]):
            decisions.journal.set_marks({COMMITTING: None})
        raise
    names = _claim_names(claims, parts, additions)
    decisions.journal.mark(COMMITTED, {"claims": names})


def _begin(adjudication: Adjudication, begun: Row, state: int) -> None:
    """Mark that a commit begins, after which nobody else begins to code, and nothing is decided."""
    decisions, folder = adjudication.decisions, adjudication.desk.work_folder
    if decisions.journal.state != state:
        raise adjudication.stale()
    if not begun["codings_only"]:
        _require_decided(adjudication)
    with folder.works_lock():
        coders = [work.coder for work in finished_summaries(folder, adjudication.source)]
        if coders != [work.coder for work in adjudication.works]:
            raise adjudication.stale()
        try:
            decisions.journal.set_marks({**decisions.reopening.marks, COMMITTING: begun}, state)
        except StaleError as error:
            raise adjudication.stale() from error


def _require_decided(adjudication: Adjudication) -> None:
    """Refuse to make claims of what is not decided, breaks rules, or is of a text with claims."""
    source = adjudication.source
    if left := adjudication.open_units():
        names = [unit.name for unit in left]
        raise RequestError(INVALID, f"{len(left)} passages are not decided", units=names)
    claims = adjudication.desk.log.entries(CLAIMS).values()
    if any(row["source_id"] == source for row in claims):
        raise RequestError(
            INVALID, f"{source} has claims already: add the codings alone, and amend the claims"
        )
    found = decided_findings(adjudication)
    if found["errors"]:
        raise RequestError(INVALID, f"{found['errors']} findings are to be mended first", **found)


def _require_coders(adjudication: Adjudication, role: Role) -> None:
    for name in (*(work.coder for work in adjudication.works), role.name):
        if coder_of(adjudication.desk, name) is None:
            raise RequestError(
                INVALID, f"{name} is not in the register of coders; say there what {name} is first"
            )


def _next_pass(adjudication: Adjudication) -> int:
    """Return the number of the pass that these codings are: one more than those in the log."""
    rows = adjudication.desk.log.whole.rows(CODINGS)
    own = rows.filter(pl.col("source_id") == adjudication.source)["pass"]
    last = own.max()
    return int(str(last)) + 1 if last is not None else 1


def _is_added(adjudication: Adjudication, number: int) -> bool:
    """Whether the log holds the codings of all works as those of a pass; others' may be of it."""
    rows = adjudication.desk.log.whole.rows(CODINGS)
    is_own = (pl.col("source_id") == adjudication.source) & (pl.col("pass") == number)
    added = {*rows.filter(is_own).select("coder", *SPAN).iter_rows()}
    return added >= {
        (work.coder, *(draft[name] for name in SPAN))
        for work in adjudication.works
        for draft in work.drafts().values()
    }


def _parts(adjudication: Adjudication, role: Role, claims: dict[str, Row]) -> list[Part]:
    """Return the new rows by stream and author, those that others refer to first."""
    desk, entries = adjudication.desk, adjudication.entries
    definition = desk.log.definition
    text = adjudication.places.text
    number = adjudication.decisions.journal.marks[COMMITTING]["pass"]
    known = all_entries(adjudication)
    for work in adjudication.works:
        _require_different(adjudication, work)
    codings = {
        work.coder: coding_rows(
            definition,
            entries.drafts(work),
            known,
            text,
            {"coder": work.coder, "pass": number, "source_id": adjudication.source},
        )
        for work in adjudication.works
    }
    rows = [claim_values(adjudication.source, text, value) for value in claims.values()]
    all_codings = [row for own in codings.values() for row in own]
    new_entries = entries.entries_for({CLAIMS: rows, CODINGS: all_codings})
    if not _is_added(adjudication, number):  # else they are registered already
        _require_settled(adjudication, new_entries)
    registers: dict[str, list[Row]] = {}
    for stream, name in new_entries:
        key = definition.streams[stream].id
        registers.setdefault(stream, []).append({key: name, **entries.final[stream][name]})
    return [
        *(Part(stream, own, role.name) for stream, own in registers.items()),
        *(Part(CODINGS, own, coder) for coder, own in codings.items()),
        Part(CLAIMS, rows, role.name),
    ]


def _require_different(adjudication: Adjudication, work: Work) -> None:
    """Refuse a work that was finished with two claims of one passage, before that was refused."""
    drafts = work.drafts()
    for names in same_codings(adjudication.desk.log.definition, drafts):
        start, end = (drafts[names[0]][name] for name in SPAN)
        path = adjudication.desk.package.relative(work.journal.path)
        raise RequestError(
            INVALID,
            f"{work.coder} coded the passage at {start}-{end} {len(names)} times, and a pass has "
            f"one coding of it; move {path} away, and have the text coded anew",
        )


def _require_settled(adjudication: Adjudication, new_entries: Iterable[Name]) -> None:
    """Refuse to register one of several entries that have one identifier and differ."""
    clashes = clashing_entries(adjudication.desk, adjudication.entries, adjudication.decisions)
    for stream, name in new_entries:
        if coders := clashes.get((stream, name)):
            raise RequestError(
                INVALID,
                f"{name} of {stream} by {' and '.join(coders)}: another entry has that identifier "
                "and differs; say what becomes of it (proposed for the registers)",
            )


def _claim_names(
    claims: dict[str, Row], parts: list[Part], additions: list[Addition]
) -> dict[str, str]:
    """Return the identifier of the claim of each passage, new or there already."""
    addition = additions[parts.index(next(part for part in parts if part.stream == CLAIMS))]
    by_place = {
        (row["start"], row["end"], row["statement"]): row["claim_id"] for row in addition.rows
    }
    twice = iter(addition.duplicates)
    return {
        unit: by_place.get((value["start"], value["end"], value["statement"]))
        or next(twice).identifier
        for unit, value in claims.items()
    }
