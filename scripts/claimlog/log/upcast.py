"""Schema evolution: rows of an older schema version are upcast when read, never rewritten.

``schemas/upcasts.csv`` says, for every version of a stream after the first, what turns a row of
the version before into one of it: ``add`` a column with a constant (JSON), or ``rename`` a column.
Both can be undone, so that a served row gives back the line that was hashed. The Table Schema of
every earlier version is kept as ``schemas/past/STREAM.VERSION.json``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

import polars as pl
import pyarrow as pa

from claimlog.errors import ClaimlogError
from claimlog.limits import CONSTANT
from claimlog.log.lines import arrow_type
from claimlog.package import Package
from claimlog.schema.table_schema import STREAMS, Schemas, Table
from claimlog.strict_json import decode_value

FILE = "schemas/upcasts.csv"
PAST = "past"
COLUMNS = ("stream", "to_version", "operation", "column", "given")


@dataclass(frozen=True)
class Step:
    """One operation of an upcast: `given` is the constant of an added column, or the old name."""

    stream: str
    to_version: int
    operation: str
    column: str
    given: str


class Upcasts:
    """The upcasts of a package."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.package: Package = schemas.package

    @cached_property
    def steps(self) -> list[Step]:
        """Every operation, oldest version first.

        Raises
        ------
        ClaimlogError
            If the file or one of its lines says something else than operations on streams.
        """
        path = self.package.root / FILE
        if not path.is_file():
            return []
        rows = [
            self._step(row, line) for line, row in enumerate(self.package.table(FILE, COLUMNS), 2)
        ]
        return sorted(rows, key=lambda step: step.to_version)

    def _step(self, row: Mapping[str, str], line: int) -> Step:
        step = Step(row["stream"], -1, *(row[name] for name in COLUMNS[2:]))
        table = self.schemas.streams.get(step.stream)
        expected = None
        if table is None:
            expected = f"a stream ({', '.join(STREAMS)})"
        elif not re.fullmatch("[0-9]{1,6}", row["to_version"]):
            expected = f"a version, not {row['to_version']!r}"
        elif step.operation not in ("add", "rename"):
            expected = f"add or rename, not {step.operation!r}"
        elif len(step.given) > CONSTANT:
            expected = f"at most {CONSTANT} characters, not {len(step.given)}"
        elif step.operation == "add":
            try:
                decode_value(step.given)
            except ValueError as error:
                expected = f"a constant in JSON ({error})"
        if expected:
            raise ClaimlogError(f"{FILE}:{line}: expected {expected}; restore it from git")
        return replace(step, to_version=int(row["to_version"]))

    def table(self, stream: str, version: int) -> Table:
        """Return the Table Schema that rows of a version were written by.

        Raises
        ------
        ClaimlogError
            If it was not kept.
        """
        now = self.schemas.streams[stream]
        if version >= now.version:
            return now
        return self.schemas.stream(stream, f"{PAST}/{stream}.{version}.json")

    def up(self, frame: pl.DataFrame, stream: str, version: int) -> pl.DataFrame:
        """Return rows of a version as rows of the present one.

        Raises
        ------
        ClaimlogError
            If the operations do not lead from the schema of that version to the present one.
        """
        now = self.schemas.streams[stream]
        steps = self._between(stream, version)
        try:
            for index, step in enumerate(steps):
                if step.operation == "rename":
                    frame = frame.rename({step.given: step.column})
                else:
                    # its type stands in the present schema, under its present name
                    name = reduce(_renamed, steps[index + 1 :], step.column)
                    kind = arrow_type(now.by_name[name])
                    column = pl.from_arrow(pa.array([decode_value(step.given)], kind))
                    assert isinstance(column, pl.Series)
                    value = column.new_from_index(0, frame.height)
                    frame = frame.with_columns(value.alias(step.column))
            return frame.select(now.names) if version < now.version else frame
        except (KeyError, ClaimlogError, pa.ArrowException, pl.exceptions.PolarsError) as error:
            raise ClaimlogError(
                f"{FILE}: the operations on {stream} do not make version {now.version} of "
                f"version {version} ({str(error).splitlines()[0]}); restore it from git"
            ) from error

    def down(self, row: Mapping[str, Any], stream: str, version: int) -> dict[str, Any]:
        """Return a row of the present version as the one of `version` that it was read from."""
        then = {name: row[name] for name in self.schemas.streams[stream].names}
        for step in reversed(self._between(stream, version)):
            value = then.pop(step.column)
            if step.operation == "rename":
                then[step.given] = value
        return then

    def _between(self, stream: str, version: int) -> list[Step]:
        return [s for s in self.steps if s.stream == stream and s.to_version > version]


def _renamed(name: str, step: Step) -> str:
    """Return what a column is called after an operation."""
    return step.column if step.operation == "rename" and step.given == name else name
