"""Canonical lines: one JSON object a line, as RFC 8785 writes it.

`explain` is the exact, slow reading of one line; `render` writes a whole frame back as lines, so
that comparing it with the bytes on disk proves, for all rows at once, that the frame says what the
bytes say and that the bytes are canonical.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import orjson
import polars as pl
import rfc8785

from claimlog.errors import ClaimlogError, Suggestions
from claimlog.escaping import is_spelt_alike
from claimlog.limits import UNKNOWN_KEYS
from claimlog.schema.table_schema import Field, Table
from claimlog.strict_json import LARGEST_INTEGER, decode_object, decode_value

LONG_NUMBER = re.compile(rb"[0-9]{16}")
"""What every whole number beyond 2**53 has."""

CLASSES = bytes(0x30 if chr(b).isdigit() and b < 0x80 else 0xF0 * (b >= 0xF0) for b in range(256))
"""By byte of a line: 0 for a digit, F0 for the first byte of a character beyond U+FFFF."""

DOUBTFUL = (b"0" * 16, b"\xf0")
"""Classes of bytes where orjson may write otherwise than RFC 8785: it refuses no number beyond
2**53, and sorts keys by code points, which is another order than that of UTF-16 beyond U+FFFF."""

TEXTS = ("string", "datetime")
"""Types of columns that hold text."""

MISSING_KEY = "missing key"
"""How the finding of a row that lacks a column begins."""


class Flaw(NamedTuple):
    """What is wrong with a line: the rule it breaks, and how."""

    rule: str
    message: str
    remedy: str


def encode(row: dict[str, Any]) -> bytes:
    """Return the canonical line of a row, without line feed.

    >>> encode({"b": 16.0, "a": "é"}).decode()
    '{"a":"é","b":16}'

    Raises
    ------
    ClaimlogError
        If a value has no canonical form (NaN, a lone surrogate, an integer beyond 2**53).
    """
    return encode_value(row)


def encode_value(value: Any) -> bytes:
    """Return a value of a row, or a row, as canonical JSON.

    Raises
    ------
    ClaimlogError
        If it has no canonical form.
    """
    if is_spelt_alike(value):
        with suppress(orjson.JSONEncodeError):
            line = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
            classes = line.translate(CLASSES)
            if not any(part in classes for part in DOUBTFUL):
                return line
    try:
        line = rfc8785.dumps(value)
        if LONG_NUMBER.search(line):
            decode_value(line.decode("utf-8"))  # a decimal number may be written as a whole one
        return line
    except ValueError as error:  # those of rfc8785 and of encoding are ones
        raise ClaimlogError(f"a value cannot be written as canonical JSON: {error}") from error


def type_flaw(item: Field, value: Any) -> str | None:
    """Say how `value` misses the column's type, or return None; null fits every type."""
    if value is None:
        return None
    shown = json.dumps(value, ensure_ascii=False)[:60]
    if item.type in TEXTS:
        fits = isinstance(value, str)
    elif item.type == "integer":
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif item.type == "number":
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif item.type == "boolean":
        fits = isinstance(value, bool)
    elif item.type == "array":
        if not isinstance(value, list):
            return f'"{item.name}" is {shown}, expected an array'
        return next((flaw for part in value if (flaw := _part_flaw(item, part))), None)
    else:
        fits = False
    return None if fits else f'"{item.name}" is {shown}, expected {item.type}'


def _part_flaw(item: Field, part: Any) -> str | None:
    if item.item is not None:
        if part is None:
            return f'"{item.name}" holds null, expected {item.item.type}'
        return type_flaw(item.item, part)
    if not isinstance(part, dict):
        return f'"{item.name}" holds {json.dumps(part, ensure_ascii=False)[:60]}, expected objects'
    expected = {inner.name for inner in item.fields}
    if set(part) != expected:
        return (
            f'"{item.name}" holds an object with keys {_listed_keys(part)}, '
            f"expected {', '.join(sorted(expected))}"
        )
    flaws = (type_flaw(inner, part[inner.name]) for inner in item.fields)
    return next((f'"{item.name}": {flaw}' for flaw in flaws if flaw), None)


def _listed_keys(keys: Iterable[str]) -> str:
    found = sorted(keys)
    named = ", ".join(key[:80] for key in found[:UNKNOWN_KEYS]) or "none"
    return f"{named} and {len(found) - UNKNOWN_KEYS} more" if len(found) > UNKNOWN_KEYS else named


def explain(line: str, table: Table, suggestions: Suggestions | None = None) -> list[Flaw]:
    """Read one line exactly and return everything that is wrong with it as a line of `table`.

    Parameters
    ----------
    suggestions
        What is left to say of the unknown keys of one file; of a single line everything is said.
    """
    suggestions = suggestions or Suggestions()
    schema = f"schemas/{table.name}.json"
    try:
        row = decode_object(line)
    except ValueError as error:
        return [Flaw("json", f"not a JSON object: {error}", "write one canonical object a line")]
    unknown = [key for key in row if key not in table.by_name]
    flaws = [
        Flaw("keys", f'unknown key "{name}"{near}', f"see {schema}")
        for name in (key[:80] for key in unknown[:UNKNOWN_KEYS])
        for near in [suggestions.nearest(name, lambda: table.names)]
    ]
    if len(unknown) > UNKNOWN_KEYS:
        flaws.append(Flaw("keys", f"{len(unknown) - UNKNOWN_KEYS} more such keys", f"see {schema}"))
    flaws += [
        Flaw(
            "keys", f'{MISSING_KEY} "{name}"', f"every key of {schema} is present, null where empty"
        )
        for name in table.names
        if name not in row
    ]
    flaws += [
        Flaw("type", flaw, f"see {schema}")
        for name, value in row.items()
        if name in table.by_name and (flaw := type_flaw(table.by_name[name], value))
    ]
    if not flaws and (misspelt := _form_flaw(row, line)):
        flaws.append(misspelt)
    return flaws


