"""Rows of an older schema version as rows of the present one, and back to what was hashed.

Rows are upcast when they are read and never rewritten. Every operation (`schema.upcast_steps`) can
be undone, so that a served row gives back the line that was sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from claimlog.errors import ClaimlogError
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Field
from claimlog.schema.upcast_steps import FILE, UpcastStep, present_name
from claimlog.strict_json import decode_value


def upcast(frame: pl.DataFrame, definition: Definition, stream: str, version: int) -> pl.DataFrame:
    """Return rows of a schema version as rows of the present one.

    Raises
    ------
    ClaimlogError
        If a constant is none of its column's type.
    """
    now = definition.streams[stream]
    if version >= now.version:
        return frame
    steps = definition.steps_after(stream, version)
    try:
        for index, step in enumerate(steps):
            if step.operation == "rename":
                frame = frame.rename({step.given: step.column})
            else:
                # its type stands in the present schema, under its present name
                name = present_name(step.column_name, steps[index + 1 :])
                frame = _with_added(frame, step, now.by_name[name])
        return frame.select(now.names)
    except (KeyError, ClaimlogError, pl.exceptions.PolarsError) as error:
        raise ClaimlogError(
            f"{FILE}: the operations on {stream} do not make version {now.version} of "
            f"version {version} ({str(error).splitlines()[0]}); restore it from git"
        ) from error


def upcast_row(
    row: Mapping[str, Any], definition: Definition, stream: str, version: int
) -> dict[str, Any]:
    """Return one row of a schema version, as JSON holds it, as one of the present version."""
    now = {**row}
    for step in definition.steps_after(stream, version):
        if step.operation == "rename":
            now[step.column] = now.pop(step.given)
        elif step.key:
            parts, added = now[step.column_name], {step.key: decode_value(step.given)}
            now[step.column_name] = parts and [{**part, **added} for part in parts]
        else:
            now[step.column] = decode_value(step.given)
    return {name: now[name] for name in definition.streams[stream].names}


def _with_added(frame: pl.DataFrame, step: UpcastStep, item: Field) -> pl.DataFrame:
    """Return rows with a column more, or with a key more in the objects of a list."""
    if not step.key:
        value = _constant(step.given, item)
        return frame.with_columns(value.new_from_index(0, frame.height).alias(step.column))
    (inner,) = (part for part in item.fields if part.name == step.key)
    kind = frame.schema[step.column_name]
    assert isinstance(kind, pl.List)
    assert isinstance(kind.inner, pl.Struct)
    value = _constant(step.given, inner)
    # the keys of objects are in alphabetical order, as `arrow_type` has them
    names = sorted({*(part.name for part in kind.inner.fields), step.key})
    parts = [
        pl.lit(value.item(), dtype=value.dtype).alias(name)
        if name == step.key
        else pl.element().struct.field(name)
        for name in names
    ]
    column = pl.col(step.column_name)
    objects = column.list.eval(pl.struct(parts))
    return frame.with_columns(objects)


def _constant(given: str, item: Field) -> pl.Series:
    """Return a constant in JSON as a series of one value of a column's type.

    Raises
    ------
    ClaimlogError
        If it is none of that type.
    """
    import pyarrow as pa  # with it numpy: rows that the cache holds need neither

    from claimlog.log.arrow_types import arrow_type

    try:
        series = pl.from_arrow(pa.array([decode_value(given)], arrow_type(item)))
    except pa.ArrowException as error:
        raise ClaimlogError(str(error)) from error
    assert isinstance(series, pl.Series)
    return series


def downcast(
    row: Mapping[str, Any], definition: Definition, stream: str, version: int
) -> dict[str, Any]:
    """Return a row of the present version as the one of `version` that it was read from."""
    then = {name: row[name] for name in definition.streams[stream].names}
    for step in reversed(definition.steps_after(stream, version)):
        if step.key:
            parts = then[step.column_name]
            then[step.column_name] = parts and [
                {name: value for name, value in part.items() if name != step.key} for part in parts
            ]
            continue
        value = then.pop(step.column)
        if step.operation == "rename":
            then[step.given] = value
    return then
