"""The lineage of a source: what came of it to its left, what it rests on to its right."""

from __future__ import annotations

from collections import defaultdict
from graphlib import TopologicalSorter
from itertools import pairwise

from claimlog.site.drawing.graph_layout import centred_rows, curve, longest_distances
from claimlog.site.store import Row

BOX_WIDTH, GAP, ROW_HEIGHT, BOX_HEIGHT = 206, 150, 80, 56
ARROW = 3
"""Pixels that the tip of an arrow leaves before a box."""

Slot = tuple[str, ...]
"""A place in a column: a source, or an edge that passes there (two sources and the column)."""


def draw_lineage(centre: str, nodes: list[Row], edges: list[Row]) -> Row:
    """Return boxes and lines of the lineage of the source `centre`, and the size of the drawing."""
    pairs: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for edge in edges:
        pairs[edge["source_id"], edge["derived_from_id"]].append(edge)
    source_column = lineage_columns(centre, [node["source_id"] for node in nodes], [*pairs])
    column: dict[Slot, int] = {(name,): number for name, number in source_column.items()}
    neighbours: dict[Slot, list[Slot]] = defaultdict(list)
    routes: dict[tuple[str, str], list[Slot]] = {}
    for source, work in pairs:
        between = range(source_column[source] + 1, source_column[work])
        passing: dict[Slot, int] = {(source, work, str(number)): number for number in between}
        column |= passing
        route = routes[source, work] = [(source,), *passing, (work,)]
        for one, other in pairwise(route):
            neighbours[one].append(other)
            neighbours[other].append(one)
    row = centred_rows(column, neighbours, lambda slot: slot)
    left = min(column.values())
    rows = 1 + max(round(2 * number) for number in row.values()) / 2
    spot = {
        slot: ((column[slot] - left) * (BOX_WIDTH + GAP), (row[slot] + 0.5) * ROW_HEIGHT)
        for slot in column
    }
    return {
        "width": (max(column.values()) - left) * (BOX_WIDTH + GAP) + BOX_WIDTH,
        "height": rows * ROW_HEIGHT,
        "box": BOX_WIDTH,
        "tall": BOX_HEIGHT,
        "nodes": [
            {
                **node,
                "x": spot[node["source_id"],][0],
                "y": spot[node["source_id"],][1] - BOX_HEIGHT / 2,
            }
            for node in nodes
        ],
        "edges": [
            _line(pairs[pair], [spot[slot] for slot in route]) for pair, route in routes.items()
        ],
    }


def lineage_columns(centre: str, names: list[str], pairs: list[tuple[str, str]]) -> dict[str, int]:
    """Return the column of each source: its longest distance from the centre, left negative.

    The log admits no cycles.
    """
    works: dict[str, list[str]] = {name: [] for name in names}
    dependents: dict[str, list[str]] = {name: [] for name in names}
    for source, work in pairs:
        works[source].append(work)
        dependents[work].append(source)
    works_first = [*TopologicalSorter(works).static_order()]
    right = longest_distances(reversed(works_first), dependents, [centre])
    left = longest_distances(works_first, works, [centre])
    return right | {name: -distance for name, distance in left.items()}


def _line(edges: list[Row], spots: list[tuple[float, float]]) -> Row:
    """Return the path of an edge through its slots, and where its words stand."""
    path = ""
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(spots)):
        start, end = x + BOX_WIDTH, to_x - ARROW if number == len(spots) - 2 else to_x
        path += f"{'L' if path else 'M'}{start:g} {y:g}"
        path += curve(start, y, end, to_y, (end - start) / 2)
    (x, y), (to_x, to_y) = spots[0], spots[1]
    return {
        "path": path,
        "x": (x + BOX_WIDTH + to_x) / 2,
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
