"""Folds of one stream: live rows, versions with their spans, and list columns as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from claimlog.schema.table_schema import Table

Frame = nw.LazyFrame[Any]
"""Lazy rows on any Narwhals backend."""


def frame_like(
    columns: Mapping[str, Sequence[object]], types: Mapping[str, Any], like: Frame
) -> Frame:
    """Return a frame of columns that the fold computed, on the backend of the frame `like`."""
    backend = like.implementation
    if not backend.is_spark_like():
        return nw.from_dict(columns, schema=nw.Schema(types), backend=backend).lazy()
    # Spark makes frames in a session only, and takes them from Arrow
    rows = nw.from_dict(columns, schema=nw.Schema(types), backend="pyarrow")
    return rows.lazy(backend, session=like.to_native().sparkSession)


NARWHALS_TYPES = {
    "integer": nw.Int64(),
    "number": nw.Float64(),
    "boolean": nw.Boolean(),
}


def frame_of_table(rows: Sequence[Mapping[str, object]], table: Table, like: Frame) -> Frame:
    """Return rows of a table without lists that the fold computed itself, with its types."""
    types = {item.name: NARWHALS_TYPES.get(item.type, nw.String()) for item in table.fields}
    columns = {name: [row[name] for row in rows] for name in types}
    return frame_like(columns, types, like)


def persist_shared(rows: Frame) -> Frame:
    """Let Spark keep rows that several tables need, because it runs a plan anew for every table.

    It forgets them at the end of its session.
    """
    if not rows.implementation.is_spark_like():
        return rows
    persisted: Frame = nw.from_native(rows.to_native().persist())
    return persisted


def prefix(rows: Frame, size: int) -> Frame:
    """Return the rows among the first `size` of the log."""
    return rows.filter(nw.col("seq") < size)


def live_rows(rows: Frame, key: str) -> Frame:
    """Return the last row of every entity that is not retracted (a tombstone)."""
    last = nw.col("seq") == nw.col("seq").max().over(key)
    # at once: a second filter would copy fifty columns again
    return persist_shared(rows.filter(last & (nw.col("action") != "retract")))


def version_spans(rows: Frame, key: str) -> Frame:
    """Return every row with the span of the log in which it holds.

    Adds ``valid_from_seq`` (its own position) and ``valid_to_seq`` (that of the next version, null
    for the last).
    """
    return rows.with_columns(
        nw.col("seq").alias("valid_from_seq"),
        nw.col("seq").shift(-1).over(key, order_by="seq").alias("valid_to_seq"),
    )


def items_of_list(rows: Frame, key: str, column: str, name: str) -> Frame:
    """Return the items of a list column, one a row, as (`key`, `name`); empty lists give none."""
    lists = rows.filter(nw.col(column).list.len() > 0).select(key, nw.col(column).alias(name))
    return lists.explode(name)


def structs_of_list(rows: Frame, key: str, column: str, fields: dict[str, str]) -> Frame:
    """Return the structs of a list column, one a row; `fields` maps their fields to new names."""
    parts = items_of_list(rows, key, column, "part")
    return parts.select(
        key, *(nw.col("part").struct.field(name).alias(new) for name, new in fields.items())
    )


def structs_with_position(
    rows: Frame, key: str, column: str, fields: tuple[str, ...], number: str, most: int
) -> Frame:
    """Return the structs of a list column with their 1-based position as `number`.

    Position by position up to `most` (the schema's limit), because no backend keeps the order of
    an exploded list for sure.
    """
    parts = []
    for index in range(most):
        long_enough = rows.filter(nw.col(column).list.len() > index)
        part = nw.col(column).list.get(index).struct
        parts.append(
            long_enough.select(
                key,
                nw.lit(index + 1).cast(nw.Int64).alias(number),
                *(part.field(name).alias(name) for name in fields),
            )
        )
    return nw.concat(parts, how="vertical")
