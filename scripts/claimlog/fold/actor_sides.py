"""Sides: an actor and all that is part of it, at any depth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from claimlog.fold.row_versions import Frame


def part_of_edges(actors: Frame) -> dict[str, str | None]:
    """Return by actor the one that it is part of."""
    rows = actors.select("actor_id", "part_of").collect().rows()
    return {str(name): whole for name, whole in rows}


def side_ranges(part_of: Mapping[str, str | None]) -> dict[str, tuple[int, int]]:
    """Return first and last number of each actor and all that is part of it, numbered in a row.

    An actor is part of another, through any chain, if its first number is in the other's range. So
    no chain is ever held, however long it is. Within a batch a chain may run in a circle, all of
    which is one side, and lead to an actor that is still to come.

    >>> side_ranges({"ada": "ministry", "ministry": "nor"})
    {'nor': (0, 2), 'ministry': (1, 2), 'ada': (2, 2)}
    """
    circles = _circles(part_of)
    parts: dict[str, list[str]] = defaultdict(list)
    tops = [circle[0] for circle in circles]
    for name, whole in part_of.items():
        if whole is not None:
            parts[whole].append(name)
            if whole not in part_of:
                tops.append(whole)
        else:
            tops.append(name)
    ranges: dict[str, tuple[int, int]] = {}
    waiting = list(dict.fromkeys(tops))
    while waiting:
        name = waiting[-1]
        if name not in ranges:
            ranges[name] = (len(ranges), -1)
            waiting += [part for part in parts.get(name, ()) if part not in ranges]
        else:
            waiting.pop()
            if ranges[name][1] < 0:
                ranges[name] = (ranges[name][0], len(ranges) - 1)
    for circle in circles:
        ranges.update(dict.fromkeys(circle, ranges[circle[0]]))
    return ranges


def _circles(part_of: Mapping[str, str | None]) -> list[list[str]]:
    """Return the circles of actors that are part of one another."""
    visited: set[str] = set()
    circles = []
    for start in part_of:
        chain: dict[str, None] = {}
        name: str | None = start
        while name is not None and name not in visited and name not in chain:
            chain[name] = None
            name = part_of.get(name)
        if name is not None and name in chain:
            names = list(chain)
            circles.append(names[names.index(name) :])
        visited.update(chain)
    return circles
