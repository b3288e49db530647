"""Offsets of other tools, converted to those of the canonical text: code points, LF, NFC."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

import regex

from claimlog.errors import ClaimlogError
from claimlog.interchange.annotations import UTF_16
from claimlog.sources.characters import canonical_text, cluster_spans

BOM = "\ufeff"

LONGEST_CHARACTER = 200
"""Code points that a reader sees as one character: a family of emoji has some ten."""


class OffsetMap:
    """Converts offsets into a text of another tool to offsets into its canonical text.

    >>> OffsetMap("\\r\\n👍 x", UTF_16).canonical_offset(5)
    3
    """

    def __init__(self, text: str, unit: str) -> None:
        """Prepare the conversion.

        Parameters
        ----------
        text
            As the tool has it.
        unit
            What the offsets count, one of `annotations.UNITS`.

        Raises
        ------
        ClaimlogError
            If the text cannot be normalised.
        """
        self.text = text
        self._pairs = _surrogate_pairs(text) if unit == UTF_16 else array("I")
        body = text.removeprefix(BOM)
        self.canonical = canonical_text(body)
        # start and end, in the text and in the canonical one, of what normalising changes; there
        # may be millions
        self._starts, self._ends = array("I"), array("I")
        self._new_starts, self._new_ends = array("I"), array("I")
        if body is not text:
            self._note_change(0, 1, 0, 0)
        if self.canonical != body:
            self._find_changes(body, len(text) - len(body))

    def _note_change(self, start: int, end: int, new_start: int, new_end: int) -> None:
        self._starts.append(start)
        self._ends.append(end)
        self._new_starts.append(new_start)
        self._new_ends.append(new_end)

    def _find_changes(self, body: str, skipped: int) -> None:
        written = 0
        for start, end in cluster_spans(body):
            cluster = body[start:end]
            new = canonical_text(cluster)
            if not self.canonical.startswith(new, written):
                break
            # of one sign that becomes another one every offset stays
            if new != cluster and not len(new) == len(cluster) == 1:
                new_end = written + len(new)
                self._note_change(start + skipped, end + skipped, written, new_end)
            written += len(new)
        else:
            if written == len(self.canonical):
                return
        raise ClaimlogError("a text that cannot be brought to NFC piece by piece; save it in NFC")

    def canonical_offset(self, offset: int) -> int | None:
        """Return an offset in the canonical text; None if it lies inside of a character there."""
        if self._pairs:
            count = bisect_left(self._pairs, offset)
            if count and self._pairs[count - 1] + 1 == offset:
                return None  # between the two units of a character
            offset -= count
        if not 0 <= offset <= len(self.text):
            return None
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return offset
        start, end = self._starts[index], self._ends[index]
        if offset >= end:
            return self._new_ends[index] + offset - end
        return self._inside(start, end, self._new_starts[index], offset)

    def _inside(self, start: int, end: int, new_start: int, offset: int) -> int | None:
        if offset == start:
            return new_start
        if end - start > LONGEST_CHARACTER:
            return None  # no character: each offset in it would be normalised anew
        before, after = (
            canonical_text(self.text[start:offset]),
            canonical_text(self.text[offset:end]),
        )
        whole = canonical_text(self.text[start:end])
        return new_start + len(before) if before + after == whole else None

    def words(self, start: int, end: int, most: int | None = None) -> str | None:
        """Return the canonical words between two offsets of the tool, None if they are none.

        Parameters
        ----------
        most
            Characters of them that are wanted; by default all.
        """
        first, last = self.canonical_offset(start), self.canonical_offset(end)
        if first is None or last is None:
            return None
        return self.canonical[first : last if most is None else min(last, first + most)]


def _surrogate_pairs(text: str) -> array[int]:
    """Return the UTF-16 offset of every code point that takes two units."""
    astral = (match.start() for match in regex.finditer(r"[\U00010000-\U0010ffff]", text))
    return array("I", (index + number for number, index in enumerate(astral)))
