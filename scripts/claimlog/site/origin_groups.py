"""Origins of claims that are not independent of one another: they count once, as in the fold."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from claimlog.fold.corroboration import Lineage, count_independent, independence_groups
from claimlog.site.store import Row

K = TypeVar("K", bound=Hashable)

NAMED = 50
"""Origins that one counts once with which a page names."""


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


def dependent_origins(origins: Iterable[str], edges: Lineage) -> dict[str, Row]:
    """Return for each origin the others that it counts once with: they share what they rest on.

    The first of them are ``with``, and ``with_more`` is the number of the others.

    >>> dependent_origins("ab", {"a": [("w", "certain")], "b": [("w", "certain")]})["a"]
    {'with': ['b'], 'with_more': 0}
    """
    groups = independence_groups(origins, edges)
    members: dict[str, list[str]] = {}
    for name, group in groups.items():
        members.setdefault(group, []).append(name)
    dependent: dict[str, Row] = {}
    for name, group in groups.items():
        others = [other for other in members[group][: NAMED + 1] if other != name][:NAMED]
        more = len(members[group]) - 1 - len(others)
        dependent[name] = {"with": others, "with_more": more}
    return dependent


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
        group |= dependent[name] if name is not None else {"with": [], "with_more": 0}
    return sorted(groups.values(), key=lambda group: (group["origin_id"] or "~",))
