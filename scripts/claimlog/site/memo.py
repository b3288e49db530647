"""Memoization of what is computed from a database that cannot change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from claimlog.site.page import PageRequest, View
from claimlog.site.store import Store

T = TypeVar("T")
_MEMO: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


async def memoize(store: Store, name: str, compute: Callable[[Store], Awaitable[T]]) -> T:
    """Return what `compute` gives for a store, computed once for an immutable database.

    The value is shared by all callers, so none of them may change it.
    """
    database = store.datasette.databases[store.name]
    if database.is_mutable:
        return await compute(store)
    values = _MEMO.setdefault(database, {})
    if name not in values:
        values[name] = await compute(store)
    value: T = values[name]
    return value


def memoize_page(view: View) -> View:
    """Decorate a view whose data depend on the database alone, so that they are computed once."""

    @wraps(view)
    async def memoized(store: Store, request: PageRequest) -> Any:
        return await memoize(store, view.__qualname__, lambda store: view(store, request))

    return memoized
