"""Checks of columns that a table fills from elsewhere where they are null.

``"lookup": "source_id.publisher"`` fills a column of the table of claims with the column
``publisher`` of the source that the claim's ``source_id`` names; ``"derivedFrom": "title"`` fills
one of any table with another of its columns. What rows of the log still say is not filled: a
reader would take it for what was coded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from claimlog.schema.flaws import FOLD_INPUTS
from claimlog.schema.table_schema import ENVELOPE, POSITION, Field, Table

CLAIMS = "claims"


def filled_column_flaw(table: Table, streams: Mapping[str, Table]) -> str | None:
    """Return why a column of a compiled table cannot be filled as it declares, or None."""
    return next(chain(_lookup_flaws(table, streams), _coded_column_flaws(table, streams)), None)


def _coded_column_flaws(table: Table, streams: Mapping[str, Table]) -> Iterator[str]:
    """Yield why a column that rows say, or that is computed, is not filled unless it is retired."""
    stream = next(
        (it for it in streams.values() if table.name in (it.name, f"{it.entity}_versions")), None
    )
    for item in table.fields:
        own = None if stream is None else stream.by_name.get(item.name)
        filled = {
            "lookup": item.lookup is not None and own is not None and not own.retired,
            "derivedFrom": item.derived_from is not None and not (own or item).retired,
        }
        for word in (word for word, is_filled in filled.items() if is_filled):
            yield (
                f"{item.name}: only a column that is retired is filled from elsewhere, because it "
                f"holds what rows say; take {word} out"
            )


def _lookup_flaws(table: Table, streams: Mapping[str, Table]) -> Iterator[str]:
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
