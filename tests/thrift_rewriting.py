"""Thrift structs with the types of their fields, to be changed and written again."""

from __future__ import annotations

from typing import Any

from claimlog.log.thrift_compact import Compact

Typed = tuple[int, Any]
"""A value with its type: a number, bytes, a list of values of one type, or a struct."""


class TypedCompact(Compact):
    """Reads structs as dictionaries of typed values."""

    def typed_struct(self) -> dict[int, Typed]:
        fields: dict[int, Typed] = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._integer()
            fields[number] = (kind, None if kind in (1, 2) else self._typed_value(kind))
        return fields

    def _typed_value(self, kind: int) -> Any:
        if kind == 9:
            head = self._byte()
            count, of = head >> 4, head & 15
            count = self._varint() if count == 15 else count
            return (of, [self._typed_value(of) for _ in range(count)])
        return self.typed_struct() if kind == 12 else self._value(kind, 1)


def written_struct(fields: dict[int, Typed]) -> bytes:
    parts = []
    last = 0
    for number, (kind, value) in sorted(fields.items()):
        assert 0 < number - last < 16
        parts.append(bytes([(number - last) << 4 | kind]) + _written(kind, value))
        last = number
    return b"".join(parts) + b"\0"


def _written(kind: int, value: Any) -> bytes:
    if kind in (1, 2):
        return b""
    if kind == 3:
        return bytes([value])
    if kind in (4, 5, 6):
        return _varint((value << 1) ^ (value >> 63))
    if kind == 8:
        return _varint(len(value)) + bytes(value)
    if kind == 9:
        of, items = value
        written = [bytes([item]) if of in (1, 2, 3) else _written(of, item) for item in items]
        return bytes([0xF0 | of]) + _varint(len(items)) + b"".join(written)
    assert kind == 12
    return written_struct(value)


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
