"""What a coder or the adjudicator has saved of one source; the base of `Work` and `Decisions`.

How it is kept on disk stands in `journal`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimlog.desk.journal import Journal, Marks
from claimlog.desk.journal_state import Values
from claimlog.limits import WORK_BYTES

REGISTERED = "registered/"

Row = dict[str, Any]
RowFits = Callable[[str, Row], bool]
"""Whether a stream has rows like one, by the types of its columns."""


def any_row_fits(_stream: str, _row: Row) -> bool:
    """Take every row: of those who ask no more of a work than who made it and its marks."""
    return True


@dataclass(frozen=True)
class Entry:
    """An entry of a register that was made on the spot."""

    stream: str
    identifier: str
    revision: int
    value: Row

    def as_dict(self) -> Row:
        return {
            "stream": self.stream,
            "id": self.identifier,
            "rev": self.revision,
            "value": self.value,
        }


class SavedWork(ABC):
    """What one role has saved of one source.

    Attributes
    ----------
    source
        Its identifier.
    journal
        Where it is saved; an entry of a register that was made on the spot is a cell.
    row_fits
        Whether a saved row can be one of its stream.
    """

    def __init__(self, source: str, path: Path, row_fits: RowFits = any_row_fits) -> None:
        self.source = source
        self.row_fits = row_fits
        self.journal = Journal(path, self.cell_fits, self.mark_fits, self.refusal, WORK_BYTES)

    def cell_fits(self, key: str, value: Any) -> bool:
        """Whether a cell can have been saved, by the types that all who read it rely on."""
        if not key.startswith(REGISTERED):
            return True
        stream, _, identifier = key.removeprefix(REGISTERED).partition("/")
        return bool(identifier) and isinstance(value, dict) and self.row_fits(stream, value)

    @staticmethod
    @abstractmethod
    def mark_fits(name: str, data: Any) -> bool:
        """Whether a mark can have been set, as `cell_fits`."""

    @abstractmethod
    def refusal(self, marks: Marks, values: Values, /) -> str | None:
        """Why some values may not be set where some marks are; None if they may."""

    @property
    def is_begun(self) -> bool:
        """Whether anything was ever saved."""
        return self.journal.state > 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there: nothing was saved, or all of it was taken back or removed."""
        return next(self.journal.items(""), None) is None

    def entries(self) -> list[Entry]:
        """Return the entries of registers that were made on the spot."""
        found = []
        for key, cell in self.journal.items(REGISTERED):
            stream, _, identifier = key.partition("/")
            found.append(Entry(stream, identifier, cell.revision, cell.value))
        return found

    def entry_rows(self) -> dict[str, dict[str, Row]]:
        """Return the values of the entries by stream and identifier."""
        found: dict[str, dict[str, Row]] = {}
        for entry in self.entries():
            found.setdefault(entry.stream, {})[entry.identifier] = entry.value
        return found
