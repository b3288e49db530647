"""From decisions to rows: registers, codings and claims of a text go to the open batch together."""

from __future__ import annotations

from typing import Any

import polars as pl

from claimlog.desk.adjudication import Adjudication, decided_claims, decided_findings
from claimlog.desk.coder_agreement import all_entries
from claimlog.desk.coding_rows import CODINGS, coding_rows
from claimlog.desk.decisions import COMMITTED, COMMITTING
from claimlog.desk.entity_rows import claim_values
from claimlog.desk.overview import coder_of
from claimlog.desk.request_error import CLOSED, INVALID, RequestError
from claimlog.desk.roles import Role
from claimlog.desk.row_references import CLAIMS
from claimlog.desk.saved_cells import StaleError
from claimlog.edit.add_amend_retract import Addition
from claimlog.edit.add_together import Part, add_together

Row = dict[str, Any]


def commit_decisions(
    adjudication: Adjudication, role: Role, state: int, codings_only: bool = False
) -> None:
    """Add the rows of a decided text to the open batch: all of them, or none.

    A commit that was cut off is finished by another: what is there already is not added again.

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
    decisions = adjudication.decisions
    if decisions.is_committed:
        raise RequestError(CLOSED, f"{adjudication.source} is committed already")
    _require_coders(adjudication, role)
    if COMMITTING not in decisions.cells.marks:
        if decisions.cells.state != state:
            raise adjudication.stale()
        if not codings_only:
            _require_decided(adjudication)
        data = {"pass": _next_pass(adjudication), "codings_only": codings_only}
        try:
            decisions.cells.mark(COMMITTING, data, state)
        except StaleError as error:
            raise adjudication.stale() from error
    begun = decisions.cells.marks[COMMITTING]
    claims = {} if begun["codings_only"] else decided_claims(adjudication)
    parts = [*_parts(adjudication, role, claims)]
    additions = add_together(adjudication.desk.package, parts, adjudication.desk.log.texts)
    decisions.cells.mark(COMMITTED, {"claims": _claim_names(claims, parts, additions)})


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


def _parts(adjudication: Adjudication, role: Role, claims: dict[str, Row]) -> list[Part]:
    """Return the new rows by stream and author, those that others refer to first."""
    desk, entries = adjudication.desk, adjudication.entries
    definition = desk.log.definition
    text = adjudication.places.text
    number = adjudication.decisions.cells.marks[COMMITTING]["pass"]
    known = all_entries(adjudication)
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
    needed = entries.needed({CLAIMS: rows, CODINGS: all_codings}, adjudication.decisions)
    registers: dict[str, list[Row]] = {}
    for stream, name in needed:
        key = definition.streams[stream].id
        registers.setdefault(stream, []).append({key: name, **entries.final[stream][name]})
    return [
        *(Part(stream, own, role.name) for stream, own in registers.items()),
        *(Part(CODINGS, own, coder) for coder, own in codings.items()),
        Part(CLAIMS, rows, role.name),
    ]


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
