"""Checks the columns of a row that a form saves as a draft: their types and their codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from claimlog.desk.carried_values import EARLIER, EMPTY, ROW_BYTES, PresentRows
from claimlog.desk.request_error import MALFORMED, RequestError
from claimlog.errors import ClaimlogError, suggest
from claimlog.log.canonical import encode_value, type_flaw
from claimlog.schema.table_schema import Field, Table, empty_retired


def clean_row(table: Table, rows: PresentRows, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row that a page sends by the present definition, with its words.

    Whether there ever was a column for these cannot be told here: it may have been removed in
    place, while somebody was typing. Raises as `clean_values` does.
    """
    return rows.of(clean_values(table, rows.by_present_names(given), with_words=True))


def clean_values(
    table: Table,
    given: Mapping[str, Any],
    beside: Collection[str] = (),
    with_words: bool = False,
) -> dict[str, Any]:
    """Return the columns that are filled, checked for what can be saved at all.

    Whether the row is complete and follows the rules is no matter here.

    Parameters
    ----------
    beside
        Columns that are taken beside those that new rows may fill.
    with_words
        Whether it may hold words of columns and keys (`claimlog.desk.carried_values`): they stay as
        they are until the question is answered anew.

    Raises
    ------
    RequestError
        If a column is unknown, a value has the wrong type, or a code is none.
    """
    allowed = (*beside, *table.in_use)
    clean: dict[str, Any] = {}
    for name, value in given.items():
        if with_words and name.endswith(EARLIER):
            continue
        if name not in allowed:
            raise RequestError(
                MALFORMED, f'there is no column "{name[:80]}"{suggest(name[:80], allowed)}'
            )
        item = table.by_name[name]
        parts = value if isinstance(value, list) and item.fields else []
        if parts:
            value = [_complete_object(item, part, with_words) for part in parts]
        if flaw := type_flaw(item, value) or _code_flaw(item, value):
            raise RequestError(MALFORMED, flaw)
        if parts and with_words:
            value = [{**new, **_words(part)} for new, part in zip(value, parts, strict=True)]
        if value not in EMPTY:
            clean[name] = value
    if with_words:
        clean |= _words(given)
    _require_canonical(clean)
    return clean


def in_use(table: Table, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row is made of: a saved one without columns and keys that are not in use."""
    return {
        name: empty_retired(item, _of_known_keys(item, cell))
        for name, cell in value.items()
        if name in table.in_use
        for item in (table.by_name[name],)
    }


def _of_known_keys(item: Field, value: Any) -> Any:
    if not (item.fields and value):
        return value
    return [{inner.name: part.get(inner.name) for inner in item.fields} for part in value]


def _words(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words of a row, but of questions that are answered anew."""
    return {
        name: value
        for name, value in row.items()
        if name.endswith(EARLIER)
        and value not in EMPTY
        and row.get(name.removesuffix(EARLIER)) in EMPTY
    }


def _complete_object(item: Field, part: Any, with_words: bool) -> Any:
    """Return an object of a list with all its keys, but no words; empty texts are null."""
    if not isinstance(part, dict):
        return part
    filled = {
        name: None if value == "" else value
        for name, value in part.items()
        if not (with_words and name.endswith(EARLIER))
    }
    return {**dict.fromkeys(inner.name for inner in item.fields), **filled}


def _code_flaw(item: Field, value: Any) -> str | None:
    if item.retired:
        return None  # there is no question any more in which it could be changed
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
    if size > ROW_BYTES:
        raise RequestError(MALFORMED, f"the row has {size:,} bytes, more than {ROW_BYTES:,}")
