"""Renamed columns: for one minor release a view keeps the table's old shape.

``schemas/deprecations.csv`` lists them: table, old column, new column, the release since which the
column has its new name, and the one from which on the view is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from claimlog.errors import ClaimlogError
from claimlog.export.sqlite import quoted
from claimlog.log.release_index import VERSION
from claimlog.package import Package
from claimlog.schema.flaws import name_flaw
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


def read_deprecations(package: Package, tables: Mapping[str, Table]) -> list[Deprecation]:
    """Return the deprecations of a package.

    Raises
    ------
    ClaimlogError
        If one names a table or new column that does not exist, or an old one that still does.
    """
    path = package.root / FILE
    if not path.is_file():
        return []
    columns = tuple(Deprecation.__dataclass_fields__)
    found = [Deprecation(**row) for row in package.table(FILE, columns)]
    for item in found:
        if (flaw := name_flaw(item.column, "a column")) or not (
            VERSION.fullmatch(item.since) and VERSION.fullmatch(item.until)
        ):
            raise ClaimlogError(f"{FILE}: {flaw or 'since and until are no versions'}; mend it")
        names = tables[item.table].names if item.table in tables else ()
        if item.renamed_to not in names or item.column in names:
            raise ClaimlogError(
                f"{FILE}: {item.table}.{item.column} is said to be {item.renamed_to} now; "
                f"{item.table} has the columns {', '.join(names) or '(no such table)'}"
            )
    return found


def views(found: list[Deprecation], tables: Mapping[str, Table]) -> Iterator[str]:
    """Yield the statements that make the compatibility views, one a table: TABLE_before_VERSION."""
    grouped: dict[tuple[str, str], dict[str, str]] = {}
    for item in found:
        grouped.setdefault((item.table, item.since), {})[item.renamed_to] = item.column
    for (name, since), old in grouped.items():
        columns = ", ".join(
            f"{quoted(column)} AS {quoted(old[column])}" if column in old else quoted(column)
            for column in tables[name].names
        )
        view = quoted(f"{name}_before_{since.replace('.', '_')}")
        yield f"CREATE VIEW {view} AS SELECT {columns} FROM {quoted(name)}"
