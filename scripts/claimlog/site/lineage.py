"""Drawing the lineage of a source: a column for each step from it, curves between the boxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from graphlib import TopologicalSorter
from itertools import pairwise

from claimlog.site.store import Row

BOX, GAP, ROW, TALL = 206, 150, 80, 56  # pixels
Slot = tuple[str, ...]
"""A place in a column of the graph: a source, or an edge that passes (two sources, column)."""


def drawn(centre: str, nodes: list[Row], edges: list[Row]) -> Row:
    """Place a lineage: what came of the source to its left, what it rests on to its right."""
    pairs: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for edge in edges:
        pairs[edge["source_id"], edge["derived_from_id"]].append(edge)
    column = columns(centre, [node["source_id"] for node in nodes], [*pairs])
    routes = {
        (of, to): [
            (of,),
            *((of, to, str(at)) for at in range(column[of] + 1, column[to])),
            (to,),
        ]
        for of, to in pairs
    }
    place = _places(column, routes)
    left = min(column.values())
    rows = 1 + max(round(2 * y) for _, y in place.values()) / 2
    spot = {slot: ((x - left) * (BOX + GAP), (y + 0.5) * ROW) for slot, (x, y) in place.items()}
    return {
        "width": (max(column.values()) - left) * (BOX + GAP) + BOX,
        "height": rows * ROW,
        "box": BOX,
        "tall": TALL,
        "nodes": [
            {**node, "x": spot[node["source_id"],][0], "y": spot[node["source_id"],][1] - TALL / 2}
            for node in nodes
        ],
        "edges": [
            _line(pairs[pair], [spot[slot] for slot in route]) for pair, route in routes.items()
        ],
    }


def columns(centre: str, names: list[str], pairs: list[tuple[str, str]]) -> dict[str, int]:
    """Return the column of each source: its longest distance from the centre, left negative.

    The log admits no cycles.
    """
    behind: dict[str, list[str]] = {name: [] for name in names}
    after: dict[str, list[str]] = {name: [] for name in names}
    for of, to in pairs:
        behind[of].append(to)
        after[to].append(of)
    order = [*TopologicalSorter(behind).static_order()]  # origins first
    column = {centre: 0}
    for name in reversed(order):
        reached = [column[of] + 1 for of in after[name] if of in column]
        if reached and name != centre:
            column[name] = max(reached)
    rests = set(column)
    for name in order:
        reached = [column[to] - 1 for to in behind[name] if to in column and column[to] <= 0]
        if name not in rests and reached:
            column[name] = min(reached)
    return column


def _places(
    column: Mapping[str, int], routes: Mapping[tuple[str, str], list[Slot]]
) -> dict[Slot, tuple[int, float]]:
    """Return column and row of every slot; rows near the neighbours towards the centre."""
    slots: dict[int, list[Slot]] = defaultdict(list)
    near: dict[Slot, list[Slot]] = defaultdict(list)
    where: dict[Slot, int] = {(name,): at for name, at in column.items()}
    for route in routes.values():
        for at, slot in enumerate(route[1:-1], where[route[0]] + 1):
            where[slot] = at
        for one, other in pairwise(route):
            near[one].append(other)
            near[other].append(one)
    for slot, at in where.items():
        slots[at].append(slot)
    most = max(map(len, slots.values()))
    place: dict[Slot, tuple[int, float]] = {}
    for at in sorted(slots, key=abs):
        ranked = sorted(
            slots[at],
            key=lambda slot: (_mean([place[n][1] for n in near[slot] if n in place]), slot),
        )
        for number, slot in enumerate(ranked):
            place[slot] = (at, number + (most - len(ranked)) / 2)
    return place


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _line(edges: list[Row], spots: list[tuple[float, float]]) -> Row:
    """Return the path of an edge and where its words stand."""
    path = ""
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(spots)):
        start, end = x + BOX, to_x - 3 if number == len(spots) - 2 else to_x
        middle = (start + end) / 2
        path += f"{'L' if path else 'M'}{start:g} {y:g}C{middle:g} {y:g} {middle:g} {to_y:g} "
        path += f"{end:g} {to_y:g}"
    (x, y), (to_x, to_y) = spots[0], spots[1]
    return {
        "path": path,
        "x": (x + BOX + to_x) / 2,
        "y": (y + to_y) / 2,
        "certainty": edges[0]["certainty"],
        "lines": [
            line
            for edge in edges
            for line in (edge["relation_label"].lower(), edge["certainty_label"].lower())
        ],
        "source_id": edges[0]["source_id"],
        "derived_from_id": edges[0]["derived_from_id"],
    }
