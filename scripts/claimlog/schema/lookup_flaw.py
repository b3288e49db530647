"""Checks of the property ``lookup``, by which `claims` repeats columns of what claims refer to.

``"lookup": "source_id.publisher"`` fills a column of the table of claims with the column
``publisher`` of the source that the claim's ``source_id`` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from claimlog.schema.flaws import FOLD_INPUTS
from claimlog.schema.table_schema import ENVELOPE, POSITION, Field, Table

CLAIMS = "claims"


def lookup_flaw(table: Table, streams: Mapping[str, Table]) -> str | None:
    """Return why a column of a compiled table cannot be looked up as it declares, or None."""
    return next(_flaws(table, streams), None)


def _flaws(table: Table, streams: Mapping[str, Table]) -> Iterator[str]:
    stream = streams[CLAIMS]
    targets = {key.column: streams[key.table] for key in stream.foreign_keys}
    computed = {stream.id, *ENVELOPE, *FOLD_INPUTS[stream.entity], *POSITION, *targets}
    for item in table.fields:
        if item.lookup is None:
            continue
        column, _, other = item.lookup.partition(".")
        if table.name != CLAIMS:
            yield f"{item.name}: lookup is said in the table of claims alone; take it out"
        elif item.name in computed:
            yield f"{item.name}: is read by its name and cannot be looked up; take lookup out"
        elif column not in targets:
            yield f"{item.name}: lookup names {column[:80]!r}, no foreign key of claims; name one"
        elif not _fits(item, targets[column].by_name.get(other)):
            yield (
                f"{item.name}: lookup names {other[:80]!r}, no column of {targets[column].name} "
                f"with single values of type {item.type} and no other codes; name one"
            )


def _fits(item: Field, there: Field | None) -> bool:
    """Whether every value that a column may hold there can stand in a column of a table."""
    if there is None or there.type != item.type or there.type == "array":
        return False
    return item.enum is None or {*(there.enum or (None,))} <= {*item.enum}
