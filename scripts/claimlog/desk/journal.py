"""Values that are on disk before a change of them is acknowledged, with undo and redo.

A file of JSON lines to which is appended. A line sets values of some cells by their keys, takes the
last change back or makes it again, or sets or takes off marks; a line of values can have marks with
them, so that neither is there without the other. It is flushed to disk before the change is
answered, so that a killed process or machine loses nothing that was acknowledged; a last line that
was cut off was not. Every change names the revision of each cell that it was made on: of two tabs
the second one is refused and sees what is there. A file that has grown long is replaced by one
whose first line has all cells and the latest changes; older ones stay made.

What is acknowledged is read again: of each line it is asked whether the file with it is, and one
that is too short for its keys, lists and objects (to take a change back has two signs and a word)
has blanks at its end.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from claimlog.desk.journal_density import as_only_line
from claimlog.desk.journal_state import (
    BY,
    MARK,
    MARKS,
    MARKS_LINE,
    NAME,
    REDO,
    SET,
    UNDO,
    WHOLE,
    Cell,
    JournalState,
    Values,
    with_marks,
)
from claimlog.desk.request_error import CLOSED, DISK, INVALID, LARGE, STALE, RequestError
from claimlog.errors import ClaimlogError, reason
from claimlog.files import sync
from claimlog.limits import DEPTH, WORK_BYTES
from claimlog.untrusted_files import is_deeper

Line = Mapping[str, Any]
Fits = Callable[[str, Any], bool]
Refusal = Callable[["Marks", Values], str | None]

LINE_DEPTH = DEPTH + 8
"""Levels of a line: those of a body that a page sends, and around them."""

Marks = Mapping[str, Any]
"""Data of marks, by name."""


@dataclass(frozen=True)
class MarkChange:
    """Marks that are changed together with something else, and who does that.

    Attributes
    ----------
    marks
        Data by name, None of those that are taken off.
    line
        The line that changed marks last when it was seen that these may be; None where that does
        not matter.
    by
        Who makes the change, which others may ask before they take it back; empty where nobody
        asks.
    """

    marks: Marks = field(default_factory=dict)
    line: int | None = None
    by: str = ""


NO_MARKS = MarkChange()

MARK_BYTES = 1 << 20
"""Bytes of a file that are left for marks and for removing, so that a work can be closed or made
shorter however long it is."""

MOST_MARKS = 100
"""Marks of a file, and of a line: those of the desk are a handful."""

LINES_BYTES = 16 << 20
"""Bytes of lines after which a file is written anew, and of memory that its changes take."""

FILE_BYTES = WORK_BYTES + 2 * LINES_BYTES
"""Bytes of a file: its values, and lines that could not be left out for want of room."""

UPDATE_RATIO = 64
"""Of a file, the part that was appended since it was written anew, from which on that is done for
what does not fit else: of a long one it takes seconds."""

LINE_BLANKS = 64
"""Blanks that a line gets at most for its own keys, lists and objects. One that sets nothing gets
as many as it takes."""

HEAD_BYTES = 64
"""First bytes of a file, in which two that replaced each other differ: by their count of lines, or
by the random name that a new file begins with."""

FILE_NAME_BYTES = 8

NO_VALUE = "takes no such value or mark, which would not be read again; reload the page"
NOTHING_TO_UNDO = "the last change was taken back already, or there is none"


class StaleError(Exception):
    """A change was made on another state than the last one; `keys` names the cells."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        super().__init__(f"changed meanwhile: {', '.join(keys)}")


