"""What the lines of a file of `journal` add up to: cells, their undo and redo, and marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from claimlog.desk.journal_density import JournalDensity

SET, UNDO, REDO, MARK, MARKS, WHOLE = "set", "undo", "redo", "mark", "marks", "whole"
MARKS_LINE = "marks_line"
NAME, BY = "file", "by"
STEPS_BYTES = 1 << 20
"""Bytes of the last changes that can be taken back still when a file is written anew."""

STEPS = 20_000
"""Changes that can be taken back at most."""

Values = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A value and the revision that set it: the number of its line; None if it was removed."""

    revision: int
    value: Any


@dataclass(frozen=True)
class Step:
    """A change that can be taken back, or was.

    Attributes
    ----------
    by, undone_by
        Who made it, and who took it back; empty where that was not said.
    """

    before: Values
    after: Values
    by: str = ""
    undone_by: str = ""

    def as_list(self) -> list[Any]:
        return [self.before, self.after, self.by, self.undone_by]


@dataclass
class JournalState:
    """The cells after the lines that were applied.

    Attributes
    ----------
    density
        What the lines take in memory.
    settled
        Bytes of the first line, if the file was written anew with all that it held then; or of the
        file when that would not have made it shorter.
    seen
        Bytes of the file that were looked at, with a last line that was cut off.
    value_bytes
        Bytes of the values of all cells, as JSON.
    file, head
        Number and first bytes of the file.
    marks_line
        Number of the line that changed marks last.
    name
        Random name that the file began with, which stays when it is written anew; empty where
        nothing was saved, or before files had names.
    """

    file: int = 0
    head: bytes = b""
    name: str = ""
    count: int = 0
    density: JournalDensity = field(default_factory=JournalDensity)
    settled: int = 0
    seen: int = 0
    value_bytes: int = 0
    cells: dict[str, Cell] = field(default_factory=dict)
    undo: list[Step] = field(default_factory=list)
    redo: list[Step] = field(default_factory=list)
    marks: dict[str, Any] = field(default_factory=dict)
    marks_line: int = 0

    @property
    def size(self) -> int:
        """Bytes of the lines that were applied."""
        return self.density.size

    def apply(self, line: Mapping[str, Any], size: int) -> None:
        """Take up a line of so many bytes."""
        self.count += 1
        self.name = line.get(NAME, self.name)
        if MARK in line:
            self._mark({line[MARK]: line.get("data")})
        if WHOLE in line:
            self.settled, self.count, self.marks = size, line["count"], {}
            self._mark(line[MARKS])
            self.marks_line = line.get(MARKS_LINE, self.count)
            self.cells = {key: Cell(*cell) for key, cell in line[WHOLE].items()}
            self.value_bytes = sum(_json_bytes(cell.value) for cell in self.cells.values())
            self.undo = [Step(*step) for step in line[UNDO]]
            self.redo = [Step(*step) for step in line[REDO]]
            return
        self._mark(line.get(MARKS, {}))
        by = line.get(BY, "")
        if SET in line:
            after = line[SET]
            before = {key: self.value(key) for key in after}
            if len(self.undo) >= STEPS:
                del self.undo[: STEPS // 2]
            self.undo.append(Step(before, after, by))
            self.redo.clear()
            self._put(after)
        elif UNDO in line:
            step = replace(self.undo.pop(), undone_by=by)
            self.redo.append(step)
            self._put(step.before)
        elif REDO in line:
            step = self.redo.pop()
            self.undo.append(step)
            self._put(step.after)

    def as_line(self) -> dict[str, Any]:
        """Return a line that stands for all lines so far, but for changes of long ago."""
        cells = {key: cell for key, cell in self.cells.items() if cell.value is not None}
        return {
            "count": self.count,  # first: see `head`
            NAME: self.name,
            WHOLE: {key: [cell.revision, cell.value] for key, cell in cells.items()},
            MARKS: self.marks,
            MARKS_LINE: self.marks_line,
            UNDO: _latest(self.undo),
            REDO: _latest(self.redo),
        }

    def value(self, key: str) -> Any:
        cell = self.cells.get(key)
        return cell.value if cell else None

    def bytes_with(self, values: Values) -> int:
        """Return how many bytes the values of all cells would take with others."""
        more = (_json_bytes(value) - _json_bytes(self.value(key)) for key, value in values.items())
        return self.value_bytes + sum(more)

    def _mark(self, marks: Mapping[str, Any]) -> None:
        """Set marks, and take those off of which nothing is said."""
        if marks:
            self.marks, self.marks_line = with_marks(self.marks, marks), self.count

    def _put(self, values: Values) -> None:
        self.value_bytes = self.bytes_with(values)
        for key, value in values.items():
            self.cells[key] = Cell(self.count, value)


def with_marks(marks: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return marks with others set, and those taken off that are None there."""
    return {name: data for name, data in {**marks, **others}.items() if data is not None}


def _json_bytes(value: Any) -> int:
    return 0 if value is None else len(orjson.dumps(value))


def _latest(steps: Sequence[Step]) -> list[list[Any]]:
    """Return the last steps within `STEPS_BYTES`, the very last one always."""
    kept: list[list[Any]] = []
    size = 0
    for step in (one.as_list() for one in reversed(steps)):
        size += len(orjson.dumps(step))
        if kept and size > STEPS_BYTES:
            break
        kept.append(step)
    return kept[::-1]
