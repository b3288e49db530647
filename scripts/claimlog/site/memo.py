"""Memoization of what is computed from a database that cannot change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
_MEMO: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


async def memoize(database: Any, name: str, compute: Callable[[], Awaitable[T]]) -> T:
    """Return what `compute` gives for a database of Datasette's, once if it is immutable.

    The value is shared by all callers, so none of them may change it.
    """
    if database.is_mutable:
        return await compute()
    values = _MEMO.setdefault(database, {})
    if name not in values:
        values[name] = await compute()
    value: T = values[name]
    return value


def memo_value(database: Any, name: str) -> Any:
    """Return what was computed once for a database of Datasette's; None if nothing was yet."""
    return _MEMO.get(database, {}).get(name)
