"""A coder's work on a text: drafts of claims, and entries of registers made on the spot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import orjson

from claimlog.desk.coding_commitment import commitment_of, new_nonce
from claimlog.desk.journal import NO_MARKS, MarkChange, Marks
from claimlog.desk.journal_state import Values
from claimlog.desk.request_error import CLOSED, LARGE, MALFORMED, RequestError
from claimlog.desk.row_references import CLAIMS, count_references
from claimlog.desk.saved_work import REGISTERED, PresentRow, SavedWork, as_saved
from claimlog.limits import PASSAGES_CHARACTERS, WORK_BYTES
from claimlog.schema.definition import Definition

DRAFT = "draft/"
DRAFT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
BEGUN, FINISHED = "begun", "finished"
CODING = "coding"
STAYS = "this coding was declared finished, and stays as it is"
MOST_DRAFTS = 5_000
"""Drafts of a text: a long book has some thousand claims. So many are checked in some seconds, and
sent to a page while others wait for a few hundredths of one."""

MOST_ENTRIES, ENTRIES_BYTES = 2_000, 1_000_000
"""Entries of registers that are made on the spot for a text, and bytes of all of them as JSON: one
has some hundreds, and their names are looked through at every key of who looks for one."""

COUNTED_BYTES = 1 << 20
"""Bytes of drafts, as JSON, of which all names are looked at in some hundredths of a second."""

MOST_OFFSET = 1 << 53
"""Offsets are below it: numbers of JSON that each program reads alike (RFC 7493)."""

Row = dict[str, Any]


@dataclass(frozen=True)
class WorkSummary:
    """How far a coder's work on a text is.

    Attributes
    ----------
    state
        ``coding``, ``finished``, or None where nothing is there.
    drafts
        Number of them.
    reached
        Offset, in characters, at which the last of their passages ends; 0 without any.
    commitment
        As in `Work`.
    weight
        Bytes of its file, as in `Work`.
    """

    coder: str
    state: str | None
    drafts: int
    reached: int
    commitment: str | None
    weight: int

    @property
    def is_finished(self) -> bool:
        return self.state == FINISHED


class Work(SavedWork):
    """What one coder has saved of one source.

    Attributes
    ----------
    coder, source
        Identifiers.
    journal
        Where it is saved; a draft is a cell, and so is an entry of a register.
    """

    def __init__(
        self, coder: str, source: str, path: Path, present_row: PresentRow = as_saved
    ) -> None:
        super().__init__(source, path, present_row)
        self.coder = coder

    @classmethod
    def cell_fits(cls, key: str, value: Any) -> bool:
        if key.startswith(DRAFT):
            return is_claim(value)
        return super().cell_fits(key, value)

    def present_value(self, key: str, value: Any) -> Any:
        if key.startswith(DRAFT):
            return self.present_row(CLAIMS, value)
        return super().present_value(key, value)

    @staticmethod
    def mark_fits(name: str, data: Any) -> bool:
        texts = {BEGUN: ("coder", "source_id"), FINISHED: ("nonce", "commitment")}.get(name, ())
        return name not in (BEGUN, FINISHED) or (
            isinstance(data, dict) and all(isinstance(data.get(key), str) for key in texts)
        )

    @property
    def begun_on(self) -> str | None:
        """SHA-256 of the text that its passages are of, None where nothing was noted."""
        return (self.journal.marks.get(BEGUN) or {}).get("text_sha256")

    @property
    def is_finished(self) -> bool:
        return FINISHED in self.journal.marks

    @property
    def state(self) -> str | None:
        """``coding``, ``finished``, or None where nothing is there."""
        if self.is_empty:
            return None
        return FINISHED if self.is_finished else CODING

    @property
    def commitment(self) -> str | None:
        """The hash that was made of the finished coding before anybody else saw it."""
        return str(self.journal.marks[FINISHED]["commitment"]) if self.is_finished else None

    def summary(self) -> WorkSummary:
        ends = [cell.value["end"] for _, cell in self.journal.items(DRAFT)]
        furthest = max(ends, default=0)
        return WorkSummary(
            self.coder, self.state, len(ends), furthest, self.commitment, self.weight
        )

    @property
    def draft_count(self) -> int:
        return sum(1 for _ in self.journal.items(DRAFT))

    def usage(self, definition: Definition) -> Mapping[str, Counter[str]]:
        """Return how often drafts refer to entries, by stream; counted once until one changes.

        Raises
        ------
        UnpreparedError
            If they are long, not counted yet, and a prompt answer is made.
        """
        version = self.journal.version  # before what is of it

        def count() -> Mapping[str, Counter[str]]:
            return count_references(definition, CLAIMS, self.drafts().values())

        is_long = self.journal.value_bytes > COUNTED_BYTES
        return self.computed.get("usage", version, count, is_long)

    def drafts(self) -> dict[str, Row]:
        """Return the values of all drafts by name, in the order of the text."""
        found = {name: cell.value for name, cell in self.cells(DRAFT)}
        return dict(sorted(found.items(), key=lambda pair: span_key(pair[1], pair[0])))

    def save(self, key: str, value: Row | None, base: int, marks: MarkChange = NO_MARKS) -> None:
        """Save a cell, or remove it.

        Parameters
        ----------
        marks
            What is noted with the first change of a work (`claimlog.desk.desk.Desk.beginning`).

        Raises
        ------
        RequestError
            If the work is finished, or the change was made on another state than the last one.
        """
        self.require_unfinished()
        if value is not None and key.startswith(DRAFT):
            own = self.drafts()
            require_few_passages({**own, key.removeprefix(DRAFT): value}.values())
        self.journal.change({key: value}, {key: base}, marks)

    def save_finished(self, values: Mapping[str, Row], about: Row, nonce: str) -> None:
        """Save all cells of a coding that was made elsewhere, as finished: all of it, or nothing.

        Parameters
        ----------
        about
            What is noted with the first change of a work.
        """
        finished = _finished_mark(content_of(about, values), nonce)
        self.journal.change({**values}, {}, MarkChange({BEGUN: about, FINISHED: finished}))

    @classmethod
    def refusal(cls, _source: str, marks: Marks, _values: Values, /) -> str | None:
        return STAYS if FINISHED in marks else None

    def require_unfinished(self) -> None:
        if self.is_finished:
            raise RequestError(CLOSED, STAYS)

    def finish(self, state: int) -> None:
        """Declare the work finished as it is in a state, with a commitment to all that it holds.

        Raises
        ------
        StaleError
            If it was changed since.
        """
        self.require_unfinished()
        self.journal.mark(FINISHED, _finished_mark(self.content(), new_nonce()), state)

    def content(self) -> Row:
        """Return all that a commitment is made to, in an order that tells nothing of its making.

        It is as it was saved, so that a commitment holds whatever becomes of the definition.
        """
        cells = {key: cell.value for key, cell in self.journal.items("")}
        return content_of(self.journal.marks.get(BEGUN) or {}, cells)


def _finished_mark(content: Row, nonce: str) -> Row:
    return {"nonce": nonce, "commitment": commitment_of(content, nonce)}


def require_few_passages(drafts: Collection[Mapping[str, Any]]) -> None:
    """Refuse more drafts of a text, or longer ones, than can be checked and compared in seconds.

    Raises
    ------
    RequestError
        If there are more.
    """
    require_few_drafts(drafts)
    if sum(draft["end"] - draft["start"] for draft in drafts) > PASSAGES_CHARACTERS:
        raise RequestError(
            LARGE, f"the passages of a text have at most {PASSAGES_CHARACTERS:,} characters in all"
        )


def require_few_drafts(drafts: Sized) -> None:
    """Refuse more drafts of a text than can be compared in seconds.

    Raises
    ------
    RequestError
        If there are more.
    """
    if len(drafts) > MOST_DRAFTS:
        raise RequestError(
            LARGE, f"a text has at most {MOST_DRAFTS:,} drafts; register a longer one in parts"
        )


def require_few_entries(entries: Collection[Mapping[str, Any]]) -> None:
    """Refuse more entries made on the spot for a text, or longer ones, than are looked through.

    Raises
    ------
    RequestError
        If there are more.
    """
    if len(entries) > MOST_ENTRIES:
        most = f"{MOST_ENTRIES:,} entries are made on the spot"
    elif sum(len(orjson.dumps(entry)) for entry in entries) > ENTRIES_BYTES:
        most = f"{ENTRIES_BYTES:,} bytes of entries are made on the spot"
    else:
        return
    raise RequestError(
        LARGE, f"for a text at most {most}; add further ones to the log first: claimlog add --help"
    )


class FilledBytes:
    """Bytes of the rows of a work once objects in lists have the keys that they were sent without.

    A file of some megabytes can hold objects without keys by the million.
    """

    def __init__(self) -> None:
        self._bytes = 0

    def count(self, row: Row) -> Row:
        """Return a row, counted.

        Raises
        ------
        RequestError
            If the rows so far are more than a work has.
        """
        self._bytes += len(orjson.dumps(row))
        if self._bytes > WORK_BYTES:
            raise RequestError(
                LARGE,
                "with all keys of the objects in its lists it has more than "
                f"{WORK_BYTES >> 20} MiB, which a page is not sent",
            )
        return row


def content_of(about: Mapping[str, Any], cells: Mapping[str, Row]) -> Row:
    """Return what a commitment is made to: what a work is of, and its cells in one order."""
    drafts: list[Row] = []
    entries: list[Row] = []
    for key, value in cells.items():
        kind, _, name = key.partition("/")
        if kind == DRAFT[:-1]:
            drafts.append({"draft": name, "value": value})
        elif kind == REGISTERED[:-1]:
            stream, _, identifier = name.partition("/")
            entries.append({"stream": stream, "id": identifier, "value": value})
    drafts.sort(key=lambda one: span_key(one["value"], one["draft"]))
    entries.sort(key=lambda one: (one["stream"], one["id"]))
    return {**about, "drafts": drafts, "registered": entries}


def is_claim(value: object) -> TypeGuard[Row]:
    """Whether a saved value is a claim as far as it has a passage."""
    return isinstance(value, dict) and is_span(value.get("start"), value.get("end"))


def is_span(start: object, end: object) -> bool:
    """Whether two values are the offsets of a passage."""
    return type(start) is type(end) is int and 0 <= start < end < MOST_OFFSET


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
