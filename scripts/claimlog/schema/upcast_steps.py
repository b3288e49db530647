"""What turns a row of an earlier schema version into one of the next: ``schemas/upcasts.csv``.

For every version of a stream after the first the file says which columns it has more than the
version before, each with the constant (JSON) that older rows are filled with (``add``), and which
it calls otherwise (``rename``). A key of the objects in a list is added as ``list.key``. A column
that is retired needs no line: it stays in the schema, and holds null in newer rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from claimlog.errors import ClaimlogError
from claimlog.limits import CONSTANT_VALUE, CONSTANTS, UPCASTS
from claimlog.package import Package
from claimlog.schema.table_schema import Field, Table
from claimlog.strict_json import LARGEST_INTEGER, decode_value

FILE = "schemas/upcasts.csv"
COLUMNS = ("stream", "to_version", "operation", "column", "given")
WITH_EXPONENT = 1e21
"""Numbers from here on are written with an exponent (RFC 8785, section 3.2.2.3)."""
OPERATIONS = ("add", "rename")

Versions = Mapping[tuple[str, int], Table]
"""Table Schemas of earlier versions, by stream and version."""


@dataclass(frozen=True)
class UpcastStep:
    """One operation of an upcast: `given` is the constant of an added column, or the old name."""

    stream: str
    to_version: int
    operation: str
    column: str
    given: str

    @property
    def key(self) -> str:
        """The key that is added to the objects of a list; empty for a whole column."""
        return self.column.partition(".")[2]

    @property
    def column_name(self) -> str:
        """The column, or the one that holds the list whose objects are given a key."""
        return self.column.partition(".")[0]

    @property
    def weight(self) -> int:
        """The characters that the operation adds to a row, or to an object of its list."""
        if self.operation == "rename":
            return 0
        value = decode_value(self.given)
        values = len(value) if isinstance(value, list) else 0
        return len(self.key) + len(self.given) + CONSTANT_VALUE * values


def read_upcast_steps(
    package: Package, streams: Mapping[str, Table], earlier: Versions
) -> tuple[UpcastStep, ...]:
    """Read every operation of a package, oldest version first; none if it has no such file.

    Raises
    ------
    ClaimlogError
        If a line is no operation on a stream, or the operations do not lead from an earlier version
        to the present one.
    """
    lines = package.table(FILE, COLUMNS) if (package.root / FILE).is_file() else []
    found = [_step(row, line, streams) for line, row in enumerate(lines, 2)]
    _refuse_many(found)
    steps = tuple(sorted(found, key=lambda step: step.to_version))
    for (stream, version), table in earlier.items():
        now = streams[stream]
        if flaw := _difference(table, now, steps_after(steps, stream, version)):
            raise ClaimlogError(
                f"{FILE}: the operations on {stream} do not make version {now.version} of "
                f"version {version} ({flaw}); add the line that is missing, or restore it from git"
            )
    return steps


def _refuse_many(steps: Sequence[UpcastStep]) -> None:
    """Refuse operations that make rows many times larger, or take too long."""
    number, added = Counter[str](), Counter[str]()
    for step in steps:
        number[step.stream] += 1
        added[step.stream] += step.weight
    for stream, times in number.items():
        if times > UPCASTS:
            raise ClaimlogError(
                f"{FILE}: has {times:,} operations on {stream}, expected at most {UPCASTS:,}; "
                "restore it from git"
            )
        if added[stream] > CONSTANTS:
            raise ClaimlogError(
                f"{FILE}: the operations on {stream} add {added[stream]:,} characters to an older "
                f"row, expected at most {CONSTANTS:,}; give shorter constants"
            )


def steps_after(steps: Sequence[UpcastStep], stream: str, version: int) -> list[UpcastStep]:
    """Return the operations that a row of a version goes through."""
    return [step for step in steps if step.stream == stream and step.to_version > version]


def present_name(name: str, steps: Sequence[UpcastStep]) -> str:
    """Return what a column is called after some operations."""
    for step in steps:
        if step.operation == "rename" and step.given == name:
            name = step.column
    return name


def _step(row: Mapping[str, str], line: int, streams: Mapping[str, Table]) -> UpcastStep:
    expected = None
    if row["stream"] not in streams:
        expected = f"a stream ({', '.join(streams)})"
    elif not re.fullmatch("[0-9]{1,6}", row["to_version"]):
        expected = f"a version, not {row['to_version']!r}"
    elif row["operation"] not in OPERATIONS:
        expected = f"add or rename, not {row['operation']!r}"
    elif row["operation"] == "add":
        try:
            value = decode_value(row["given"])
        except ValueError as error:
            expected = f"a constant in JSON ({error})"
        else:
            if isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
                # each would be given every key of the present version
                expected = "an empty list, because a list of objects is added empty"
            elif any(map(_is_unwritten, value if isinstance(value, list) else [value])):
                expected = "a number below 2**53 or from 1e+21 on, because no line holds another"
    if expected:
        raise ClaimlogError(f"{FILE}:{line}: expected {expected}; restore it from git")
    rest = (row[name] for name in COLUMNS[2:])
    return UpcastStep(row["stream"], int(row["to_version"]), *rest)


def _is_unwritten(value: object) -> bool:
    """Whether a value is a number that no line can hold: it would be a whole one beyond 2**53."""
    return isinstance(value, float) and LARGEST_INTEGER < abs(value) < WITH_EXPONENT


@dataclass
class _Column:
    """A column on its way through the operations: what it was, and the keys that it was given.

    ``before`` is None for a column that an operation added, which has the present type.
    """

    before: Field | None
    keys: set[str] = field(default_factory=set)


def _difference(then: Table, now: Table, steps: Sequence[UpcastStep]) -> str | None:
    """Say where the operations lead to other columns than the present ones, or return None."""
    columns = {item.name: _Column(item) for item in then.fields}
    for step in steps:
        name, key = step.column_name, step.key
        if step.operation == "rename":
            if step.given not in columns or name in columns or key:
                return f"{step.given[:80]!r} cannot be renamed to {step.column[:80]!r}"
            columns[name] = columns.pop(step.given)
        elif key:
            if name not in columns:
                return f"there is no list {name[:80]!r} to add {key[:80]!r} to"
            columns[name].keys.add(key)
        elif name in columns:
            return f"{name[:80]!r} is added, but is there already"
        else:
            columns[name] = _Column(None)
    for name in sorted({*columns, *now.names}):
        if name not in columns:
            return f"nothing adds {name!r}"
        before = columns[name].before
        if name in then.by_name and (before is None or before.name != name):
            return f"{name[:80]!r} would hold another column than it held"
        if name not in now.by_name:
            return f"{name[:80]!r} is no column of version {now.version}"
        item = now.by_name[name]
        added = columns[name].keys
        if unknown := sorted(added - {part.name for part in item.fields}):
            return f"{name!r} holds no objects with {unknown[0][:80]!r}"
        if before is not None and _kind(before) != _kind(item, added):
            return f"{name!r} has another type"
    return None


def _kind(item: Field, without: set[str] | frozenset[str] = frozenset()) -> object:
    """Return the type of a column, without some keys of its objects, in a form to compare."""
    parts = sorted((part.name, part.type) for part in item.fields if part.name not in without)
    return item.type, item.item.type if item.item else None, parts
