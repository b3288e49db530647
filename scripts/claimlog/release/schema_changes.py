"""Changes of tables and columns between two states of the dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from claimlog.log.event_log import Log
from claimlog.log.read_file import written_as
from claimlog.release.dataset_state import Shape
from claimlog.schema.deprecations import Deprecation
from claimlog.schema.table_schema import RETIRED, Table


@dataclass(frozen=True)
class SchemaChange:
    """One difference of the tables' shapes, or a column that rows fill no more.

    `breaks`: code that reads the tables may fail. `adds`: it is a table or column that is new.
    `column`: the new column of a table that was there before. `kind`: what differs, in a word or
    two that no later version words otherwise; `name` is the column, where it is one.
    """

    table: str
    text: str
    breaks: bool
    adds: bool = True
    column: str | None = None
    kind: str = ""
    name: str | None = None


def shape_changes(
    old: Shape, new: Shape, deprecated: Sequence[Deprecation]
) -> Iterator[SchemaChange]:
    """Yield what differs between the tables of two states, table by table."""
    in_views = {(item.table, item.column) for item in deprecated}
    for name in sorted(set(old) | set(new)):
        if name not in new:
            text = f"the table {name} is gone"
            yield SchemaChange(name, text, breaks=True, kind="table_removed")
        elif name not in old:
            yield SchemaChange(name, f"the table {name}", breaks=False, kind="table_added")
        else:
            before, after = old[name]["columns"], new[name]["columns"]
            for column in before:
                if column not in after:
                    view = (name, column) in in_views
                    what = "was renamed; a view keeps the old name" if view else "is gone"
                    text = f"the column {name}.{column} {what}"
                    kind = "column_renamed" if view else "column_removed"
                    yield SchemaChange(name, text, not view, kind=kind, name=column)
                elif before[column] != after[column]:
                    types = f"{before[column]} to {after[column]}"
                    text = f"the column {name}.{column} changed from {types}"
                    yield SchemaChange(name, text, breaks=True, kind="type", name=column)
            for column in after:
                if column not in before:
                    text = f"the column {name}.{column}"
                    kind = "column_added"
                    yield SchemaChange(name, text, False, column=column, kind=kind, name=column)
            if old[name]["key"] != new[name]["key"]:
                text = f"the key of {name} is now {', '.join(new[name]['key'])}"
                yield SchemaChange(name, text, breaks=True, kind="key")


def retired_columns(log: Log, start: int, end: int) -> Iterator[SchemaChange]:
    """Yield the columns that rows up to `start` could fill, and the rows behind them do not.

    What was retired before `start` is said once, in the state that it came with.
    """
    for name, table in log.definition.streams.items():
        then = _last_schema(log, name, start)
        retired = [
            item.name
            for item in table.fields
            if item.retired and item.name in then.by_name and not then.by_name[item.name].retired
        ]
        if not retired:
            continue
        rows = log.scan(name, ("seq", *retired)).filter(pl.col("seq") < end)
        filled = pl.col(*retired).is_not_null().any()
        before, since = (
            rows.filter(condition).select(pl.len().alias("rows"), filled).collect().to_dicts()[0]
            for condition in (pl.col("seq") < start, pl.col("seq") >= start)
        )
        for column in retired:
            if before[column] and since["rows"] and not since[column]:
                compiled = log.definition.tables[name].by_name.get(column)
                derived = compiled is not None and RETIRED not in compiled.description
                how = ", whose values the build derives" if derived else ""
                text = f"rows of {name} no longer fill the column {column}{how}"
                yield SchemaChange(
                    name, text, breaks=False, adds=False, kind="column_retired", name=column
                )


def _last_schema(log: Log, stream: str, size: int) -> Table:
    """Return the schema of the last rows of a stream among the first rows of the log."""
    versions = [
        written_as(batch, stream, log.definition)
        for batch, (end, _) in zip(log.batches, log.trees, strict=True)
        if end <= size and stream in batch.streams
    ]
    if not versions:
        return log.definition.streams[stream]
    return log.definition.judging_schema(stream, versions[-1])
