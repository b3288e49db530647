"""What is saved of the decisions on a text: verdicts on passages, and register entries.

What a line of it can hold is told when it is read, too (`Decisions.cell_fits`): a key that
`save_decisions` writes has to be known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from claimlog.desk.coding_rows import CodedRows
from claimlog.desk.journal import MarkChange, Marks
from claimlog.desk.journal_state import Values
from claimlog.desk.request_error import CLOSED, RequestError
from claimlog.desk.row_references import CLAIMS
from claimlog.desk.saved_work import SavedWork
from claimlog.desk.work import Work, WorkSummary, is_claim
from claimlog.desk.work_folder import WorkFolder

UNIT, PROPOSAL = "unit/", "proposal/"
SIDES, COMMITMENTS = "sides", "codings"
SAME_AS, REGISTERED_AS = "same_as", "registered_as"
COMMITTING, COMMITTED, DROPPED = "committing", "committed", "dropped"
LEFT, RIGHT, NEW, NONE = "left", "right", "new", "none"
TAKES = (LEFT, RIGHT, NEW, NONE)
MOST_NOTE = 500
"""Characters of what somebody who decides notes about a passage."""

Row = dict[str, Any]


@dataclass(frozen=True)
class DecisionSummary:
    """How far the decisions on a source are.

    Attributes
    ----------
    marks
        As they are set in the journal.
    """

    source: str
    is_begun: bool
    marks: Marks

    def rows_are_gone(self, read_rows: Callable[[], CodedRows]) -> bool:
        """Whether what was committed was dropped out of the open batch again.

        Parameters
        ----------
        read_rows
            Reads what the log, with the open batch, holds.
        """
        return {COMMITTING, COMMITTED} <= self.marks.keys() and (
            DROPPED in self.marks or not self._are_among(read_rows())
        )

    def is_committed(self, read_rows: Callable[[], CodedRows]) -> bool:
        """Whether the rows are in the open batch, or in the log."""
        return COMMITTED in self.marks and not self.rows_are_gone(read_rows)

    def _are_among(self, rows: CodedRows) -> bool:
        """Whether some codings or claims that were committed are among rows.

        Others may have added codings of the same pass, which coders' names tell from ours; or since
        ours were dropped, which is noted then.
        """
        begun, done = (self.marks[name] for name in (COMMITTING, COMMITTED))
        there = rows.coders.get((self.source, begun["pass"]), set())
        coders = begun.get("coders")
        ours = there if coders is None else coders
        return not there.isdisjoint(ours) or not rows.claims.isdisjoint(done["claims"].values())


class Decisions(SavedWork):
    """Decisions on one source, saved as a coder's work is.

    Attributes
    ----------
    journal
        A passage is a cell, and so is what becomes of a coder's entry of a register, and an entry
        that was made while deciding.
    rows_are_gone
        Whether what was committed was dropped out of the open batch again.
    by
        Who changes them; empty of who only reads.
    """

    rows_are_gone = False
    by = ""
    _marks_line: int | None = None

    @classmethod
    def read(cls, folder: WorkFolder, source: str) -> Self:
        """Return the decisions on a source as they are saved.

        Raises
        ------
        ClaimlogError
            If they cannot be read.
        """
        decisions = cls(source, folder.decisions_path(source))
        decisions.journal.refresh()
        return decisions

    def as_of(self, read_rows: Callable[[], CodedRows]) -> Decisions:
        """Return these decisions for one request, which knows whether their rows are there still.

        Parameters
        ----------
        read_rows
            Reads what the log, with the open batch, holds. Marks are looked at first: a commit
            writes rows before it marks them.
        """
        copied = copy(self)
        # one after the other: of what is changed between them, this is no more the last line
        copied._marks_line = self.journal.marks_line
        copied.rows_are_gone = self.summary().rows_are_gone(read_rows)
        return copied

    def summary(self) -> DecisionSummary:
        return DecisionSummary(self.source, self.is_begun, self.journal.marks)

    @classmethod
    def cell_fits(cls, key: str, value: Any) -> bool:
        if key == SIDES:
            return _are_names(value)
        if key == COMMITMENTS:
            return isinstance(value, dict)
        if key.startswith(UNIT):
            return isinstance(value, dict) and cls._is_verdict(value)
        if key.startswith(PROPOSAL):
            return isinstance(value, dict) and (
                isinstance(value.get(SAME_AS), str) or isinstance(value.get(REGISTERED_AS), str)
            )
        return super().cell_fits(key, value)

    def present_value(self, key: str, value: Any) -> Any:
        if key.startswith(UNIT) and value.get("value"):
            return {**value, "value": self.present_row(CLAIMS, value["value"])}
        return super().present_value(key, value)

    @staticmethod
    def _is_verdict(value: Row) -> bool:
        """Whether a cell of a passage can have been saved: with a claim just where one is new."""
        claim, note = value.get("value"), value.get("note")
        if note is not None and not (isinstance(note, str) and len(note) <= MOST_NOTE):
            return False
        if value.get("take") == NEW:
            return is_claim(claim)
        return value.get("take") in (None, *TAKES) and claim is None

    @staticmethod
    def mark_fits(name: str, data: Any) -> bool:
        if name == COMMITTING:
            return (
                isinstance(data, dict)
                and type(data.get("pass")) is int
                and isinstance(data.get("codings_only"), bool)
                and (data.get("coders") is None or _are_names(data["coders"]))
            )
        return name != COMMITTED or (
            isinstance(data, dict)
            and isinstance(data.get("claims"), dict)
            and all(isinstance(claim, str) for claim in data["claims"].values())
        )

    @property
    def is_committed(self) -> bool:
        """Whether the rows are in the open batch, or in the log."""
        return COMMITTED in self.journal.marks and not self.rows_are_gone

    @property
    def is_committing(self) -> bool:
        """Whether a commit is under way, or was cut off: it is to be made again."""
        return COMMITTING in self.journal.marks and COMMITTED not in self.journal.marks

    @property
    def claims(self) -> Mapping[str, str]:
        """Identifier of the claim that was made of each passage; empty until it is committed."""
        return dict(self.journal.marks[COMMITTED]["claims"]) if self.is_committed else {}

    @property
    def commitments(self) -> Mapping[str, str]:
        """The commitments to the codings that verdicts and notes are on, by coder."""
        return dict(self.journal.cell(COMMITMENTS).value or {})

    @property
    def chosen_sides(self) -> list[str] | None:
        """The coders who are compared; None where nobody chose."""
        value = self.journal.cell(SIDES).value
        return None if value is None else [*value]

    def gone_codings(
        self, works: Iterable[Work | WorkSummary], step: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Return the coders of codings that are not here, and that verdicts or notes are on.

        Parameters
        ----------
        works
            Those that are here.
        step
            Values of cells that would be set before.
        """
        cells = {**{key: cell.value for key, cell in self.journal.items("")}, **(step or {})}
        if all(value is None for key, value in cells.items() if key.startswith(UNIT)):
            return []
        here = {work.coder: work.commitment for work in works}
        expected = cells.get(COMMITMENTS) or here
        names = cells.get(SIDES) or ()
        return [name for name in names if name not in here or here[name] != expected.get(name)]

    def verdicts(self) -> dict[str, Row]:
        return {name: cell.value for name, cell in self.cells(UNIT)}

    def settled_entries(self) -> dict[str, Row]:
        """Return what becomes of entries of coders, by ``CODER/STREAM/ID``.

        An entry is ``same_as`` another one, or is ``registered_as`` another identifier.
        """
        return {name: cell.value for name, cell in self.journal.items(PROPOSAL)}

    @property
    def reopening(self) -> MarkChange:
        """What goes with a change of decisions: who makes it, and marks to take off.

        Of decisions whose rows are gone, which are open again; only while they are those of the
        rows that are gone: they may be taken over meanwhile.
        """
        if not self.rows_are_gone:
            return MarkChange(by=self.by)
        gone = dict.fromkeys((COMMITTED, COMMITTING, DROPPED))
        return MarkChange(gone, self._marks_line, self.by)

    @classmethod
    def refusal(cls, source: str, marks: Marks, _values: Values, /) -> str | None:
        if COMMITTED in marks:
            return f"{source} is committed; amend its claims instead"
        if COMMITTING in marks:
            return f"{source} was being committed; commit it again first"
        return None

    def require_open(self) -> None:
        """Refuse a change of what is committed; what was dropped again is open (`reopening`).

        Raises
        ------
        RequestError
            If it is; or is being committed, which has to be finished first.
        """
        if not self.rows_are_gone and (why := self.refusal(self.source, self.journal.marks, {})):
            raise RequestError(CLOSED, why)


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)
