"""What is wrong with new rows: every fault of a file is said at once, each with its row.

A row is made column by column, and a column that cannot be made does not hide what is wrong with
the others. What the rules find of the rows stands with it, but for what only follows from a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from claimlog.count_wording import names_in_words, number_and_noun
from claimlog.edit.row_origin import RowOrigin
from claimlog.errors import ClaimlogError, Finding, FindingsError
from claimlog.limits import ADDED_FAULTS
from claimlog.schema.definition import Definition
from claimlog.sources.anchor import COLUMNS as ANCHOR
from claimlog.validate.report import code_rules

LISTED_FAULTS = 100
"""Faults of a file that are listed; who has mended these runs the command again."""

ROWS_NAMED = 8
"""Further rows with the same fault that are named behind the first one."""

OF_ANCHORS = (
    *("span-order", "span-inside", "span-source", "span-furniture"),
    *("quote-hash", "anchor-words", "word-boundary"),
)
"""Rules about the place of a row, which say nothing of one that has none."""

COLUMN = re.compile(r'"?(\w+)')
"""What the message of a rule about a column begins with."""

PASSAGE = (*ANCHOR, "source_id", "quote", "occurrence")


@dataclass(frozen=True)
class ColumnFault:
    """What is wrong with a new row, and the columns that could not be made because of it."""

    columns: tuple[str, ...]
    error: ClaimlogError


class UnfitRowError(ClaimlogError):
    """A row that cannot be made; `state` is the row as far as it could be."""

    def __init__(self, faults: Sequence[ColumnFault], state: dict[str, Any]) -> None:
        self.faults = [*faults]
        self.state = state
        self.exit_status = faults[0].error.exit_status
        super().__init__("; besides: ".join(str(fault.error) for fault in faults))


@dataclass(frozen=True, slots=True)
class RowFault(Finding):
    """A fault that was found before there was a row that a rule could judge."""

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.message}"


class FileFaultsError(FindingsError):
    """Every fault of an input of rows; of many the first ones."""

    def __init__(
        self, findings: Sequence[Finding], name: str, outcome: str, is_cut: bool = False
    ) -> None:
        self.findings = [*findings[:LISTED_FAULTS]]
        hidden = len(findings) - len(self.findings)
        cut = f", of which the first {LISTED_FAULTS} are listed" if hidden else ""
        cut += ", and the rows after these were not looked at" if is_cut else ""
        where = f" in {name}" if name else ""
        ClaimlogError.__init__(
            self, f"{number_and_noun(len(findings), 'fault')}{where}{cut}; {outcome}"
        )


@dataclass
class RowFaults:
    """The faults of the rows of an input, by the index of the row.

    Attributes
    ----------
    of_file
        What is wrong with the input as a whole, as a column that no row has.
    unread
        Lines that hold no row that could be read, with what is wrong with each.
    indexes
        The row that each new line of the log was made of, where not every row became one.
    count
        Faults of rows.
    """

    of_rows: dict[int, list[ColumnFault]] = field(default_factory=dict)
    unread: list[tuple[int, ClaimlogError]] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    of_file: list[ColumnFault] = field(default_factory=list)
    count: int = 0

    def __bool__(self) -> bool:
        return bool(self.of_rows or self.unread or self.of_file)

    @property
    def is_full(self) -> bool:
        """Whether no more are held, so that the rows that follow are not looked at."""
        return self.count + len(self.unread) >= ADDED_FAULTS

    def copy(self) -> RowFaults:
        """Return the same faults, to add further ones to."""
        of_rows = {index: [*faults] for index, faults in self.of_rows.items()}
        return RowFaults(of_rows, [*self.unread], [*self.indexes], [*self.of_file], self.count)

    def add(self, index: int, error: ClaimlogError, columns: Iterable[str] = ()) -> None:
        """Note what is wrong with a row, but not anew of columns that are known to be wrong."""
        faults = error.faults if isinstance(error, UnfitRowError) else []
        known = self.columns(index)
        new = [
            fault
            for fault in faults or [ColumnFault((*columns,), error)]
            if not fault.columns or not known.issuperset(fault.columns)
        ]
        self.of_rows.setdefault(index, []).extend(new)
        self.count += len(new)

    def columns(self, index: int) -> set[str]:
        """Return the columns of a row that could not be made."""
        faults = (*self.of_file, *self.of_rows.get(index, ()))
        return {name for fault in faults for name in fault.columns}

    def error(
        self,
        origin: RowOrigin,
        outcome: str,
        judged: Sequence[tuple[int, Finding]] = (),
        others: Sequence[Finding] = (),
    ) -> ClaimlogError:
        """Return the error that says all of it.

        Parameters
        ----------
        judged
            What the rules found of the rows, with the index of each.
        others
            What they found of other rows.
        """
        absent = {name for fault in self.of_file for name in fault.columns}
        faults = [
            (i, fault)
            for i, found in self.of_rows.items()
            for fault in found
            if not absent.intersection(fault.columns)
        ]
        if not self and not judged:
            return FindingsError(others, outcome)  # the input is sound, and the log is not
        if not judged and not others and len(self.of_file) + len(faults) + len(self.unread) == 1:
            where, error = next(
                iter(
                    [(origin.name, fault.error) for fault in self.of_file]
                    or [(origin.place(i), fault.error) for i, fault in faults]
                    or [(f"{origin.name}:{line}", error) for line, error in self.unread]
                )
            )
            # what is wrong in a file is no wrong use of the command
            kind = ClaimlogError if origin.is_file else type(error)
            return kind(f"{where}: {error}; {outcome}")
        found: list[tuple[int | str, Finding]] = [
            (line, RowFault("", origin.name, str(error), line)) for line, error in self.unread
        ]
        for index, fault in faults:
            finding = RowFault("", origin.name, str(fault.error))
            found.append((origin.places[index], origin.locate(finding, index)))
        found += [(origin.places[index], origin.locate(one, index)) for index, one in judged]
        if all(isinstance(place, int) for place, _ in found):
            found.sort(key=lambda pair: int(pair[0]))
        whole = [RowFault("", origin.name, str(fault.error)) for fault in self.of_file]
        every = [*whole, *_grouped(found), *others]
        return FileFaultsError(every, origin.name, outcome, self.is_full)


def _grouped(found: Iterable[tuple[int | str, Finding]]) -> list[Finding]:
    """Return what is wrong, each fault once, with the other rows that have it."""
    groups: dict[tuple[str, str, str | None], list[tuple[int | str, Finding]]] = {}
    for place, finding in found:
        key = (finding.rule, finding.message, finding.remedy)
        groups.setdefault(key, []).append((place, finding))
    return [_with_rows(group) for group in groups.values()]


def _with_rows(group: Sequence[tuple[int | str, Finding]]) -> Finding:
    first = group[0][1]
    # of a place in words its name is enough
    others = [*dict.fromkeys(str(place).partition(" (")[0] for place, _ in group[1:])]
    if not others:
        return first
    noun = "" if isinstance(group[0][0], str) else "line " if len(others) == 1 else "lines "
    again = f"{first.message} (and so in {noun}{names_in_words(others, ROWS_NAMED)})"
    return replace(first, message=again, entity=None)


def independent_findings(
    findings: Iterable[tuple[int, Finding]], faults: RowFaults, definition: Definition
) -> list[tuple[int, Finding]]:
    """Return what rules found of rows, without what only follows from another fault of the row.

    A column that could not be made is empty, and a code that does not exist fits no requirement.
    """
    pairs = [*dict.fromkeys(findings)]
    schema = {name for name, rule in code_rules().items() if rule.layer == "schema"}
    wrong: dict[int, set[str]] = {index: faults.columns(index) for index, _ in pairs}
    kept = [
        (index, one)
        for index, one in pairs
        if one.rule in schema and _column(one) not in faults.columns(index)
    ]
    for index, one in kept:
        wrong[index].add(_column(one))
    needs = {item.id: {item.when_column, item.then_column} for item in definition.requirements}
    for index, one in pairs:
        names = needs.get(one.rule) or {_column(one)}
        if one.rule in OF_ANCHORS:
            names = {"start"}
        is_empty_change = one.rule == "amend-changes" and index in faults.of_rows
        if one.rule not in schema and not names & wrong[index] and not is_empty_change:
            kept.append((index, one))
    return kept


def _column(finding: Finding) -> str:
    match = COLUMN.match(finding.message)
    return match[1] if match else ""
