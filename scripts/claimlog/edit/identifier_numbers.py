"""Numbered identifiers, a text and a number behind it (L0001, C012-003): which one is next.

How many digits a number has at least stands in the pattern of the column, for claims in
`numbered_claims_of`. Search finds one with zeros left out (`MOST_ZEROS` in `site/search/leads`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from claimlog.schema.table_schema import Table

NUMBERED = re.compile(
    r"\^(?P<head>[A-Za-z][A-Za-z0-9-]*?)\[0-9\]\{(?P<width>[1-9])(?:,[0-9]*)?\}\$"
)
"""A pattern of identifiers that are numbers behind a text, so that the next one can be proposed."""

DIGITS = 18
"""Digits of a number that is counted on from: a stranger's may have thousands."""


@dataclass(frozen=True)
class NumberedIdentifiers:
    """Identifiers that are a number of at least some digits behind a text."""

    head: str
    width: int

    def identifier(self, number: int) -> str:
        return f"{self.head}{number:0{self.width}d}"

    def number_in(self, identifier: str) -> int | None:
        """Return the number of an identifier of this form; None of another, or a longer one."""
        digits = identifier.removeprefix(self.head)
        is_number = digits.isascii() and digits.isdigit() and self.head + digits == identifier
        return int(digits) if is_number and len(digits) <= DIGITS else None

    def next_after(self, used: Iterable[str]) -> int:
        """Return the first number beyond those that are used."""
        numbers = UsedNumbers(lambda: used)
        return numbers.next_number(self)


class UsedNumbers:
    """The identifiers of a stream, of which the next in a form is found without reading all anew.

    Parameters
    ----------
    known
        Gives those that are there already; it is asked once, and only if one is to be proposed.
    """

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self.known = known
        self.taken: list[str] = []
        self.last: dict[str, int] | None = None
        self.longer: set[str] = set()

    def take(self, identifier: str) -> None:
        """Count an identifier as used."""
        if self.last is None:
            self.taken.append(identifier)
        else:
            self._enter(self.last, identifier)

    def next_in(self, form: NumberedIdentifiers) -> str:
        """Return the first identifier of a form beyond those that are used."""
        return form.identifier(self.next_number(form))

    def next_number(self, form: NumberedIdentifiers) -> int:
        """Return the number of `next_in`."""
        if self.last is None:
            self.last = {}
            for identifier in (*self.known(), *self.taken):
                self._enter(self.last, identifier)
        number = self.last.get(form.head, 0) + 1
        while form.identifier(number) in self.longer:
            number += 1
        return number

    def _enter(self, last: dict[str, int], identifier: str) -> None:
        """Enter the number of an identifier, behind every text that it can be behind."""
        count = len(identifier) - len(identifier.rstrip("0123456789"))
        if count > DIGITS:
            self.longer.add(identifier)
        for width in range(min(count, DIGITS), 0, -1):
            head = identifier[:-width]
            last[head] = max(last.get(head, 0), int(identifier[-width:]))


def numbered_identifiers_of(table: Table) -> NumberedIdentifiers | None:
    """Return how the identifiers of a stream are numbered; None if people choose names.

    Those of claims are numbered within each source: see `numbered_claims_of`.
    """
    found = NUMBERED.fullmatch(str(table.by_name[table.id].constraints.get("pattern", "")))
    return NumberedIdentifiers(found["head"], int(found["width"])) if found else None


def numbered_claims_of(source: str) -> NumberedIdentifiers:
    """Return how the claims of a source are numbered: those of S012 are C012-001, C012-002 …"""
    return NumberedIdentifiers(f"C{source[1:]}-", 3)


def form_and_number(table: Table, identifier: str) -> tuple[NumberedIdentifiers, int] | None:
    """Return how an identifier of a stream is numbered, and its number; None if it was chosen.

    A number has as many digits as this one, at least. That of a claim tells by itself within which
    source.
    """
    numbered = (
        numbered_claims_of(identifier.rpartition("-")[0])
        if table.name == "claims"
        else numbered_identifiers_of(table)
    )
    number = numbered.number_in(identifier) if numbered else None
    if numbered is None or number is None:
        return None
    digits = len(identifier) - len(numbered.head)
    return NumberedIdentifiers(numbered.head, max(numbered.width, digits)), number


def is_numbered(table: Table) -> bool:
    """Whether the next identifier of a stream is proposed, so that a row can leave it out."""
    return table.name == "claims" or numbered_identifiers_of(table) is not None


def next_identifier(table: Table, used: Iterable[str]) -> str | None:
    """Return the first identifier of a stream beyond those used; None if people choose names."""
    numbered = numbered_identifiers_of(table)
    return numbered.identifier(numbered.next_after(used)) if numbered else None
