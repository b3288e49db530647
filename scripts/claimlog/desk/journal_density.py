"""Whether a file of `journal` is still read with a line more, counted as the file grows.

What JSON takes in memory is estimated as `untrusted_files.is_dense` does, and of the keys never
fewer are counted than there. Those of a long file are counted by whoever reads it, and never all of
them by who saves a line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf
from typing import Self

from claimlog.untrusted_files import (
    DENSE_BYTES,
    KEY_BYTES,
    MOST_GROWTH,
    memory_room,
    short_keys,
)

MOST_KEYS = 100_000
"""Keys of a file that are remembered, which takes some 10 MB; any other counts in each line."""

Read = Callable[[int, int], bytes]
"""Returns so many bytes of the file, from a place on."""


@dataclass
class JournalDensity:
    """Estimated memory of the lines of a file once they are parsed.

    Attributes
    ----------
    size
        Bytes of the lines.
    room
        Bytes of memory that they may take still, but for their keys.
    """

    size: int = 0
    room: int = 0
    _looked_at: int = 0
    """Bytes of the lines whose keys are counted."""
    _keys: int = 0
    _names: set[bytes] = field(default_factory=set)

    def add(self, lines: bytes) -> None:
        """Count whole lines that the file has at its end, but for their keys."""
        self.size += len(lines)
        self.room += memory_room(lines)

    def with_lines(self, lines: bytes, read: Read) -> Self | None:
        """Return the density with lines more, all keys of a long file counted; None if it is dense.

        This density stays as it is.
        """
        grown = replace(self, _names={*self._names})
        grown.add(lines)
        if grown.size <= DENSE_BYTES:
            return grown
        grown._look_at(read(self.size - self._looked_at, self._looked_at) + lines, until_dense=True)
        if grown._room_left < 0 < self.size:  # the count is of all lines together, too
            grown._keys, grown._names = 0, set()
            grown._look_at(read(self.size, 0) + lines, until_dense=True)
        return None if grown._room_left < 0 else grown

    def as_line(self, text: bytes, read: Read) -> bytes:
        """Return JSON as the next line: with blanks at its end if the file were dense without."""
        line = text + b"\n"
        if self.size + len(line) <= DENSE_BYTES:
            return line
        if self._looked_at < self.size:
            self._look_at(read(self.size - self._looked_at, self._looked_at))
        room = self._room_left + memory_room(line)
        if KEY_BYTES * line.count(b":") > room:
            room -= KEY_BYTES * len(self._new_keys(line))
        return text + b" " * _blanks(room) + b"\n"

    def blanks_of(self, text: bytes) -> int:
        """Return how many blanks JSON needs for itself, whatever stands before it."""
        return _blanks(memory_room(text) - KEY_BYTES * len(self._new_keys(text)))

    @property
    def _room_left(self) -> int:
        """Bytes of memory that the file may take still; negative where it is dense."""
        return self.room - KEY_BYTES * self._keys

    def _new_keys(self, lines: bytes, most: float = inf) -> set[bytes]:
        """Return the keys of lines that are not remembered; `most` as for `short_keys`."""
        found = short_keys(lines, most)
        found -= self._names
        return found

    def _look_at(self, lines: bytes, *, until_dense: bool = False) -> None:
        """Count the keys of the lines of which none is counted yet.

        Parameters
        ----------
        until_dense
            Whether to count no more of them than show that the file is dense.
        """
        most = max(0, self._room_left // KEY_BYTES) + len(self._names) if until_dense else inf
        new = self._new_keys(lines, most)
        self._keys += len(new)
        self._names.update(islice(new, MOST_KEYS - len(self._names)))
        self._looked_at = self.size


def as_only_line(text: bytes) -> bytes:
    """Return JSON as the one line of a file, with blanks at its end if it were dense without."""
    return JournalDensity().as_line(text, lambda *_: b"")


def _blanks(room: int) -> int:
    """Return how many blanks make up for memory of so many bytes below zero."""
    return max(0, -(room // MOST_GROWTH))
