"""Checks the columns of a row that a form saves as a draft: their types and their codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from claimlog.desk.request_error import MALFORMED, RequestError
from claimlog.errors import ClaimlogError, suggest
from claimlog.log.canonical import encode_value, type_flaw
from claimlog.schema.table_schema import Field, Table, empty_retired

VALUE_BYTES = 60_000
"""Bytes of a row as canonical JSON: with the columns that are added, what a line may have."""


def clean_values(
    table: Table, given: Mapping[str, Any], beside: Collection[str] = ()
) -> dict[str, Any]:
    """Return the columns that are filled, checked for what can be saved at all.

    Whether the row is complete and follows the rules is no matter here.

    Parameters
    ----------
    beside
        Columns that are taken beside those that new rows may fill.

    Raises
    ------
    RequestError
        If a column is unknown, a value has the wrong type, or a code is none.
    """
    allowed = (*beside, *table.in_use)
    clean: dict[str, Any] = {}
    for name, value in given.items():
        if name not in allowed:
            raise RequestError(
                MALFORMED, f'there is no column "{name[:80]}"{suggest(name[:80], allowed)}'
            )
        item = table.by_name[name]
        if isinstance(value, list):
            value = [_complete_object(item, part) for part in value]
        if flaw := type_flaw(item, value) or _code_flaw(item, value):
            raise RequestError(MALFORMED, flaw)
        if value not in (None, "", []):
            clean[name] = value
    _require_canonical(clean)
    return clean


def in_use(table: Table, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row is made of: a saved one without what stands in retired columns and keys."""
    return {
        name: empty_retired(table.by_name[name], cell)
        for name, cell in value.items()
        if name in table.in_use
    }


def _complete_object(item: Field, part: Any) -> Any:
    """Return an object of a list with all its keys; empty texts are null."""
    if not (item.fields and isinstance(part, dict)):
        return part
    filled = {name: None if value == "" else value for name, value in part.items()}
    return {**{inner.name: None for inner in item.fields}, **filled}


def _code_flaw(item: Field, value: Any) -> str | None:
    if isinstance(value, list):
        for part in value:
            inner = [(item.item, part)] if item.item else []
            inner += [(field, part[field.name]) for field in item.fields]
            for field, single in inner:
                if field is not None and (flaw := _code_flaw(field, single)):
                    return flaw
        return None
    if item.enum is not None and value not in (None, "", *item.enum):
        return f'"{item.name}" is "{str(value)[:60]}", which is none of its codes'
    return None


def _require_canonical(value: Mapping[str, Any]) -> None:
    try:
        size = len(encode_value(dict(value)))
    except ClaimlogError as error:
        raise RequestError(MALFORMED, str(error)) from error
    if size > VALUE_BYTES:
        raise RequestError(MALFORMED, f"the row has {size:,} bytes, more than {VALUE_BYTES:,}")
