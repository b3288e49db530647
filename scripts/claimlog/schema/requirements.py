"""Requirements between two columns of a row, as ``schemas/requirements.csv`` states them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.limits import REQUIREMENTS
from claimlog.package import Package
from claimlog.schema.table_schema import TRUTHS, Field, Table

FILE = "schemas/requirements.csv"
COLUMNS = (
    *("id", "stream", "when_column", "when", "then_column", "then"),
    *("severity", "sentence", "reason"),
)
SINCE = "since"
"""Column that may follow: the schema version of the stream from which on the requirement holds."""

SEVERITIES = ("error", "warning")


@dataclass(frozen=True)
class Requirement:
    """A rule of the package: when one column is so, another must be so.

    Attributes
    ----------
    stream
        The stream whose rows it is about; ``*`` for all of them.
    when, then
        A state of a column: set, null, empty, nonempty, yes, no, or codes joined by ``|``.
    since
        Schema version of the stream from which on it holds; rows of earlier versions are not judged
        by it.
    line
        Where it stands in the file.
    """

    id: str
    stream: str
    when_column: str
    when: str
    then_column: str
    then: str
    severity: str
    sentence: str
    reason: str
    since: int = 1
    line: int = 0


def read_requirements(package: Package, streams: Mapping[str, Table]) -> tuple[Requirement, ...]:
    """Read the requirements of a package.

    Raises
    ------
    ClaimlogError
        If the file cannot be read, or a line asks what cannot be asked, with file and line; or
        there are too many.
    """
    found: dict[str, Requirement] = {}
    rows = package.table(FILE, COLUMNS, (SINCE,))
    if len(rows) > REQUIREMENTS:
        raise ClaimlogError(
            f"{FILE}: lists {len(rows):,} requirements, more than the {REQUIREMENTS} that rows are "
            "held against; take out those that say the same"
        )
    for line, row in enumerate(rows, 2):
        if flaw := _flaw(row, streams, found):
            raise ClaimlogError(f"{FILE}:{line}: {flaw}")
        given = {name: row[name] for name in COLUMNS}
        found[row["id"]] = Requirement(**given, since=int(row[SINCE] or 1), line=line)
    return tuple(found.values())


def _flaw(
    row: Mapping[str, str], streams: Mapping[str, Table], known: Mapping[str, Requirement]
) -> str | None:
    """Say what is wrong with a line and what to do, or return None."""
    name = row["id"]
    if row["stream"] not in ("*", *streams) or row["severity"] not in SEVERITIES:
        return (
            f'the rule {name} is of the stream "{row["stream"]}" and the severity '
            f'"{row["severity"]}", of which one does not exist; restore the file from git'
        )
    if not row["sentence"]:
        return f"the rule {name} has no sentence; restore the file from git"
    if name in known:
        return f"{name} is the name of another rule; rename it"
    if not re.fullmatch("([1-9][0-9]{0,5})?", row[SINCE]):
        return f"{name} holds since {row[SINCE]!r}, expected a schema version; mend it"
    for stream in streams if row["stream"] == "*" else (row["stream"],):
        for side in ("when", "then"):
            column, state = row[f"{side}_column"], row[side]
            item = streams[stream].by_name.get(column)
            if item is None or not _can_be(item, state):
                return (
                    f'{name} asks whether {column} of {stream} is "{state}", which cannot be '
                    "asked of it; restore it from git"
                )
    return None


def stated_values(item: Field, state: str) -> list[Any]:
    """Return the values of a column that a state names, yes and no or codes.

    >>> stated_values(Field("hearsay", "boolean", ""), "no")
    [False]
    """
    names = state.split("|")
    return [TRUTHS[name] for name in names] if item.type == "boolean" else [*names]


def _can_be(item: Field, state: str) -> bool:
    """Whether a requirement can name this state of a column."""
    if state in ("set", "null"):
        return True
    if item.type == "boolean":
        return {*state.split("|")} <= {*TRUTHS}
    lists = state in ("empty", "nonempty")
    return lists if item.type == "array" else item.type == "string"
