"""What a coder or the adjudicator has saved of one source; the base of `Work` and `Decisions`.

How it is kept on disk stands in `journal`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from claimlog.desk.journal import Journal, Marks
from claimlog.desk.journal_state import Cell, Values
from claimlog.desk.latest_values import LatestValues
from claimlog.desk.quick_answers import PROMPT_BYTES, require_time
from claimlog.errors import ClaimlogError
from claimlog.limits import WORK_BYTES

REGISTERED = "registered/"
ENTRY_BYTES = 1 << 16
"""What a work weighs at least in a cache: they are bounded in number, too."""

Row = dict[str, Any]
PresentRow = Callable[[str, Row], Row]
"""Returns a row of a stream that was saved by any definition as one of the present definition."""


def as_saved(_stream: str, row: Row) -> Row:
    """Return the row itself: for those who ask no more of it than where it stands."""
    return row


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
    present_row
        Brings a saved row to the present definition.
    computed
        What was computed of it, by the definition by which it was read.
    """

    def __init__(self, source: str, path: Path, present_row: PresentRow = as_saved) -> None:
        self.source = source
        self.present_row = present_row
        self.computed = LatestValues()
        # none of these holds this work: it is let go of at once, and not with the next full pass
        # of the garbage collector
        refusal = partial(self.refusal, source)
        self.journal = Journal(path, self.cell_fits, self.mark_fits, refusal, WORK_BYTES)
        self._present: dict[str, tuple[Any, Any]] = {}
        """Values of cells as they are saved, and as the present definition has them."""

    @property
    def weight(self) -> int:
        """Bytes of its file, which its memory grows with."""
        return max(self.journal.file_bytes, ENTRY_BYTES)

    def refresh(self) -> None:
        """Read what was saved since it was last read.

        Raises
        ------
        UnpreparedError
            If that is long, and a prompt answer is made.
        ClaimlogError
            As `Journal.refresh` does.
        """
        if self.journal.unread_bytes > PROMPT_BYTES:
            require_time(self._read_whole)
            self._read_whole()
        else:
            self.journal.refresh()

    def _read_whole(self) -> None:
        """Read the file, and bring all that is there to the present definition, once."""
        self.journal.refresh()
        with suppress(ClaimlogError):  # whoever asks for it is told
            for _ in self.cells(""):
                pass

    @classmethod
    def cell_fits(cls, key: str, value: Any) -> bool:
        """Whether a cell can have been saved, by whichever definition."""
        if not key.startswith(REGISTERED):
            return True
        _, _, identifier = key.removeprefix(REGISTERED).partition("/")
        return bool(identifier) and isinstance(value, dict)

    def present_value(self, key: str, value: Any) -> Any:
        """Return the value of a cell with its row as the present definition has it.

        Raises
        ------
        ClaimlogError
            If it is an entry of what is no register any more.
        """
        if not key.startswith(REGISTERED):
            return value
        stream, _, _ = key.removeprefix(REGISTERED).partition("/")
        return self.present_row(stream, value)

    def cell(self, key: str) -> Cell:
        """Return a cell by the present definition, as `Journal.cell` does; raises as `cells`."""
        return self._by_present_definition(key, self.journal.cell(key))

    def cells(self, prefix: str) -> Iterator[tuple[str, Cell]]:
        """Yield cells by the present definition, as `Journal.items` does.

        Raises
        ------
        ClaimlogError
            If one is an entry of what is no register any more.
        """
        for name, cell in self.journal.items(prefix):
            yield name, self._by_present_definition(f"{prefix}{name}", cell)

    def _by_present_definition(self, key: str, cell: Cell) -> Cell:
        if cell.value is None:
            return cell
        saved, present = self._present.get(key, (None, None))
        if saved is not cell.value:
            try:
                present = self.present_value(key, cell.value)
            except ClaimlogError as error:
                raise ClaimlogError(f"{self.journal.shown}: {error}") from error
            self._present[key] = (cell.value, present)
        return replace(cell, value=present)

    @staticmethod
    @abstractmethod
    def mark_fits(name: str, data: Any) -> bool:
        """Whether a mark can have been set, as `cell_fits`."""

    @classmethod
    @abstractmethod
    def refusal(cls, source: str, marks: Marks, values: Values, /) -> str | None:
        """Why some values of a source may not be set where some marks are; None if they may."""

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
        for key, cell in self.cells(REGISTERED):
            stream, _, identifier = key.partition("/")
            found.append(Entry(stream, identifier, cell.revision, cell.value))
        return found

    def entry_rows(self) -> dict[str, dict[str, Row]]:
        """Return the values of the entries by stream and identifier."""
        found: dict[str, dict[str, Row]] = {}
        for entry in self.entries():
            found.setdefault(entry.stream, {})[entry.identifier] = entry.value
        return found
