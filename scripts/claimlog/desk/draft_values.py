"""Checks the columns of a row that a form saves as a draft: their types and their codes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from claimlog.desk.carried_values import EARLIER
from claimlog.desk.request_error import MALFORMED, RequestError
from claimlog.errors import ClaimlogError, suggest
from claimlog.log.canonical import encode_value, type_flaw
from claimlog.schema.table_schema import Field, Table, empty_retired

EMPTY: tuple[Any, ...] = (None, "", [])
VALUE_BYTES = 60_000
"""Bytes of a row as canonical JSON: with the columns that are added, what a line may have."""


def clean_values(
    table: Table,
    given: Mapping[str, Any],
    beside: Collection[str] = (),
    saved: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the columns that are filled, checked for what can be saved at all.

    Whether the row is complete and follows the rules is no matter here.

    Parameters
    ----------
    beside
        Columns that are taken beside those that new rows may fill.
    saved
        Saved rows, by the present definition: words that they keep of columns and keys which are
        not there any more may stay, until the question is answered anew
        (`claimlog.desk.carried_values`).

    Raises
    ------
    RequestError
        If a column is unknown, a value has the wrong type, or a code is none.
    """
    allowed = (*beside, *table.in_use)
    saved = [*saved]
    given = _unanswered(given)
    words_kept = _kept_words(table.by_name, given, saved)
    clean: dict[str, Any] = {}
    for name, value in given.items():
        if name in words_kept:
            continue
        if name not in allowed:
            raise RequestError(
                MALFORMED, f'there is no column "{name[:80]}"{suggest(name[:80], allowed)}'
            )
        item = table.by_name[name]
        words: list[dict[str, Any]] = []
        if isinstance(value, list) and item.fields:
            earlier = [part for row in saved for part in row.get(name) or ()]
            given_parts = [_unanswered(part) if isinstance(part, dict) else part for part in value]
            words = [_kept_words(_keys(item), part, earlier) for part in given_parts]
            value = [_complete_object(item, *pair) for pair in zip(given_parts, words, strict=True)]
        if flaw := type_flaw(item, value) or _code_flaw(item, value):
            raise RequestError(MALFORMED, flaw)
        if words:
            value = [{**part, **own} for part, own in zip(value, words, strict=True)]
        if value not in EMPTY:
            clean[name] = value
    clean |= words_kept
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


def _keys(item: Field) -> dict[str, Field]:
    return {inner.name: inner for inner in item.fields}


def _unanswered(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without what columns held before, where the question is answered anew."""
    return {
        name: value
        for name, value in row.items()
        if not (name.endswith(EARLIER) and row.get(name.removesuffix(EARLIER)) not in EMPTY)
    }


def _kept_words(
    known: Mapping[str, Field], row: Any, saved: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what a row has under names that saved rows can have, and that are not known."""
    unknown = row.keys() - known.keys() if isinstance(row, dict) else frozenset[str]()
    if not unknown:
        return {}
    kept = {name for one in saved for name in unknown & one.keys()}
    kept |= {name for name in unknown if name.removesuffix(EARLIER) in known}
    return {name: value for name, value in row.items() if name in kept}


def _complete_object(item: Field, part: Any, without: Collection[str]) -> Any:
    """Return an object of a list with all its keys, and without some; empty texts are null."""
    if not isinstance(part, dict):
        return part
    filled = {
        name: None if value == "" else value for name, value in part.items() if name not in without
    }
    return {**dict.fromkeys(_keys(item)), **filled}


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
    if size > VALUE_BYTES:
        raise RequestError(MALFORMED, f"the row has {size:,} bytes, more than {VALUE_BYTES:,}")
