"""The schema layer on Spark: pandera's PySpark schema, projected from the Table Schemas.

pandera's Narwhals backend is chosen by name, because the other one returns a bad frame as if it
were good. It runs a Spark job for every check, so it gets one check that holds all constraints of a
row; only where that fails does a second job count which column breaks which rule.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

# the same as in pandera's backend: expressions of two versions do not mix
import narwhals.stable.v1 as nw

from claimlog.log.event_log import Log
from claimlog.schema.table_schema import Field, Table
from claimlog.spark.parts import driver_rows, frames_by_schema
from claimlog.validate.column_constraints import fail_cells, fail_column
from claimlog.validate.constraint_expressions import (
    CHECK_NAME,
    EMPTY,
    constraint_rules,
    keeps_rule,
)
from claimlog.validate.report import Report

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Fields = tuple[Field, ...]


def check_pandera(log: Log, report: Report) -> None:
    """Check every row of every stream with pandera on Spark, nested rows included."""
    with _narwhals_backend():
        for name, table in log.definition.streams.items():
            for schema, frame, rows in frames_by_schema(log, name):
                _check(report, name, schema.fields, frame, rows, "")
                for item in schema.fields:
                    if item.type == "array":
                        parts, fields = _array_parts(frame, table, item)
                        count = parts.count() if rows else 0
                        _check(report, name, fields, parts, count, f"{item.name}: ")


@contextlib.contextmanager
def _narwhals_backend() -> Iterator[None]:
    """Let pandera use its Narwhals backend, which raises errors, and restore the setting."""
    from pandera.config import CONFIG, set_config

    before = CONFIG.use_narwhals_backend
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Re-registered pandera backends")
        set_config(use_narwhals_backend=True)
        try:
            yield
        finally:
            set_config(use_narwhals_backend=before)


def _array_parts(frame: DataFrame, table: Table, item: Field) -> tuple[DataFrame, Fields]:
    """Return the parts of an array column, one a row, with the id, batch and line of their row."""
    from pyspark.sql import functions as F

    place = [F.col(table.id).alias(f"at_{table.id}"), F.col("batch"), F.col("line")]
    if item.item is not None:
        return frame.select(*place, F.explode(item.name).alias(item.name)), (item.item,)
    return frame.select(*place, F.inline(item.name)), item.fields


def _check(
    report: Report, stream: str, fields: Fields, frame: DataFrame, rows: int, prefix: str
) -> None:
    from pandera.errors import SchemaErrors

    for item in fields:
        for rule in constraint_rules(item):
            if rule != EMPTY:  # which the reading of the lines counted
                report.count(rule, rows)
    if not rows:
        return
    try:
        pandera_schema(fields).validate(frame, lazy=True)
    except SchemaErrors as errors:
        for error in errors.schema_errors:
            if getattr(error.check, "name", None) == CHECK_NAME:
                _localise(report, stream, fields, frame, prefix)
            else:
                fail_column(report, stream, str(error.schema.name), str(error.check))


def pandera_schema(fields: Fields) -> Any:
    """Return pandera's PySpark schema: types of columns, and one check of all their constraints.

    The check is the first column's, but looks at all of them.
    """
    import pandera.pyspark as pa
    from pyspark.sql import types as T

    types = {
        "string": T.StringType(),
        "datetime": T.StringType(),
        "integer": T.LongType(),
        "number": T.DoubleType(),
        "boolean": T.BooleanType(),
    }
    # array types are proved by the Arrow schema that the file was read with
    columns = {item.name: pa.Column(types.get(item.type), nullable=True) for item in fields}
    first = fields[0]
    columns[first.name] = pa.Column(types.get(first.type), _row_check(fields), nullable=True)
    return pa.DataFrameSchema(columns)


def _row_check(fields: Fields) -> Any:
    import pandera.pyspark as pa

    conditions = [_keeps(item, rule) for item in fields for rule in constraint_rules(item)]
    if not conditions:
        return None
    condition = reduce(and_, conditions)
    return pa.Check(lambda _: condition, native=False, ignore_na=False, name=CHECK_NAME)


def _keeps(item: Field, rule: str) -> nw.Expr:
    return keeps_rule(item, rule, nw.col(item.name))


def _localise(report: Report, stream: str, fields: Fields, frame: DataFrame, prefix: str) -> None:
    """Count which column breaks which rule, in one job, and name the first rows of each."""
    tests = [(item, rule) for item in fields for rule in constraint_rules(item)]
    rows = nw.from_native(frame)
    counted = rows.select(
        (~_keeps(item, rule)).cast(nw.Int64).sum().alias(f"f{index}")
        for index, (item, rule) in enumerate(tests)
    )
    (counts,) = counted.collect().rows()
    for (item, rule), count in zip(tests, counts, strict=True):
        if count:
            wrong = nw.to_native(rows.filter(~_keeps(item, rule)))
            first = driver_rows(wrong.orderBy("batch", "line").limit(report.most))
            fail_cells(report, stream, rule, item, first, prefix)
            report.count_unlisted(rule, int(count) - first.height)
