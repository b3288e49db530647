"""Cells of files and options of commands: the text of a value, read as its column says."""

from __future__ import annotations

import re
from typing import Any

from claimlog.errors import UsageError
from claimlog.schema.table_schema import TRUTHS, Field
from claimlog.strict_json import decode_value

TOO_LARGE = "a whole number beyond 2**53, which readers round; give it in a larger unit"

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
            parts = _decode_list(text)
        except ValueError as error:
            raise UsageError(f'"{item.name}": not a JSON list: {error}') from error
        return [fill_keys(item, part) for part in parts] if isinstance(parts, list) else parts
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


def fill_keys(item: Field, part: Any) -> Any:
    """Fill the keys that an object of a list leaves out with null."""
    if item.fields and isinstance(part, dict):
        return {**{inner.name: None for inner in item.fields}, **part}
    return part