def _form_flaw(row: dict[str, Any], line: str) -> Flaw | None:
    """Say how a line misses the canonical form of its row, or that the row has none."""
    try:
        canonical = encode(row).decode("utf-8")
    except ClaimlogError as error:
        return Flaw("canonical", str(error), "write numbers below 2**53")
    if canonical == line:
        return None
    remedy = "write rows with claimlog add, which sorts keys and drops spaces"
    return Flaw("canonical", "not in canonical form (RFC 8785)", remedy)


def render(frame: pl.DataFrame, table: Table) -> pl.Series:
    """Write a stream's frame as canonical lines with their line feeds, one string a row.

    What this cannot write as RFC 8785 does, or what the log must not hold, comes out as null: a
    number with an exponent, a negative zero, one beyond 2**53, a null inside a list, and any number
    inside one that need not be whole. The caller reads such lines again with `explain`.
    """
    parts: list[pl.Expr] = []
    for name in sorted(table.names):
        key = ("{" if not parts else ",") + f'"{name}":'
        parts.append(_render_column(table.by_name[name], key))
    return frame.select(pl.concat_str(*parts, pl.lit("}\n")).alias("line"))["line"]


def _render_column(item: Field, key: str) -> pl.Expr:
    column = pl.col(item.name)
    doubtful = None
    if item.type == "boolean":
        text = column.cast(pl.String)
    elif item.type == "integer":
        text = column.cast(pl.String)
        doubtful = column.abs() > LARGEST_INTEGER
    elif item.type == "number":
        text = column.cast(pl.String).str.strip_suffix(".0")
        doubtful = text.str.contains("e|^-0$") | (column.abs() > LARGEST_INTEGER)
    elif item.type == "array" or not _plain(item):
        # the encoder of structs escapes as RFC 8785 does; peel off the struct: {"x":…}
        text = pl.struct(x=column).struct.json_encode().str.slice(5).str.strip_suffix("}")
        if item.type == "array":
            doubtful = column.list.drop_nulls().list.len() < column.list.len()
            for part, value in list_parts(item):
                if part.type == "integer":
                    doubtful |= column.list.eval(value.abs() > LARGEST_INTEGER).list.any()
                elif part.type == "number":  # 1 comes out as 1.0, and what is no number as null
                    doubtful |= column.list.eval(value.is_not_null()).list.any()
    else:
        text = pl.concat_str(pl.lit('"'), column, pl.lit('"'))
    text = text.fill_null("null")
    if doubtful is not None:
        text = pl.when(doubtful.fill_null(False)).then(None).otherwise(text)
    return pl.lit(key) + text


def list_parts(item: Field) -> Iterator[tuple[Field, pl.Expr]]:
    """Yield the values that the elements of a list column hold, each with where it stands there."""
    if item.item is not None:
        yield item.item, pl.element()
    for part in item.fields:
        yield part, pl.element().struct[part.name]


def shortest_line(table: Table) -> int:
    """Return the length of the shortest line that can be a row: every key, with the least value."""
    return shortest_object(table.fields)


def shortest_object(fields: tuple[Field, ...]) -> int:
    """Return the length of the shortest object with these keys."""
    # 0 and true; else "" or [], which are shorter than null
    least = {"integer": 1, "number": 1, "boolean": 4}
    values = sum(len(f'"{item.name}":') + least.get(item.type, 2) for item in fields)
    return values + len(fields) - 1 + len("{}")


def least_line_bytes(table: Table) -> pl.Expr:
    """Return how many bytes the line of a row has at least: more, where anything is escaped."""
    sizes = [pl.lit(shortest_line(table), pl.UInt64)]
    for item in table.fields:
        if item.type != "array":
            if item.type in TEXTS:
                sizes.append(pl.col(item.name).str.len_bytes())
            continue
        least = shortest_object(item.fields) if item.fields else 1
        sizes.append(pl.col(item.name).list.len().cast(pl.UInt64) * least)
        for part, value in list_parts(item):
            if part.type in TEXTS:
                each = pl.col(item.name).list.eval(value.str.len_bytes().cast(pl.UInt64))
                sizes.append(each.list.sum())
    return pl.sum_horizontal(*sizes).alias("bytes")


def needs_care(table: Table) -> pl.Expr:
    """Whether `render` may write a row otherwise than RFC 8785 does without saying so by a null.

    It leaves columns unescaped whose legal values need no escape.
    """
    odd = r'["\\\x00-\x1f]'
    columns = [item.name for item in table.fields if item.type != "array" and _plain(item)]
    return pl.any_horizontal(
        pl.lit(False), *(pl.col(name).cast(pl.String).str.contains(odd) for name in columns)
    ).fill_null(False)


def _plain(item: Field) -> bool:
    """Whether a column's legal values need no escape; others are caught when lines are compared."""
    return item.type == "datetime" or "pattern" in item.constraints or item.enum is not None
