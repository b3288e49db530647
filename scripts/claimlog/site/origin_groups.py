"""Origins of claims that are not independent of one another: they count once, as in the fold."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from claimlog.fold.corroboration import Lineage, count_independent, independence_groups
from claimlog.site.store import Row

K = TypeVar("K", bound=Hashable)


def origins_by_group(pairs: Iterable[tuple[K, str | None]], edges: Lineage) -> dict[K, int]:
    """Return how many independent origins each group has, from pairs of group and origin.

    A group whose origins are all unknown has none.

    >>> origins_by_group([(1, "a"), (1, "b"), (2, None)], {"a": [("w", "")], "b": [("w", "")]})
    {1: 1, 2: 0}
    """
    groups: dict[K, set[str]] = {}
    for group, origin in pairs:
        groups.setdefault(group, set()).update([origin] if origin is not None else [])
    return {group: count_independent(origins, edges) for group, origins in groups.items()}


def dependent_origins(origins: Iterable[str], edges: Lineage) -> dict[str, list[str]]:
    """Return for each origin the others that it counts once with: they share what they rest on.

    >>> dependent_origins("abc", {"a": [("w", "certain")], "b": [("w", "certain")]})
    {'a': ['b'], 'b': ['a'], 'c': []}
    """
    groups = independence_groups(origins, edges)
    return {
        name: [other for other in groups if other != name and groups[other] == group]
        for name, group in groups.items()
    }


def group_by_origin(claims: Iterable[Row], edges: Lineage) -> list[Row]:
    """Group claims by the work they come from; those of unknown origin come last.

    The rows have ``origin_id``, ``origin`` (its publisher), ``origin_title`` and ``source_id``.
    """
    groups: dict[str | None, Row] = {}
    for row in claims:
        group = groups.setdefault(
            row["origin_id"],
            {
                "origin_id": row["origin_id"],
                "origin": row["origin"],
                "origin_title": row["origin_title"],
                "members": [],
            },
        )
        group["members"].append(row)
    dependent = dependent_origins((name for name in groups if name is not None), edges)
    for name, group in groups.items():
        group["articles"] = sorted({row["source_id"] for row in group["members"]})
        group["with"] = dependent[name] if name is not None else []
    return sorted(groups.values(), key=lambda group: (group["origin_id"] or "~",))