class Journal:
    """Cells of one file; several threads and processes may change them.

    Parameters
    ----------
    cell_fits, mark_fits
        Whether a key and its value, or a mark and its data, can have been saved: a file may be
        edited by hand, or come with a copy.
    refusal
        Why values may not be set any more where some marks are, or None; asked under the lock.
    most_bytes
        Bytes that the values of all cells may take as JSON: a page is sent all of them.
    """

    def __init__(
        self,
        path: Path,
        cell_fits: Fits = lambda *_: True,
        mark_fits: Fits = lambda *_: True,
        refusal: Refusal = lambda *_: None,
        most_bytes: int = WORK_BYTES,
    ) -> None:
        self.path = path
        self._most_bytes = most_bytes
        self._cell_fits, self._mark_fits = cell_fits, mark_fits
        self._refusal = refusal
        self._mutex = threading.RLock()
        self._state = JournalState()

    def refresh(self) -> None:
        """Read what other processes appended since.

        Raises
        ------
        ClaimlogError
            If it is no regular file, cannot be read, or holds what was never saved.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._mutex:
            try:
                handle = os.open(self.path, flags)
                try:
                    self._read(handle)
                finally:
                    os.close(handle)
            except FileNotFoundError:
                self._state = JournalState()  # it was set aside, or never was
            except OSError as error:
                said = "is a symbolic link" if error.errno == errno.ELOOP else reason(error)
                raise ClaimlogError(
                    f"{self.shown}: cannot be read ({said}); move it away, or put back what it was"
                ) from error

    @property
    def file_bytes(self) -> int:
        """Bytes of the file that were read; what is held of them takes up to 15 times as much."""
        return self._state.size

    @property
    def unread_bytes(self) -> int:
        """Bytes of the file that are to be read still; 0 if there is none."""
        try:
            found = self.path.lstat()
        except OSError:
            return 0  # reading it says what is wrong
        state = self._state
        seen = max(state.size, state.seen) if state.file == found.st_ino else 0
        return max(found.st_size - seen, 0)

    @property
    def state(self) -> int:
        """Number of the last line; a request that concerns all cells names it."""
        return self._state.count

    @property
    def name(self) -> str:
        """Random name of the file: states and revisions of another in its place have equal numbers.

        Empty where nothing was saved.
        """
        return self._state.name

    @property
    def version(self) -> tuple[int, bytes, int]:
        """What is another one whenever anything was changed, or the file set aside."""
        return self._state.file, self._state.head, self._state.count

    @property
    def marks(self) -> Marks:
        """Data of the marks that are set, by name."""
        return self._state.marks

    @property
    def marks_line(self) -> int:
        """Number of the line that changed marks last; 0 if none did."""
        return self._state.marks_line

    @property
    def can_undo(self) -> bool:
        return bool(self._state.undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._state.redo)

    @property
    def undo_by(self) -> str:
        """Who made the change that would be taken back; empty if none would, or it was not said."""
        return self._state.undo[-1].by if self._state.undo else ""

    @property
    def redo_by(self) -> str:
        """Who took back the change that would be made again, as `undo_by`."""
        return self._state.redo[-1].undone_by if self._state.redo else ""

    @property
    def value_bytes(self) -> int:
        """Bytes of the values of all cells, as JSON."""
        return self._state.value_bytes

    def step_values(self, again: bool) -> Values:
        """Return what would be set if the last change was taken back, or made again."""
        steps = self._state.redo if again else self._state.undo
        if not steps:
            return {}
        return steps[-1].after if again else steps[-1].before

    def cell(self, key: str) -> Cell:
        """Return a cell; one that was never set has revision 0 and no value."""
        return self._state.cells.get(key, Cell(0, None))

    def items(self, prefix: str) -> Iterator[tuple[str, Cell]]:
        """Yield the cells that have a value and whose key begins so, without that beginning."""
        for key, cell in list(self._state.cells.items()):
            if key.startswith(prefix) and cell.value is not None:
                yield key.removeprefix(prefix), cell

    def change(self, values: Values, base: Mapping[str, int], marks: MarkChange = NO_MARKS) -> None:
        """Set cells, durably; None removes. A change that changes nothing writes nothing.

        Parameters
        ----------
        base
            The revision of each cell that the change was made on; cells that are not named here
            are set whatever they were.
        marks
            Marks that are changed with it.

        Raises
        ------
        StaleError
            If a cell has another revision, and another value than it is to have; or marks were
            changed since it was seen that these may be.
        RequestError
            If it is closed, or cannot be written; nothing is changed then.
        """

        def line() -> Line | None:
            # a line may close what it sets, and open what it changes
            now = self._state.marks
            are_as_seen = marks.line in (None, self._state.marks_line)
            off = {name for name, data in marks.marks.items() if data is None and are_as_seen}
            left = {name: data for name, data in now.items() if name not in off}
            if why := self._refusal(left, values):
                raise RequestError(CLOSED, why)
            if not are_as_seen:
                raise StaleError([])
            if all(self._state.value(key) == value for key, value in values.items()):
                return None
            stale = [key for key, revision in base.items() if self.cell(key).revision != revision]
            if stale:
                raise StaleError(stale)
            if self._state.bytes_with(values) > max(self._most_bytes, self._state.value_bytes):
                raise self._too_large(
                    f"what is saved of a text has at most {self._most_bytes:,} bytes; shorten "
                    "something, or register a longer text in parts"
                )
            return {**_with(marks), SET: values}

        self._save(line)

    def undo(self, state: int, marks: MarkChange = NO_MARKS) -> None:
        """Take the last change back, with marks as `change` does; raises as it does."""
        self._step(UNDO, state, marks)

    def redo(self, state: int, marks: MarkChange = NO_MARKS) -> None:
        """Make the change again that was taken back last, as `undo`."""
        self._step(REDO, state, marks)

    def mark(self, name: str, data: Any, state: int | None = None) -> None:
        """Set a mark, unless it is set already; raises as `change` does.

        Parameters
        ----------
        data
            What it says, not None.
        state
            The state that it is set on; None for any.
        """

        def line() -> Line | None:
            if name in self._state.marks:
                return None
            if state not in (None, self._state.count):
                raise StaleError([])
            return {MARK: name, "data": data}

        self._save(line)

    def set_marks(self, marks: Marks, state: int | None = None) -> None:
        """Set marks, and take off those that are None, all of them or none.

        Raises as `change` does.

        Parameters
        ----------
        state
            The state that they are set on; None for any.
        """

        def line() -> Line | None:
            if state not in (None, self._state.count):
                raise StaleError([])
            changed = with_marks(self._state.marks, marks) != self._state.marks
            return {MARKS: marks} if changed else None

        self._save(line)

    def _step(self, kind: str, state: int, marks: MarkChange) -> None:
        def line() -> Line:
            if self._state.count != state:
                raise StaleError([])
            if not (self._state.undo if kind == UNDO else self._state.redo):
                raise RequestError(CLOSED, NOTHING_TO_UNDO)
            return {**_with(marks), kind: True}

        self._save(line)

    def _save(self, line: Callable[[], Line | None]) -> None:
        """Append a line, with all that others appended read.

        Parameters
        ----------
        line
            Returns it for what is there then; None if nothing changes. It is called again where the
            file is written anew first.
        """
        is_done = False
        with self._mutex:
            try:
                while not is_done:
                    with self._locked() as handle:
                        self._read(handle)
                        is_done = self._append(handle, line())
            except OSError as error:
                raise _disk_error(self.path, error) from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open the file that has the path, made if need be, and hold its lock."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        while True:
            is_new = not self.path.exists()
            handle = os.open(self.path, flags, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if not self._is_at_path(handle):  # replaced or set aside by who held the lock
                    continue
                if is_new:
                    sync(self.path.parent)
                yield handle
                return
            finally:
                os.close(handle)  # which gives the lock back

    def _is_at_path(self, handle: int) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(handle), self.path.lstat())
        return False

    def _write_anew(self) -> bool:
        """Replace the file, whose lock is held, by a short one; return whether that could be."""
        new = self.path.with_name(f"{self.path.name}.new")
        self._state.settled = self._state.size  # not to be tried at each change, if it fails
        try:
            whole = self._state.as_line()
            data = as_only_line(orjson.dumps(whole))
            if len(data) >= self._state.size or is_deeper(whole, LINE_DEPTH):
                return False
            new.unlink(missing_ok=True)
            new.touch(0o600, exist_ok=False)
            with new.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, orjson.JSONEncodeError):  # no room, say: the file is as good as it was
            with suppress(OSError):
                new.unlink(missing_ok=True)
            return False
        # from here on the old file is nobody's: an error says that nothing is saved
        new.replace(self.path)
        sync(self.path.parent)
        return True

    def _append(self, handle: int, line: Line | None) -> bool:
        """Append a line; return False if the file was written anew instead."""
        end = self._state.size
        grown = end - self._state.settled
        if grown > LINES_BYTES and self._write_anew():
            return False
        if line is None:
            return True
        if not end:  # first: see `_read`
            line = {NAME: secrets.token_hex(FILE_NAME_BYTES), **line}
        if not self._fits(line, self._state):
            raise RequestError(INVALID, f"{self.path.name}: {NO_VALUE}")
        text = orjson.dumps(line)
        data = self._state.density.as_line(text, partial(os.pread, handle))
        if why := self._why_not(line, text, data):
            if grown > end // UPDATE_RATIO and self._write_anew():
                return False
            raise self._too_large(why)
        self._write(handle, data)
        self._state.apply(line, len(data))
        self._state.density.add(data)
        if not end:
            self._state.head = data[:HEAD_BYTES]
        return True

    def _why_not(self, line: Line, text: bytes, data: bytes) -> str | None:
        """Say why a line is not appended, or return None.

        Parameters
        ----------
        text, data
            It as JSON, and as it would stand in the file.
        """
        adds = SET in line and any(value is not None for value in line[SET].values())
        blanks = len(data) - len(text) - len(b"\n")
        most = LINE_BLANKS * max(1, len(line.get(SET, {})))
        if adds and blanks > most and self._state.density.blanks_of(text) > most:
            return (
                "what is saved would have more lists, objects and keys for its size than is read "
                "again; leave out what is empty in them"
            )
        sets = bool({UNDO, REDO} & line.keys()) or adds
        if self._state.size + len(data) > FILE_BYTES - (MARK_BYTES if sets else 0):
            return (
                f"what is saved takes {FILE_BYTES:,} bytes, and no more fits; remove some of it "
                "first"
            )
        return None

    def _too_large(self, why: str) -> RequestError:
        return RequestError(LARGE, f"{self.path.name}: {why}")

    def _write(self, handle: int, data: bytes) -> None:
        """Put a line at the end of the file, durably, or leave the file as it is."""
        end = self._state.size
        try:
            if os.fstat(handle).st_size != end:
                os.ftruncate(handle, end)  # a line that was cut off, and never acknowledged
                self._state.seen = end
            written = 0
            while written < len(data):
                written += os.pwrite(handle, data[written:], end + written)
            os.fsync(handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(handle, end)
            raise

    def _read(self, handle: int) -> None:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ClaimlogError(f"{self.shown}: is no regular file; move it away")
        size = status.st_size
        head = os.pread(handle, HEAD_BYTES, 0)  # another file may have the number of a former one
        state = self._state
        if state.file != status.st_ino or not head.startswith(state.head):
            state = JournalState(file=status.st_ino)
        state.head = head
        if size < state.size:
            raise ClaimlogError(f"{self.path.name}: is shorter than it was; restore it")
        if size > FILE_BYTES:
            raise ClaimlogError(f"{self.path.name}: has {size:,} bytes, more than a work has")
        try:
            self._read_lines(handle, size, state)
            state.seen = size
        finally:
            self._state = state  # of another file only now: others look at what is there meanwhile

    def _read_lines(self, handle: int, size: int, state: JournalState) -> None:
        """Take up the lines of a file of so many bytes that a state does not have yet."""
        data = os.pread(handle, size - state.size, state.size)
        data = data[: data.rfind(b"\n") + 1]  # of a line that was cut off, nothing counts
        if not data:
            return
        read = partial(os.pread, handle)
        grown = state.density.with_lines(data, read)
        if grown is None:
            raise self._no_line(state)
        for line in io.BytesIO(data):  # all at once would be hundreds of millions of a stranger's
            try:
                value = orjson.loads(line)
            except ValueError as error:
                if state.size + len(line) == size:
                    # what a power cut left of a line that was never acknowledged; keys of those
                    # before it are counted once
                    state.density = state.density.with_lines(b"", read) or state.density
                    return
                raise self._no_line(state) from error
            try:
                if is_saved := self._fits(value, state):
                    state.apply(value, len(line) - 1)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise self._no_line(state) from error
            except ClaimlogError as error:
                raise self._no_line(state, str(error)) from error
            if not is_saved:
                raise self._no_line(state)
            state.density.add(line)
        state.density = grown

    def _fits(self, line: Any, state: JournalState) -> bool:
        """Whether a line can have been saved after those of a state."""
        if not isinstance(line, dict) or is_deeper(line, LINE_DEPTH):
            return False
        cells, marks = line.get(SET, {}), line.get(MARKS, {})
        if WHOLE in line:
            if not _is_whole(line):
                return False
            cells = {key: value for key, (_, value) in line[WHOLE].items()}
            steps = [values for kind in (UNDO, REDO) for step in line[kind] for values in step[:2]]
            if not all(map(self._cells_fit, steps)):
                return False
        if MARK in line:
            marks = {line[MARK]: line.get("data")}
        return (
            all(isinstance(line.get(name, ""), str) for name in (NAME, BY))
            and self._cells_fit(cells)
            and isinstance(marks, dict)
            and len(marks) + len(state.marks) <= MOST_MARKS
            and all(data is None or self._mark_fits(name, data) for name, data in marks.items())
        )

    def _cells_fit(self, cells: Any) -> bool:
        return isinstance(cells, dict) and all(
            value is None or self._cell_fits(key, value) for key, value in cells.items()
        )

    @property
    def shown(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    def _no_line(self, state: JournalState, why: str = "is no line of the desk") -> ClaimlogError:
        return ClaimlogError(
            f"{self.shown}:{state.count + 1}: {why}; restore it from a copy, or move the "
            "file away and begin anew"
        )


def _with(change: MarkChange) -> dict[str, Any]:
    named = {BY: change.by} if change.by else {}
    return {**named, MARKS: change.marks} if change.marks else named


def _is_whole(line: Mapping[str, Any]) -> bool:
    """Whether a line has the form of one that stands for all lines before it."""
    cells, count = line[WHOLE], line.get("count")
    return (
        isinstance(cells, dict)
        and all(_is_pair(cell) and type(cell[0]) is int for cell in cells.values())
        and type(count) is int
        and count >= 0
        and type(line.get(MARKS_LINE, 0)) is int
        and all(
            isinstance(line.get(kind), list) and all(map(_is_step, line[kind]))
            for kind in (UNDO, REDO)
        )
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_step(value: Any) -> bool:
    """Whether it is a `Step` as a list; older files do not say whose it is."""
    return (
        isinstance(value, list)
        and 2 <= len(value) <= 4
        and all(isinstance(name, str) for name in value[2:])
    )


def state_digest(*rows: Any) -> str:
    """Return what tells whether a page shows what is there: a version that was dropped comes again
    with other content.
    """
    return sha256(orjson.dumps(rows, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def require_same_state(given: str | None, present: str, message: str, current: Any) -> None:
    """Refuse a change from a page that shows something else than is there.

    Parameters
    ----------
    given
        What the page was given (`state_digest`); None of who takes whatever is there.

    Raises
    ------
    RequestError
        If it does.
    """
    if given not in (None, present):
        raise stale(message, current)


def stale(message: str, current: Any) -> RequestError:
    """Return the refusal of a change that was made on another state than the last one."""
    return RequestError(STALE, message, current=current)


def _disk_error(path: Path, error: OSError) -> RequestError:
    said = f"{path.name}: could not be saved ({reason(error)})"
    return RequestError(DISK, f"{said}; try again, and keep the page open that has it")
