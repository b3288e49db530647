"""Checks the columns of a row that a form saves as a draft: their types and their codes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from claimlog.desk.carried_values import EARLIER, EMPTY, ROW_BYTES
from claimlog.desk.request_error import MALFORMED, RequestError
from claimlog.errors import ClaimlogError, suggest
from claimlog.log.canonical import encode_value, type_flaw
from claimlog.schema.table_schema import Field, Table, empty_retired


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
        Saved rows, by the present definition: words that one of them keeps of a column or key
        which is not there any more may stay as they are, until the question is answered anew
        (`claimlog.desk.carried_values`).

    Raises
    ------
    RequestError
        If a column is unknown, a value has the wrong type, or a code is none.
    """
    allowed = (*beside, *table.in_use)
    words = _Words(table, saved)
    given = _unanswered(given)
    words_kept = words.of_row(given)
    clean: dict[str, Any] = {}
    for name, value in given.items():
        if name in words_kept or _is_former(name, table.by_name):
            continue
        if name not in allowed:
            raise RequestError(
                MALFORMED, f'there is no column "{name[:80]}"{suggest(name[:80], allowed)}'
            )
        item = table.by_name[name]
        kept: list[dict[str, Any]] = []
        if isinstance(value, list) and item.fields:
            parts = [_unanswered(part) if isinstance(part, dict) else part for part in value]
            kept = [words.of_part(item, part) for part in parts]
            value = [_complete_object(item, *pair) for pair in zip(parts, kept, strict=True)]
        if flaw := type_flaw(item, value) or _code_flaw(item, value):
            raise RequestError(MALFORMED, flaw)
        if kept:
            value = [{**part, **own} for part, own in zip(value, kept, strict=True)]
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


class _Words:
    """What saved rows hold under names that no column or key has, as pages send it again."""

    def __init__(self, table: Table, saved: Iterable[Mapping[str, Any]]) -> None:
        self._table = table
        self._saved = saved
        self._found: dict[str | None, set[tuple[str, str]]] | None = None

    def of_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a row holds of them."""
        return self._kept(None, row, self._table.by_name)

    def of_part(self, item: Field, part: Any) -> dict[str, Any]:
        """Return what an object of a list holds of them."""
        return self._kept(item.name, part, _keys(item)) if isinstance(part, dict) else {}

    def _kept(
        self, column: str | None, row: Mapping[str, Any], known: Mapping[str, Field]
    ) -> dict[str, Any]:
        unknown = row.keys() - known.keys()
        if not unknown:
            return {}
        if self._found is None:  # gone through once, and only if there is anything to look for
            self._found = defaultdict(set)
            for saved in self._saved:
                self._add(None, saved, self._table.by_name)
                for name in saved.keys() & self._table.by_name.keys():
                    item = self._table.by_name[name]
                    for part in saved[name] if item.fields else ():
                        self._add(name, part, _keys(item))
        kept = {name for name in unknown if (name, _said(row[name])) in self._found[column]}
        return {name: value for name, value in row.items() if name in kept}

    def _add(self, column: str | None, row: Mapping[str, Any], known: Mapping[str, Field]) -> None:
        assert self._found is not None
        self._found[column] |= {(name, _said(row[name])) for name in row.keys() - known.keys()}


def _is_former(name: str, known: Mapping[str, Field]) -> bool:
    """Whether a name is that of what a column held before: an answer took its place meanwhile."""
    return name not in known and name.removesuffix(EARLIER) in known


def _said(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _complete_object(item: Field, part: Any, without: Collection[str]) -> Any:
    """Return an object of a list with all its keys, and without some; empty texts are null."""
    if not isinstance(part, dict):
        return part
    keys = _keys(item)
    filled = {
        name: None if value == "" else value
        for name, value in part.items()
        if name not in without and not _is_former(name, keys)
    }
    return {**dict.fromkeys(keys), **filled}


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
