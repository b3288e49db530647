"""A coder's work on a text: drafts of claims, and entries of registers made on the spot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimlog.desk.commitment import commitment_of, new_nonce
from claimlog.desk.request_error import CLOSED, MALFORMED, RequestError
from claimlog.desk.saved_cells import SavedCells

DRAFT, REGISTERED = "draft/", "registered/"
DRAFT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
BEGUN, FINISHED = "begun", "finished"
CODING = "coding"
MOST_DRAFTS = 20_000
"""Drafts of a text: a long book has some thousand claims."""

Row = dict[str, Any]


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


class Work:
    """What one coder has saved of one source.

    Attributes
    ----------
    coder, source
        Identifiers.
    cells
        Where it is saved; a draft is a cell, and so is an entry of a register.
    """

    def __init__(self, coder: str, source: str, path: Path) -> None:
        self.coder = coder
        self.source = source
        self.cells = SavedCells(path)

    @property
    def begun(self) -> bool:
        return self.cells.state > 0

    @property
    def finished(self) -> bool:
        return FINISHED in self.cells.marks

    @property
    def state(self) -> str | None:
        """``coding``, ``finished``, or None where nothing was saved."""
        if not self.begun:
            return None
        return FINISHED if self.finished else CODING

    @property
    def commitment(self) -> str | None:
        """The hash that was made of the finished coding before anybody else saw it."""
        return str(self.cells.marks[FINISHED]["commitment"]) if self.finished else None

    def drafts(self) -> dict[str, Row]:
        """Return the values of all drafts by name, in the order of the text."""
        found = {name: cell.value for name, cell in self.cells.items(DRAFT)}
        return dict(sorted(found.items(), key=lambda pair: span_key(pair[1], pair[0])))

    def entries(self) -> list[Entry]:
        return [*entries_of(self.cells)]

    def entry_rows(self) -> dict[str, dict[str, Row]]:
        """Return the entries made on the spot by stream and identifier."""
        return rows_by_stream(self.entries())

    def begin(self, about: Row) -> None:
        """Note which text and codebook the work is of, before the first change."""
        if not self.begun:
            self.cells.mark(BEGUN, {"coder": self.coder, "source_id": self.source, **about})

    def save(self, key: str, value: Row | None, base: int) -> None:
        """Save a cell, or remove it.

        Raises
        ------
        RequestError
            If the work is finished, or the change was made on another state than the last one.
        """
        self.require_unfinished()
        if value is not None and key.startswith(DRAFT) and len(self.cells_of(DRAFT)) >= MOST_DRAFTS:
            raise RequestError(MALFORMED, f"a text has at most {MOST_DRAFTS:,} drafts")
        self.cells.change({key: value}, {key: base})

    def cells_of(self, prefix: str) -> list[str]:
        return [name for name, _ in self.cells.items(prefix)]

    def require_unfinished(self) -> None:
        if self.finished:
            raise RequestError(CLOSED, "this coding was declared finished, and stays as it is")

    def finish(self, state: int) -> None:
        """Declare the work finished as it is in a state, with a commitment to all that it holds.

        Raises
        ------
        StaleError
            If it was changed since.
        """
        self.require_unfinished()
        nonce = new_nonce()
        data = {"nonce": nonce, "commitment": commitment_of(self.content(), nonce)}
        self.cells.mark(FINISHED, data, state)

    def content(self) -> Row:
        """Return all that a commitment is made to, in an order that tells nothing of its making."""
        about = self.cells.marks.get(BEGUN) or {}
        return {
            **about,
            "drafts": [{"draft": name, "value": value} for name, value in self.drafts().items()],
            "registered": [
                {"stream": entry.stream, "id": entry.identifier, "value": entry.value}
                for entry in sorted(self.entries(), key=lambda one: (one.stream, one.identifier))
            ],
        }


def entries_of(cells: SavedCells) -> Iterator[Entry]:
    """Yield the entries of registers among some cells."""
    for key, cell in cells.items(REGISTERED):
        stream, _, identifier = key.partition("/")
        yield Entry(stream, identifier, cell.revision, cell.value)


def rows_by_stream(entries: list[Entry]) -> dict[str, dict[str, Row]]:
    """Return the values of entries by stream and identifier."""
    found: dict[str, dict[str, Row]] = {}
    for entry in entries:
        found.setdefault(entry.stream, {})[entry.identifier] = entry.value
    return found


def span_key(value: Mapping[str, Any], name: str) -> tuple[int, int, str]:
    """Return what drafts are sorted by: place, longer ones first, then the name."""
    return value.get("start", 0), -value.get("end", 0), name


def require_draft_name(name: str) -> str:
    """Return the name of a draft.

    Raises
    ------
    RequestError
        If it is none.
    """
    if DRAFT_NAME.fullmatch(name) is None:
        raise RequestError(MALFORMED, "a draft is named by small letters, digits and hyphens")
    return name
