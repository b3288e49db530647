"""Values that take long to compute, held for as long as what they were computed from stays."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from claimlog.desk.quick_answers import require_time
from claimlog.desk.weighted_cache import Weighty

T = TypeVar("T")


class LatestValues:
    """The latest value of each name, with what tells whether it is computed anew.

    Attributes
    ----------
    saved
        Works and decisions that they were computed from, which stay read as long as they.
    """

    saved: Collection[Weighty] = ()

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, Any]] = {}

    @property
    def weight(self) -> int:
        """Bytes of the files that they were computed from."""
        return sum(one.weight for one in self.saved)

    def get(self, name: str, key: object, compute: Callable[[], T], is_long: bool = False) -> T:
        """Return the value of a name; it is computed again when its key is another one.

        Parameters
        ----------
        is_long
            Whether that may take seconds.

        Raises
        ------
        UnpreparedError
            If it may, is to be done, and a prompt answer is made.
        """
        known = self._known.get(name)
        if known is None or known[0] != key:
            if is_long:
                require_time(lambda: self.get(name, key, compute))
            known = self._known[name] = (key, compute())
        value: T = known[1]
        return value
