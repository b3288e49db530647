"""Thrift's compact protocol, in which Parquet files describe themselves, as far as they use it.

Libraries give what a file says after they have read it as they do; what it says besides, to other
readers, is seen here only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

DEPTH = 12
"""Levels of nesting: a footer has eight, and a page header three."""

LAST_FIELD = (1 << 15) - 1
LAST_NUMBER = (1 << 64) - 1

BOOL, I16, I32, I64, BINARY, LIST, STRUCT = 1, 4, 5, 6, 8, 9, 12
"""Types of values on the wire; a truth value in a field is of one of two, by what it is."""

FALSE = 2
BITS = {I16: 16, I32: 32, I64: 64}

Fields = dict[int, object]
"""A struct: its fields by number."""


@dataclass(frozen=True)
class Shape:
    """What a field has to be, so that every reader finds the same bytes in it.

    Readers take the values of a list for what they expect, whatever type the list states, and pass
    over a field of another type than they expect.

    Attributes
    ----------
    kind
        Its type; None for any but a list that is not empty.
    of
        The type of a list's values.
    fields
        Those of a struct, or of the structs in a list, that have to be something; None for any.
    most
        Values of a list at most: an empty struct is one byte, and hundreds once a reader has it.
    kept
        Whether it is among the fields that are returned.
    """

    kind: int | None = None
    of: int | None = None
    fields: Mapping[int, Shape] | None = field(default_factory=dict)
    most: int | None = None
    kept: bool = True


ANY, PASSED_OVER = Shape(fields=None), Shape(kept=False)


class Compact:
    """Reads one struct after the other from bytes; ``at`` is the place behind the last."""

    def __init__(self, data: bytes, name: str, others: Shape = PASSED_OVER) -> None:
        """Prepare reading.

        Parameters
        ----------
        name
            What the bytes are, as the message of a `ValueError` says: "a page header".
        others
            The shape of fields of which none is given.
        """
        self.data = data
        self.name = name
        self.others = others
        self.at = 0

    def struct(self, depth: int = DEPTH, shapes: Mapping[int, Shape] | None = None) -> Fields:
        """Return the fields of a struct: numbers, bytes, lists and structs; floats as bytes.

        Parameters
        ----------
        shapes
            What fields have to be, by number; others have the shape of others then.

        Raises
        ------
        ValueError
            If there is none, or one that is nested too deeply, whose fields are not in their order
            or which is of another shape.
        """
        fields: Fields = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            last, number = number, number + step if step else self._integer()
            if not last < number <= LAST_FIELD:  # twice: readers differ in what becomes of it
                raise ValueError(f"{self.name} has fields in another order than their own")
            shape = ANY if shapes is None else shapes.get(number, self.others)
            if shape.kind not in (None, BOOL if kind == FALSE else kind):
                raise self._unexpected()
            # a truth value is in its type
            is_said = kind in (BOOL, FALSE)
            value = kind == BOOL if is_said else self._value(kind, depth, shape)
            if shape.kept:
                fields[number] = value
        return fields

    def _value(self, kind: int, depth: int, shape: Shape = ANY) -> object:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in BITS:
            number = self._integer()
            if number.bit_length() >= BITS[kind]:  # readers keep the part that they have room for
                raise self._unexpected()
            return number
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._varint())
        if kind in (9, 10) and depth:
            head = self._byte()
            count, of = head >> 4, head & 15
            count = self._varint() if count == 15 else count
            if count and shape.fields is not None and shape.of != of:
                raise self._unexpected()
            if shape.most is not None and count > shape.most:
                raise ValueError(
                    f"{self.name} lists {count:,} of what there are {shape.most:,} at most"
                )
            inner = Shape(fields=shape.fields)
            values = (self._value(of, depth - 1, inner) for _ in range(count))
            return [*values] if shape.kept else deque(values, 0)
        if kind == STRUCT and depth:
            return self.struct(depth - 1, shape.fields)
        raise self._unexpected()

    def _unexpected(self) -> ValueError:
        return ValueError(f"{self.name} holds what none does")

    def _integer(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128 and number <= LAST_NUMBER:
                return number
        raise ValueError(f"{self.name} holds an endless number")

    def _byte(self) -> int:
        start, self.at = self.at, self.at + 1
        if start >= len(self.data):
            raise self._cut_off()
        return self.data[start]

    def _bytes(self, count: int) -> bytes:
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise self._cut_off()
        return self.data[start : self.at]

    def _cut_off(self) -> ValueError:
        return ValueError(f"{self.name} is cut off")
