"""Connected components of a graph, by union and find."""

from __future__ import annotations

from collections.abc import Iterable


def components(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return each name's group, named after its first member in sort order.

    >>> components([("b", "c"), ("a", "b"), ("x", "y")])
    {'a': 'a', 'b': 'a', 'c': 'a', 'x': 'x', 'y': 'x'}
    """
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in pairs:
        first, second = sorted((top(one), top(other)))
        parent[second] = first
    return {name: top(name) for name in sorted(parent)}
