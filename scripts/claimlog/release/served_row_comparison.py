"""Compare the rows of a file with those that the log gives, both in the order of the key.

Neither side is held in memory: expected rows are added in pieces, and the file is read as far as
they reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from claimlog.errors import ClaimlogError, Finding, is_of_the_machine
from claimlog.export.content_hash import Row
from claimlog.log.canonical import encode
from claimlog.release.walk_release import GET_AGAIN
from claimlog.schema.table_schema import Table

MAX_LISTED = 20
"""Most differences of one table that are listed; the rest are counted."""

MAX_COUNTED = 1000
"""Differences after which a file is not read further."""

RULE = "release-rows"
KeyValues = tuple[tuple[int, Any], ...]
RowLine = tuple[Row, bytes]


class RowComparison:
    """Compares a table in a file with the same table folded from the log.

    Attributes
    ----------
    findings
        Up to `LISTED` rows that differ, and why the file could not be read further.
    rows
        Number of rows read from the file.
    """

    def __init__(self, table: Table, display_path: str, served: Iterator[Row]) -> None:
        self.table = table
        self.display_path = display_path
        self.findings: list[Finding] = []
        self.rows = 0
        self._served = served
        self._differing = 0
        self._last: KeyValues = ()
        self._stopped = False
        self._next = self._read()

    def add(self, expected: Iterable[RowLine]) -> None:
        """Compare the next expected rows, each with its canonical line."""
        for row, line in expected:
            key = self._key(row)
            while self._next is not None and self._next[0] < key:
                self._pass_over(self._next[0])
            if self._stopped:
                return
            if self._next is None or self._next[0] != key:
                self._differ(key, "is missing")
                continue
            found = encode(self._next[1])
            if found != line:
                self._differ(key, f"differs from the log in {_differing_columns(line, found)}")
            self._next = self._read()

    def finish(self) -> None:
        """Report the rows that are left in the file, and how many differ in all."""
        while self._next is not None:
            self._pass_over(self._next[0])
        if self._differing > MAX_LISTED:
            more = " or more" if self._differing >= MAX_COUNTED else ""
            self._report(f"{self._differing}{more} rows of {self.table.name} differ in all")

    def _pass_over(self, key: KeyValues) -> None:
        self._differ(key, "is not in the log")
        self._next = self._read()

    def _read(self) -> tuple[KeyValues, Row] | None:
        """Return the next row of the file; None at its end, or if it is not read further."""
        if self._stopped:
            return None
        try:
            row = next(self._served, None)
        except ClaimlogError as error:
            if is_of_the_machine(error):
                raise
            self._stopped = True
            self._report(str(error))
            return None
        if row is None:
            return None
        key = self._key(row)
        if key < self._last:
            self._stopped = True
            self._report(f"row of {self.table.name} is not in the order of the key", _text(key))
            return None
        self.rows += 1
        self._last = key
        return key, row

    def _key(self, row: Row) -> KeyValues:
        # with a rank for the type: a file may hold any value anywhere
        return tuple(
            (0, 0) if part is None else (2, part) if isinstance(part, str) else (1, part)
            for part in (row[name] for name in self.table.primary_key)
        )

    def _differ(self, key: KeyValues, what: str) -> None:
        self._differing += 1
        if self._differing <= MAX_LISTED:
            self._report(f"row of {self.table.name} {what}", _text(key))
        self._stopped = self._stopped or self._differing >= MAX_COUNTED

    def _report(self, message: str, entity: str | None = None) -> None:
        finding = Finding(RULE, self.display_path, message, entity=entity, remedy=GET_AGAIN)
        self.findings.append(finding)


def _text(key: KeyValues) -> str:
    return " ".join(str(part) for _, part in key)


def _differing_columns(expected: bytes, found: bytes) -> str:
    old, new = orjson.loads(expected), orjson.loads(found)
    return ", ".join(name for name in old if old[name] != new[name])
