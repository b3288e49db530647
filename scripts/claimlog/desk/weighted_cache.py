"""Cache of large values, bounded by what they weigh."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from weakref import WeakValueDictionary


class Weighty(Protocol):
    """What says how much it weighs by now."""

    @property
    def weight(self) -> int: ...


K = TypeVar("K")
V = TypeVar("V", bound=Weighty)


class WeightedCache(Generic[K, V]):
    """Values by key; those used longest ago are let go of when all weigh more than a bound.

    One that somebody still uses is found again: there are never two of a key that differ.

    Parameters
    ----------
    most
        What all values may weigh, in the unit of theirs; the one used last stays in any case.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._held: dict[K, V] = {}
        """Those used last stand last."""
        self._in_use: WeakValueDictionary[K, V] = WeakValueDictionary()
        self._lock = threading.Lock()

    def use(self, key: K, choose: Callable[[V | None], V]) -> V:
        """Return the value of a key.

        Parameters
        ----------
        choose
            Returns the value to go on with: the one that it is given, or a new one, always where
            that is None.
        """
        with self._lock:
            value = self._in_use[key] = choose(self._in_use.get(key))
            self._held.pop(key, None)
            self._held[key] = value
            weight = sum(held.weight for held in self._held.values())
            for name in [*self._held][:-1]:
                if weight <= self.most:
                    break
                weight -= self._held.pop(name).weight
            return value

    def clear(self) -> None:
        """Let go of all values, also of those in use."""
        with self._lock:
            self._held = {}
            self._in_use = WeakValueDictionary()
