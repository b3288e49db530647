"""Constraints of a column as expressions over it, the same for Polars and for Narwhals on Spark."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, TypeVar

from claimlog.schema.constraint_kinds import rules_of
from claimlog.schema.pattern_matching import whole
from claimlog.schema.table_schema import Field

if TYPE_CHECKING:
    import narwhals.stable.v1 as nw
    import polars as pl

    Column = TypeVar("Column", pl.Expr, nw.Expr)

CHECK_NAME = "constraints"
"""What the check is called that pandera is given of all constraints of a row."""

EMPTY = "keys"
"""The rule that a value in a retired column breaks: an empty cell is null."""


def constraint_rules(item: Field) -> list[str]:
    """Return the rules that a column's constraints fall under."""
    rules = rules_of(item.constraints)
    return sorted({*rules, EMPTY} if item.retired else rules)


def keeps_rule(item: Field, rule: str, column: Column) -> Column:
    """Return whether a row's cell keeps a rule, as an expression over its column; never null."""
    limits = item.constraints
    has_value = ~column.is_null()
    if rule == EMPTY:
        return has_value & (column.list.len() == 0) if item.type == "array" else ~has_value
    if rule == "required":
        return has_value
    if rule == "enum":
        keeps = column.is_in(limits["enum"])
    elif rule == "pattern":
        keeps = column.str.contains(whole(limits["pattern"]))
    elif rule == "range":
        keeps = _within(column, limits.get("minimum"), limits.get("maximum"))
    else:
        size = column.list.len() if item.type == "array" else column.str.len_chars()
        keeps = _within(size, limits.get("minLength"), limits.get("maxLength"))
    return ~has_value | keeps


def _within(value: Column, low: Any, high: Any) -> Column:
    def bounds() -> Iterator[Column]:
        if low is not None:
            yield value >= low
        if high is not None:
            yield value <= high

    return reduce(and_, bounds())
