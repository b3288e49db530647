"""What the lines of a file of `saved_cells` add up to: cells, their undo and redo, and marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SET, UNDO, REDO, MARK = "set", "undo", "redo", "mark"

Values = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A value and the revision that set it: the number of its line; None if it was removed."""

    revision: int
    value: Any


@dataclass
class CellState:
    """The cells after the lines that were applied."""

    file: int = 0
    count: int = 0
    size: int = 0
    cells: dict[str, Cell] = field(default_factory=dict)
    undo: list[tuple[Values, Values]] = field(default_factory=list)
    redo: list[tuple[Values, Values]] = field(default_factory=list)
    marks: dict[str, Any] = field(default_factory=dict)

    def apply(self, line: Mapping[str, Any]) -> None:
        self.count += 1
        if MARK in line:
            self.marks[line[MARK]] = line.get("data")
        if SET in line:
            after = line[SET]
            before = {key: self.value(key) for key in after}
            self.undo.append((before, after))
            self.redo.clear()
            self._put(after)
        elif UNDO in line:
            before, after = self.undo.pop()
            self.redo.append((before, after))
            self._put(before)
        elif REDO in line:
            before, after = self.redo.pop()
            self.undo.append((before, after))
            self._put(after)

    def value(self, key: str) -> Any:
        cell = self.cells.get(key)
        return cell.value if cell else None

    def _put(self, values: Values) -> None:
        for key, value in values.items():
            self.cells[key] = Cell(self.count, value)
