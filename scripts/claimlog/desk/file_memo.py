"""Memo of small values that are computed from large files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from claimlog.desk.quick_answers import PROMPT_BYTES, require_time
from claimlog.errors import ClaimlogError, is_of_the_machine

V = TypeVar("V")
Signature = tuple[int, ...]

READING_SECONDS = 1
"""Seconds after which no further file is begun to be read before an answer, so that others whose
answers wait for the same thread have their turn."""


class FileMemo(Generic[V]):
    """A value of each file, or why it cannot be read, for as long as the file stays as it is."""

    def __init__(self) -> None:
        self._values: dict[Path, tuple[Signature, V | ClaimlogError]] = {}

    def get(self, path: Path, compute: Callable[[], V]) -> V | None:
        """Return the value of a file, or None if there is no file.

        Parameters
        ----------
        compute
            Reads the file as it is now.

        Raises
        ------
        ClaimlogError
            If it cannot be read.
        """
        signature = _signature(path)  # before it is read: what is changed meanwhile is read again
        if signature is None:
            self._values.pop(path, None)
            return None
        known = self._values.get(path)
        if known is None or known[0] != signature:
            known = self._values[path] = signature, _value_or_flaw(compute)
        value = known[1]
        if isinstance(value, ClaimlogError):
            raise ClaimlogError(str(value))  # one that is raised again and again holds all frames
        return value

    def require(self, computes: Mapping[Path, Callable[[], V]]) -> None:
        """Have those of some files read that have no value yet, as many at a time as take a second.

        Parameters
        ----------
        computes
            As for `get`.

        Raises
        ------
        UnpreparedError
            If they are long, and a prompt answer is made.
        """
        sizes = {path: self._unread_bytes(path) for path in computes}

        def read_some() -> None:
            end = time.monotonic() + READING_SECONDS
            for path in (path for path, size in sizes.items() if size):
                try:
                    self.get(path, computes[path])
                except ClaimlogError as error:
                    if is_of_the_machine(error):  # nothing is known of the file
                        raise
                if time.monotonic() > end:
                    return

        if sum(sizes.values()) > PROMPT_BYTES:
            require_time(read_some)

    def _unread_bytes(self, path: Path) -> int:
        signature, known = _signature(path), self._values.get(path)
        return 0 if signature is None or (known and known[0] == signature) else signature[1]


def _value_or_flaw(compute: Callable[[], V]) -> V | ClaimlogError:
    try:
        return compute()
    except ClaimlogError as error:
        if is_of_the_machine(error):
            raise
        return ClaimlogError(str(error))


def _signature(path: Path) -> Signature | None:
    """Return what changes when a file is changed or replaced; None if there is none."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError:
        return 0, 0, 0, 0  # reading it says what is wrong
    # who may read it changes its state and not its content
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
