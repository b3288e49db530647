"""Whether a file of `journal` is still read with a line more, counted as the file grows.

What JSON takes in memory is estimated as `untrusted_files.is_dense` does; of the keys never fewer
are counted than there, so that what is written by this count is read by that one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from claimlog.untrusted_files import (
    DENSE_BYTES,
    KEY_BYTES,
    MOST_GROWTH,
    memory_room,
    short_keys,
)

MOST_KEYS = 100_000
"""Keys of a file that are remembered, which takes some 10 MB; any other counts in each line."""


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
    """Bytes of the lines whose keys are counted; of the others each colon counts as one."""
    _colons: int = 0
    _keys: int = 0
    _names: set[bytes] = field(default_factory=set)

    def add(self, lines: bytes) -> None:
        """Count whole lines that the file has at its end."""
        self.size += len(lines)
        self.room += memory_room(lines)
        self._colons += lines.count(b":")

    def may_be_dense(self, lines: bytes) -> bool:
        """Whether the file may be dense with lines more: their keys are not looked at."""
        keys = self._keys + self._colons + lines.count(b":")
        return (
            self.size + len(lines) > DENSE_BYTES
            and self.room + memory_room(lines) < KEY_BYTES * keys
        )

    def as_line(self, text: bytes, read: Callable[[int, int], bytes]) -> bytes:
        """Return JSON as the next line: with blanks at its end if the file were dense without.

        Parameters
        ----------
        read
            Returns so many bytes of the file, from a place on.
        """
        line = text + b"\n"
        if not self.may_be_dense(line):
            return line
        if self._looked_at < self.size:
            self._look_at(read(self.size - self._looked_at, self._looked_at))
        blanks = _blanks(self.room - KEY_BYTES * self._keys + self._room_of(line))
        return text + b" " * blanks + b"\n"

    def blanks_of(self, text: bytes) -> int:
        """Return how many blanks JSON needs for itself, whatever stands before it."""
        return _blanks(self._room_of(text))

    def _room_of(self, line: bytes) -> int:
        """Return the `memory_room` of a line with its keys, but for those that were looked at."""
        return memory_room(line) - KEY_BYTES * len(set(short_keys(line)) - self._names)

    def _look_at(self, lines: bytes) -> None:
        new = set(short_keys(lines)) - self._names
        self._keys += len(new)
        self._names.update(islice(new, MOST_KEYS - len(self._names)))
        self._looked_at, self._colons = self.size, 0


def as_only_line(text: bytes) -> bytes:
    """Return JSON as the one line of a file, with blanks at its end if it were dense without."""
    return JournalDensity().as_line(text, lambda *_: b"")


def _blanks(room: int) -> int:
    """Return how many blanks make up for memory of so many bytes below zero."""
    return max(0, -(room // MOST_GROWTH))
