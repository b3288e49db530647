"""Arrow types of a stream's columns, in which its rows are parsed and written."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from claimlog.log.column_types import column_type
from claimlog.schema.table_schema import Field, Table

TYPES = {
    pl.Int64(): pa.int64(),
    pl.Float64(): pa.float64(),
    pl.Boolean(): pa.bool_(),
    pl.String(): pa.string(),
}


def arrow_type(item: Field) -> pa.DataType:
    """Return the Arrow type of a column."""
    return _arrow_type(column_type(item))


def arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a stream's rows, in the order of its Table Schema."""
    return pa.schema([(item.name, arrow_type(item)) for item in table.fields])


def parquet_elements(schema: pa.Schema) -> int:
    """Return the number of elements that a schema has in Parquet, the root and groups included."""
    return 1 + sum(_elements(field.type) for field in schema)


def _elements(kind: pa.DataType) -> int:
    if pa.types.is_list(kind):
        return 2 + _elements(kind.value_type)
    return 1 + sum(_elements(kind.field(at).type) for at in range(kind.num_fields))


def _arrow_type(kind: Any) -> pa.DataType:
    if isinstance(kind, pl.List):
        return pa.list_(_arrow_type(kind.inner))
    if isinstance(kind, pl.Struct):
        return pa.struct([(part.name, _arrow_type(part.dtype)) for part in kind.fields])
    return TYPES[kind]
