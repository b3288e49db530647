"""Adding, amending and retracting: new rows for the open batch, under the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from claimlog.edit.append_lines import NOTHING_ADDED, NOTHING_AMENDED, append
from claimlog.edit.clock import last_time, refuse_doubtful_clock
from claimlog.edit.duplicates import Duplicate, RowIndex
from claimlog.edit.entity_history import find_entity
from claimlog.edit.log_lock import locked_log
from claimlog.edit.open_batch import with_open
from claimlog.edit.open_rows import Entity
from claimlog.edit.origin_warnings import origin_warnings
from claimlog.edit.row_faults import RowFaults, UnfitRowError
from claimlog.edit.row_inputs import row_inputs
from claimlog.edit.row_origin import RowOrigin
from claimlog.edit.row_writer import Writer, as_lines
from claimlog.errors import ClaimlogError, UsageError
from claimlog.log.canonical import encode, type_flaw
from claimlog.log.event_log import Log
from claimlog.package import Package
from claimlog.schema.table_schema import Table
from claimlog.sources.text import Texts

Row = dict[str, Any]
NO_VERSIONS: Mapping[Entity, int] = {}


@dataclass(frozen=True)
class Entries:
    """New rows: the columns given of each, and where each came from, if anywhere.

    Attributes
    ----------
    outcome
        What a message says of the open batch where one of them is refused.
    faults
        What was wrong with them when they were read.
    """

    rows: Sequence[Mapping[str, Any]]
    origin: RowOrigin | None = None
    outcome: str = NOTHING_ADDED
    faults: RowFaults = field(default_factory=RowFaults)

    @property
    def is_file(self) -> bool:
        return self.origin is not None and self.origin.is_file

    def place(self, index: int) -> str:
        """Return where a row came from, for messages."""
        return f"row {index + 1}" if self.origin is None else self.origin.place(index)


@dataclass(frozen=True)
class Addition:
    """What adding did: the new rows, the rows that were there already, and what to look at."""

    rows: list[Row]
    duplicates: list[Duplicate]
    notes: list[str] = field(default_factory=list)


def add(
    package: Package,
    stream: str,
    entries: Entries,
    recorded_by: str,
    texts: Texts | None,
    today: date | None = None,
    by_words: bool = False,
    refuse: Callable[[Log], None] = lambda _: None,
    versions: Mapping[Entity, int] = NO_VERSIONS,
) -> Addition:
    """Assert new entities in the open batch, all of them or none, but no entity twice.

    Parameters
    ----------
    today
        The day (UTC), which a clock far ahead of the log's last time must be confirmed by.
    by_words
        Whether a quote may differ from its text in all but the words.
    refuse
        Called with the log and its open batch before anything is added; it may raise.
    versions
        As for `amend`.

    Raises
    ------
    ChangedMeanwhileError
        As `amend` does.
    ClaimlogError
        If a row cannot be made (the message names its place), or the clock is in doubt.
    FindingsError
        If the log would break a rule.
    """
    with locked_log(package) as sealed:
        writer = make_writer(sealed, texts, recorded_by, today, by_words)
        refuse(writer.log)
        _require_versions(writer, versions)
        writer.names.expect(stream, entries.rows)
        addition = Addition([], [])
        faults = entries.faults.copy()
        table = writer.log.definition.streams[stream]
        writer.last.read(stream, (given.get(table.id) for given in entries.rows))
        contents: dict[int, Row] = {}
        for index, given in enumerate(entries.rows):
            if faults.is_full:
                break
            with _gather_faults(entries, index, faults) as gathered:
                _refuse_text_elsewhere(entries, table, given, texts)
                content = writer.content(stream, given)
                encode(content)
                contents[index] = content
            contents |= {index: gathered.state} if gathered.state else {}
        whole = [content for index, content in contents.items() if index not in faults.of_rows]
        rows = RowIndex(writer.log, table, whole)
        for index, content in contents.items():
            with _gather_faults(entries, index, faults):
                duplicate = None if index in faults.of_rows else rows.duplicate(content)
                if duplicate is not None:
                    where = entries.place(index) if entries.is_file else None
                    addition.duplicates.append(replace(duplicate, source=where))
                    continue
                row = writer.assertion(stream, content)
                addition.rows.append(row)
                faults.indexes.append(index)
                if index not in faults.of_rows:
                    rows.enter(row, entries.place(index))
        _append(sealed, stream, addition.rows, texts, entries, faults)
        if stream == "claims":
            addition.notes.extend(origin_warnings(writer.log, addition.rows))
    return addition


def _require_versions(writer: Writer, versions: Mapping[Entity, int]) -> None:
    """Refuse a change that rests on versions of which one is no more the last one."""
    for (stream, name), version in versions.items():
        last = writer.last.of(stream, name)
        if last is None or last["version"] != version:
            raise ChangedMeanwhileError(f"{name} was changed meanwhile; look at it")


def _append(
    sealed: Log,
    stream: str,
    rows: list[Row],
    texts: Texts | None,
    entries: Entries,
    faults: RowFaults,
) -> None:
    """Append the rows that were made of entries, or say all that is wrong with these."""
    origin = entries.origin
    if rows:
        append(sealed, stream, as_lines(rows), texts, origin, entries.outcome, faults)
    elif origin is not None and faults:
        raise faults.error(origin, entries.outcome)


def amend(
    package: Package,
    stream: str,
    identifier: str,
    given: Mapping[str, Any],
    reason: str,
    recorded_by: str,
    texts: Texts | None,
    today: date | None = None,
    versions: Mapping[Entity, int] = NO_VERSIONS,
) -> Row:
    """Amend a live entity in the open batch; what is not given stays.

    Parameters
    ----------
    versions
        Versions that the change rests on, by stream and identifier.

    Raises
    ------
    ChangedMeanwhileError
        If one of them is no more the last one.
    ClaimlogError, FindingsError
        As `add` does.
    """
    with locked_log(package) as sealed:
        writer = make_writer(sealed, texts, recorded_by, today)
        _require_versions(writer, versions)
        row = writer.amendment(stream, identifier, given, reason)
        origin = RowOrigin("", [f"the new version of {identifier}"])
        append(sealed, stream, as_lines([row]), texts, origin, NOTHING_AMENDED)
    return row


def amend_all(
    package: Package,
    stream: str,
    entries: Entries,
    reason: str | None,
    recorded_by: str,
    texts: Texts | None,
    today: date | None = None,
) -> list[Row]:
    """Amend live entities in the open batch, all of them or none.

    Parameters
    ----------
    entries
        For each entity its identifier and what changes; ``reason`` where it has one of its own.
    reason
        Of the others.

    Returns
    -------
    list
        The new rows. An entity that is as it is to be already has none.

    Raises
    ------
    ClaimlogError
        As `add` does, or if an entity is named twice or has no reason.
    """
    with locked_log(package) as sealed:
        writer = make_writer(sealed, texts, recorded_by, today)
        table = writer.log.definition.streams[stream]
        key = table.id
        writer.last.read(stream, (given.get(key) for given in entries.rows))
        rows: list[Row] = []
        seen: dict[str, int] = {}
        faults = entries.faults.copy()
        for index, given in enumerate(entries.rows):
            if faults.is_full:
                break
            with _gather_faults(entries, index, faults):
                _refuse_text_elsewhere(entries, table, given, texts)
                changes = {**given}
                identifier, why = changes.pop(key, None), changes.pop("reason", None) or reason
                if flaw := type_flaw(table.by_name[key], identifier):
                    raise UsageError(f"{flaw} (schemas/{stream}.json)")
                if not identifier and key in faults.columns(index):
                    continue
                if not identifier:
                    raise UsageError(f'a row has no "{key}"; say which {stream} it amends')
                if not why:
                    raise UsageError(f"{identifier} has no reason; give one in the row or --reason")
                if identifier in seen:
                    first = entries.place(seen[identifier])
                    raise UsageError(f"{identifier} is amended at {first} already; make it one row")
                seen[identifier] = index
                row = writer.amendment(stream, identifier, changes, why)
                if writer.changes(stream, row):
                    rows.append(row)
                    faults.indexes.append(index)
        _append(sealed, stream, rows, texts, entries, faults)
    return rows


def retract(
    package: Package,
    identifier: str,
    reason: str,
    recorded_by: str,
    today: date | None = None,
) -> Row:
    """Retract a live entity, of whatever stream, in the open batch. Raises as `add` does."""
    with locked_log(package) as sealed:
        writer = make_writer(sealed, None, recorded_by, today)
        found = find_entity(writer.log, identifier)
        row = writer.retraction(found.stream, found.identifier, reason)
        append(sealed, found.stream, as_lines([row]), None, outcome="nothing was retracted")
    return row


def _refuse_text_elsewhere(
    entries: Entries, table: Table, given: Mapping[str, Any], texts: Texts | None
) -> None:
    """Refuse a row of a file that names a file to read outside of the user's directory of texts.

    The row may be a stranger's, and the hash of a short file tells what is in it.
    """
    name = given.get("text")
    if not entries.is_file or name is None or "text" not in row_inputs(table):
        return
    if texts is None:
        raise UsageError(
            '"text" in a row names a file below the directory of texts: name that with --texts DIR '
            "or CLAIMLOG_TEXTS"
        )
    try:
        is_below = Path(str(name)).resolve().is_relative_to(texts.folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL, a name too long, a circle of links
        is_below = False
    if not is_below:
        raise UsageError(
            f'"text" is {str(name)[:80]!r}, which is not below the directory of texts '
            f"({texts.folder}); put the text there, or give text_sha256 and text_length"
        )


class ChangedMeanwhileError(ClaimlogError):
    """What a change rests on is not as it was seen."""


@dataclass
class _Gathered:
    """What there is of a row that has faults."""

    state: Row = field(default_factory=dict)


@contextmanager
def _gather_faults(entries: Entries, index: int, faults: RowFaults) -> Iterator[_Gathered]:
    """Note what is wrong with a row of a file, so that the others are looked at too."""
    gathered = _Gathered()
    try:
        yield gathered
    except ClaimlogError as error:
        if not entries.is_file:
            raise
        faults.add(index, error)
        if isinstance(error, UnfitRowError):
            gathered.state = error.state


@contextmanager
def locate_errors(entries: Entries, index: int) -> Iterator[None]:
    """Say of an error where the row that it is about came from."""
    try:
        yield
    except ClaimlogError as error:
        if entries.origin is None:
            raise
        where = entries.place(index)
        raise type(error)(f"{where}: {error}; {entries.outcome}") from error


def make_writer(
    sealed: Log,
    texts: Texts | None,
    recorded_by: str,
    today: date | None,
    by_words: bool = False,
) -> Writer:
    """Return what makes rows that follow a log and its open batch. Raises as `add` does."""
    log = with_open(sealed)
    log.require_readable()
    refuse_doubtful_clock(last_time(log), today)
    return Writer(log, texts, recorded_by, by_words)
