"""Schema evolution: rows of an older schema version are upcast when read, never rewritten.

``schemas/upcasts.csv`` says, for every version of a stream after the first, what turns a row of
the version before into one of it: ``add`` a column with a constant (JSON), or ``rename`` a column.
Both can be undone, so that a served row gives back the line that was hashed. The Table Schema of
every earlier version is kept as ``schemas/past/STREAM.VERSION.json``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
import pyarrow as pa

from claimlog.errors import ClaimlogError
from claimlog.events.lines import arrow_type
from claimlog.package import Package, read_json
from claimlog.schema import Schemas, Table

FILE = "schemas/upcasts.csv"
PAST = "past"


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
            If one is neither add nor rename, or is of no stream.
        """
        path = self.package.root / FILE
        if not path.is_file():
            return []
        with path.open(encoding="utf-8", newline="") as handle:
            rows = [
                Step(r["stream"], int(r["to_version"]), r["operation"], r["column"], r["given"])
                for r in csv.DictReader(handle)
            ]
        for step in rows:
            if step.operation not in ("add", "rename") or step.stream not in self.schemas.streams:
                raise ClaimlogError(
                    f"{FILE}: {step.stream} {step.to_version}: expected add or rename of a stream"
                )
        return sorted(rows, key=lambda step: step.to_version)

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
        path = self.schemas.folder / PAST / f"{stream}.{version}.json"
        return Table(stream, read_json(path, self.package.relative(path)))

    def up(self, frame: pl.DataFrame, stream: str, version: int) -> pl.DataFrame:
        """Return rows of a version as rows of the present one."""
        now = self.schemas.streams[stream]
        for step in self._between(stream, version):
            if step.operation == "rename":
                frame = frame.rename({step.given: step.column})
            else:
                kind = arrow_type(now.by_name[step.column])
                value = pa.array([json.loads(step.given)] * frame.height, kind)
                column = pl.from_arrow(value)
                assert isinstance(column, pl.Series)
                frame = frame.with_columns(column.alias(step.column))
        return frame.select(now.names) if version < now.version else frame

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
