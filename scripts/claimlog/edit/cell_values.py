"""Cells of files and options of commands: the text of a value, read as its column says."""

from __future__ import annotations

import json
import re
from typing import Any

from claimlog.errors import ClaimlogError, UsageError
from claimlog.limits import ADDED_ROW_BYTES
from claimlog.schema.table_schema import TRUTHS, Field
from claimlog.strict_json import decode_value

TOO_LARGE = "a whole number beyond 2**53, which readers round; give it in a larger unit"

VALUE_SIGNS = "[{,"
"""Signs of JSON before a value: no text has more values than one more than these."""

STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "″": '"'})
"""Quotes as word processors curl them, made straight."""

TRUTH_CELLS = {**TRUTHS, "true": True, "false": False}
"""What cells of a column of yes and no say; spreadsheet programs write true and false."""


def parse_cell(item: Field, text: str) -> Any:
    """Read a value from an option or a CSV cell; an empty one is null.

    A list is separated by semicolons, one of identifiers by commas too (a name may hold a comma);
    a list of objects is JSON.

    Raises
    ------
    UsageError
        If the text is no such value.
    """
    if item.type == "array":
        if not text.strip():
            return []
        if item.item is not None and not text.lstrip().startswith("["):
            return split_list(item, text)
        try:
            return _decode_list(text)
        except ValueError as error:
            raise UsageError(f'"{item.name}": not a JSON list: {error}') from error
    if text == "":
        return None
    if item.type in ("integer", "number"):
        try:
            return decode_value(text)
        except ValueError as error:
            raise UsageError(_number_flaw(item, text)) from error
    if item.type == "boolean":
        truth = TRUTH_CELLS.get(text.strip().lower())
        if truth is None:
            raise UsageError(f'"{item.name}" is "{text[:40]}", expected yes or no')
        return truth
    return text


def most_values(text: str) -> int:
    """Return how many values `parse_cell` makes of the text of a list at most.

    >>> most_values("A. Writer; B. Writer"), most_values("[{}]")
    (2, 3)
    """
    return 1 + sum(map(text.count, f"{VALUE_SIGNS};"))


def split_list(item: Field, text: str) -> list[str]:
    """Return the parts of a list that was typed as text.

    >>> split_list(Field("authors", "array", ""), "Example, Ada; A. Writer")
    ['Example, Ada', 'A. Writer']
    """
    is_named = item.item is not None and item.item.references is not None
    separator = "," if is_named and ";" not in text else ";"
    return [part.strip() for part in text.split(separator) if part.strip()]


def _decode_list(text: str) -> Any:
    """Read a JSON list, also where a word processor has curled its quotes."""
    try:
        return decode_value(text)
    except ValueError:
        try:
            return decode_value(text.translate(STRAIGHT))
        except ValueError:
            pass
        raise


def _number_flaw(item: Field, text: str) -> str:
    flaw, number = f'"{item.name}" is "{text[:40]}"', text.strip()
    if re.fullmatch(r"[+-]?[0-9]{17,}", number):
        return f"{flaw}, {TOO_LARGE}"
    if re.fullmatch(r"[+-]?[0-9]{1,3},[0-9]{3}", number) and item.type == "number":
        whole, part = number.split(",")
        return (
            f"{flaw}; write {whole}{part} if the comma separates thousands, "
            f"{whole}.{part.rstrip('0') or '0'} if it is a decimal comma"
        )
    if re.fullmatch(r"[+-]?[0-9]{1,3}([ ,.'\u00a0\u202f][0-9]{3})+", number):
        return f"{flaw}; write it without separators of thousands"
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", number):
        return f"{flaw}; write it with a point ({number.replace(',', '.')})"
    return f"{flaw}, expected {item.type}"


def fill_keys(item: Field, parts: list[Any]) -> list[Any]:
    """Fill the keys that objects of a list leave out with null.

    Raises
    ------
    ClaimlogError
        If there are more than their column allows, or than fit into a row with all their keys.
    """
    if not item.fields:
        return parts
    empty = {inner.name: None for inner in item.fields}
    fit = ADDED_ROW_BYTES // len(json.dumps(empty, separators=(",", ":")))
    most = min(fit, int(item.constraints.get("maxLength", fit)))
    if len(parts) > most:
        raise ClaimlogError(f'"{item.name}" holds {len(parts):,} values, expected at most {most:,}')
    return [{**empty, **part} if isinstance(part, dict) else part for part in parts]
