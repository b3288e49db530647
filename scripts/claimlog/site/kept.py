"""Keeping what is computed of a database that cannot change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from claimlog.site.pages import Asked, View
from claimlog.site.store import Store

T = TypeVar("T")
_KEPT: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


async def kept(store: Store, name: str, make: Callable[[Store], Awaitable[T]]) -> T:
    """Return what `make` gives of a store, computed once for an immutable database.

    What is kept must not be changed by whoever gets it.
    """
    database = store.datasette.databases[store.name]
    if database.is_mutable:
        return await make(store)
    found = _KEPT.setdefault(database, {})
    if name not in found:
        found[name] = await make(store)
    value: T = found[name]
    return value


def kept_page(view: View) -> View:
    """Make a view that asks for nothing but the database work it out once for each."""

    @wraps(view)
    async def answer(store: Store, asked: Asked) -> Any:
        return await kept(store, view.__qualname__, lambda store: view(store, asked))

    return answer
