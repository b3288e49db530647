"""What is decided of a text whose coders have finished: passages, entries of registers, links."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from claimlog.desk.cell_state import Values
from claimlog.desk.coding_rows import Added
from claimlog.desk.request_error import CLOSED, RequestError
from claimlog.desk.saved_cells import Marks
from claimlog.desk.saved_work import SavedWork
from claimlog.desk.work import is_span

UNIT, PROPOSAL, LINK, SIDES, CODINGS = "unit/", "proposal/", "link/", "sides", "codings"
SAME_AS, REGISTERED_AS = "same_as", "registered_as"
COMMITTING, COMMITTED, DROPPED = "committing", "committed", "dropped"
LEFT, RIGHT, NEW, NONE = "left", "right", "new", "none"
TAKES = (LEFT, RIGHT, NEW, NONE)

Row = dict[str, Any]


class Decisions(SavedWork):
    """Decisions on one source, saved as a coder's work is.

    Attributes
    ----------
    cells
        A passage is a cell, and so is what becomes of a coder's entry of a register, an entry that
        was made while deciding, and a pair of claims that is not linked.
    rows_are_gone
        Whether what was committed was dropped out of the open batch again.
    """

    rows_are_gone = False

    def as_seen(self, added: Added) -> Decisions:
        """Return these decisions for one request, which knows whether their rows are there still.

        Parameters
        ----------
        added
            What the log, with the open batch, holds of sources.
        """
        seen = copy(self)
        seen.rows_are_gone = self.committed_pass is not None and (
            DROPPED in self.cells.marks or not self._are_there(added)
        )
        return seen

    def _are_there(self, added: Added) -> bool:
        """Whether codings or claims that were committed are there.

        Others may have added codings of the same pass, which coders' names tell from ours; or since
        ours were dropped, which is noted then.
        """
        marks = self.cells.marks
        coders, number = marks[COMMITTING].get("coders"), marks[COMMITTING]["pass"]
        codings = (
            (coder, source, one)
            for coder, source, one in added.passes
            if coders is None or coder in coders
        )
        return any((source, one) == (self.source, number) for _, source, one in codings) or any(
            claim in added.claims for claim in marks[COMMITTED]["claims"].values()
        )

    @staticmethod
    def cell_fits(key: str, value: Any) -> bool:
        if key == SIDES:
            return isinstance(value, list) and all(isinstance(name, str) for name in value)
        if key == CODINGS:
            return isinstance(value, dict)
        if key.startswith(UNIT):
            return isinstance(value, dict) and _is_verdict(value)
        if key.startswith(PROPOSAL):
            return isinstance(value, dict) and (
                isinstance(value.get(SAME_AS), str) or isinstance(value.get(REGISTERED_AS), str)
            )
        if key.startswith(LINK):
            return isinstance(value, dict)
        return SavedWork.cell_fits(key, value)

    @staticmethod
    def mark_fits(name: str, data: Any) -> bool:
        if name == COMMITTING:
            return (
                isinstance(data, dict)
                and type(data.get("pass")) is int
                and isinstance(data.get("codings_only"), bool)
                and isinstance(data.get("coders"), list | None)
            )
        return name != COMMITTED or (
            isinstance(data, dict)
            and isinstance(data.get("claims"), dict)
            and all(isinstance(claim, str) for claim in data["claims"].values())
        )

    @property
    def is_committed(self) -> bool:
        """Whether the rows are in the open batch, or in the log."""
        return COMMITTED in self.cells.marks and not self.rows_are_gone

    @property
    def committed_pass(self) -> int | None:
        """The pass whose codings were committed, whether or not their rows are there still."""
        marks = self.cells.marks
        both = {COMMITTING, COMMITTED} <= marks.keys()
        return int(marks[COMMITTING]["pass"]) if both else None

    @property
    def is_committing(self) -> bool:
        """Whether a commit is under way, or was cut off: it is to be made again."""
        return COMMITTING in self.cells.marks and COMMITTED not in self.cells.marks

    @property
    def claims(self) -> Mapping[str, str]:
        """Identifier of the claim that was made of each passage; empty until it is committed."""
        return dict(self.cells.marks[COMMITTED]["claims"]) if self.is_committed else {}

    @property
    def commitments(self) -> Mapping[str, str]:
        """The commitments to the codings that verdicts and notes are on, by coder."""
        return dict(self.cells.cell(CODINGS).value or {})

    @property
    def chosen_sides(self) -> list[str] | None:
        """The coders who are compared; None where nobody chose."""
        value = self.cells.cell(SIDES).value
        return None if value is None else [*value]

    def verdicts(self) -> dict[str, Row]:
        return {name: cell.value for name, cell in self.cells.items(UNIT)}

    def settled_entries(self) -> dict[str, Row]:
        """Return what becomes of entries of coders, by ``CODER/STREAM/ID``.

        An entry is ``same_as`` another one, or is ``registered_as`` another identifier.
        """
        return {name: cell.value for name, cell in self.cells.items(PROPOSAL)}

    @property
    def reopening(self) -> Marks:
        """Marks to set with a change of decisions whose rows are gone, which are open again."""
        return dict.fromkeys((COMMITTED, COMMITTING, DROPPED)) if self.rows_are_gone else {}

    def closed(self, marks: Marks, values: Values, /) -> str | None:
        if COMMITTING not in marks or all(key.startswith(LINK) for key in values):
            return None
        done = COMMITTED in marks
        return self._is_committed_already if done else self._was_being_committed

    @property
    def _is_committed_already(self) -> str:
        return f"{self.source} is committed; amend its claims instead"

    @property
    def _was_being_committed(self) -> str:
        return f"{self.source} was being committed; commit it again first"

    def require_open(self) -> None:
        """Refuse a change of what is committed; what was dropped again is open (`reopening`).

        Raises
        ------
        RequestError
            If it is; or is being committed, which has to be finished first.
        """
        if self.is_committed:
            raise RequestError(CLOSED, self._is_committed_already)
        if self.is_committing:
            raise RequestError(CLOSED, self._was_being_committed)


def _is_verdict(value: Row) -> bool:
    """Whether a cell of a passage can have been saved: with a claim just where one is new."""
    claim = value.get("value")
    if value.get("take") == NEW:
        return isinstance(claim, dict) and is_span(claim.get("start"), claim.get("end"))
    return value.get("take") in (None, *TAKES) and claim is None
