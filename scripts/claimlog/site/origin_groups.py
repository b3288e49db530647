"""Origins of claims that are not independent of one another: they count once, as in the fold."""

from __future__ import annotations

from collections.abc import Iterable

from claimlog.fold.corroboration import Lineage, independence_groups
from claimlog.site.store import Row


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
