"""Renamed columns of compiled tables, as ``schemas/deprecations.csv`` lists them.

A line gives the table, the old and the new name of a column, the release since which it has the new
one, and the release from which on the old one is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claimlog.errors import ClaimlogError
from claimlog.limits import DEPRECATIONS
from claimlog.package import Package
from claimlog.schema.flaws import name_flaw
from claimlog.schema.json_schemas import RELEASE_VERSION
from claimlog.schema.table_schema import Table

FILE = "schemas/deprecations.csv"


@dataclass(frozen=True)
class Deprecation:
    """A column's old name, and how long a view keeps it."""

    table: str
    column: str
    renamed_to: str
    since: str
    until: str


def read_deprecations(package: Package, tables: Mapping[str, Table]) -> tuple[Deprecation, ...]:
    """Read the deprecations of a package; none if it has no such file.

    Raises
    ------
    ClaimlogError
        If one names a table or new column that does not exist, or an old one that still does, or
        there are too many.
    """
    if not (package.root / FILE).is_file():
        return ()
    rows = package.table(FILE, tuple(Deprecation.__dataclass_fields__))
    if len(rows) > DEPRECATIONS:
        raise ClaimlogError(
            f"{FILE}: lists {len(rows):,} columns, more than the {DEPRECATIONS} that views are "
            "made for; take out those that are gone by now"
        )
    found = []
    for line, row in enumerate(rows, 2):
        item = Deprecation(**row)
        if (flaw := name_flaw(item.column, "a column")) or not (
            RELEASE_VERSION.fullmatch(item.since) and RELEASE_VERSION.fullmatch(item.until)
        ):
            said = flaw or "since and until are no versions"
            raise ClaimlogError(f"{FILE}:{line}: {said}; mend it")
        names = tables[item.table].names if item.table in tables else ()
        if item.renamed_to not in names or item.column in names:
            raise ClaimlogError(
                f"{FILE}:{line}: {item.table}.{item.column} is said to be {item.renamed_to} now; "
                f"{item.table} has the columns {', '.join(names) or '(no such table)'}"
            )
        found.append(item)
    return tuple(found)
