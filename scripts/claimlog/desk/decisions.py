"""What is decided of a text whose coders have finished: passages, entries of registers, links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from claimlog.desk.cell_state import Values
from claimlog.desk.request_error import CLOSED, RequestError
from claimlog.desk.saved_cells import Marks
from claimlog.desk.saved_work import SavedWork

UNIT, PROPOSAL, LINK, SIDES = "unit/", "proposal/", "link/", "sides"
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

    def look_for_rows(self, holds_codings: Callable[[str, int], bool]) -> None:
        """Note whether what was committed is there still.

        Parameters
        ----------
        holds_codings
            Whether the log, with the open batch, holds codings of a pass of a source. They may be
            others', added since ours were dropped, which is noted with the decisions.
        """
        number = self.committed_pass
        self.rows_are_gone = number is not None and (
            DROPPED in self.cells.marks or not holds_codings(self.source, number)
        )

    @staticmethod
    def cell_fits(key: str, value: Any) -> bool:
        if key == SIDES:
            return isinstance(value, list) and all(isinstance(name, str) for name in value)
        if key.startswith(UNIT):
            return isinstance(value, dict) and value.get("take") in (None, *TAKES)
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
            return isinstance(data, dict) and type(data.get("pass")) is int
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

    def reopen(self) -> None:
        """Take back that the text is committed, or being committed."""
        for mark in (COMMITTED, COMMITTING, DROPPED):
            self.cells.unmark(mark)
        self.rows_are_gone = False

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
        """Refuse a change of what is committed; of which the rows were dropped is open again.

        Raises
        ------
        RequestError
            If it is; or is being committed, which has to be finished first.
        """
        if self.is_committed:
            raise RequestError(CLOSED, self._is_committed_already)
        if self.is_committing:
            raise RequestError(CLOSED, self._was_being_committed)
        if self.rows_are_gone:
            self.reopen()
