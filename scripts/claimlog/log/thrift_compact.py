"""Thrift's compact protocol, in which Parquet files describe themselves, as far as they use it.

Libraries give what a file says after they have read it as they do; what it says besides, to other
readers, is seen here only.
"""

from __future__ import annotations

DEPTH = 12
"""Levels of nesting: a footer has eight, and a page header three."""

Fields = dict[int, object]
"""A struct: its fields by number."""


class Compact:
    """Reads one struct after the other from bytes; ``at`` is the place behind the last."""

    def __init__(self, data: bytes, name: str) -> None:
        """Prepare reading.

        Parameters
        ----------
        name
            What the bytes are, as the message of a `ValueError` says: "a page header".
        """
        self.data = data
        self.name = name
        self.at = 0

    def struct(self, depth: int = DEPTH) -> Fields:
        """Return the fields of a struct: numbers, bytes, lists and structs; floats as bytes.

        Raises
        ------
        ValueError
            If there is none, or one that is nested too deeply.
        """
        fields: Fields = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._integer()
            # a truth value is in its type
            fields[number] = kind == 1 if kind in (1, 2) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> object:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._integer()
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._varint())
        if kind in (9, 10) and depth:
            head = self._byte()
            count, of = head >> 4, head & 15
            count = self._varint() if count == 15 else count
            return [self._value(of, depth - 1) for _ in range(count)]
        if kind == 12 and depth:
            return self.struct(depth - 1)
        raise ValueError(f"{self.name} holds what none does")

    def _integer(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise ValueError(f"{self.name} holds an endless number")

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise ValueError(f"{self.name} is cut off")
        return self.data[start : self.at]
