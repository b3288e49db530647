"""Identifiers that are numbers behind a text, so that the next one can be proposed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from claimlog.schema.table_schema import Table

NUMBERED = re.compile(
    r"\^(?P<head>[A-Za-z][A-Za-z0-9-]*?)\[0-9\]\{(?P<width>[1-9])(?:,[0-9]*)?\}\$"
)
"""A pattern of identifiers that are numbers behind a text, so that the next one can be proposed."""


@dataclass(frozen=True)
class NumberedIdentifiers:
    """Identifiers that are a number of at least some digits behind a text."""

    head: str
    width: int

    def identifier(self, number: int) -> str:
        return f"{self.head}{number:0{self.width}d}"

    def next_after(self, used: Iterable[str]) -> int:
        """Return the first number beyond those that are used."""
        form = re.compile(rf"{re.escape(self.head)}([0-9]+)")
        found = [int(match[1]) for name in used if (match := form.fullmatch(name))]
        return max(found, default=0) + 1


def numbered_identifiers_of(table: Table) -> NumberedIdentifiers | None:
    """Return how the identifiers of a stream are numbered; None if people choose names."""
    found = NUMBERED.fullmatch(str(table.by_name[table.id].constraints.get("pattern", "")))
    return NumberedIdentifiers(found["head"], int(found["width"])) if found else None
