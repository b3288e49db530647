"""Views that keep a renamed column's old name for one minor release."""

from __future__ import annotations

from collections.abc import Iterator

from claimlog.export.sqlite import sql_identifier
from claimlog.schema.definition import Definition


def compatibility_views(definition: Definition) -> Iterator[str]:
    """Yield the statements that make the views, one a table: TABLE_before_VERSION."""
    grouped: dict[tuple[str, str], dict[str, str]] = {}
    for item in definition.deprecations:
        grouped.setdefault((item.table, item.since), {})[item.renamed_to] = item.column
    for (name, since), old in grouped.items():
        columns = ", ".join(
            f"{sql_identifier(column)} AS {sql_identifier(old[column])}"
            if column in old
            else sql_identifier(column)
            for column in definition.tables[name].names
        )
        view = sql_identifier(f"{name}_before_{since.replace('.', '_')}")
        yield f"CREATE VIEW {view} AS SELECT {columns} FROM {sql_identifier(name)}"
