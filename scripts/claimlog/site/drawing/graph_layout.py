"""Layered layout of a directed graph: a column for each box, its row there, curves in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

Node = TypeVar("Node", bound=Hashable)


def longest_distances(
    order: Iterable[str], heads: Mapping[str, Iterable[str]], start: Iterable[str]
) -> dict[str, int]:
    """Return how many edges the longest path to each node has, of those that can be reached.

    Parameters
    ----------
    order
        All nodes, each after its heads.
    heads
        The nodes from which an edge leads to a node.
    start
        The nodes with distance 0.

    Examples
    --------
    >>> longest_distances("abc", {"a": "", "b": "a", "c": "ab"}, "a")
    {'a': 0, 'b': 1, 'c': 2}
    """
    distance = dict.fromkeys(start, 0)
    for name in order:
        reached = [distance[head] + 1 for head in heads[name] if head in distance]
        if reached and name not in distance:
            distance[name] = max(reached)
    return distance


def centred_rows(
    column: Mapping[Node, int],
    neighbours: Mapping[Node, Iterable[Node]],
    rank: Callable[[Node], Any],
) -> dict[Node, float]:
    """Return the row of each node: columns are filled from column 0 outwards and centred.

    A node comes near the mean row of its neighbours that have one already.

    Parameters
    ----------
    rank
        What nodes are sorted by that have the same mean, or no such neighbours.
    """
    columns: dict[int, list[Node]] = defaultdict(list)
    for node, number in column.items():
        columns[number].append(node)
    tallest = max(map(len, columns.values()), default=0)
    rows: dict[Node, float] = {}

    def order(node: Node) -> Any:
        return _mean_row(neighbours[node], rows), rank(node)

    for number in sorted(columns, key=abs):
        ordered = sorted(columns[number], key=order)
        for place, node in enumerate(ordered):
            rows[node] = place + (tallest - len(ordered)) / 2
    return rows


def _mean_row(nodes: Iterable[Node], rows: Mapping[Node, float]) -> float:
    placed = [rows[node] for node in nodes if node in rows]
    return sum(placed) / len(placed) if placed else 0.0


def curve(x: float, y: float, to_x: float, to_y: float, bend: float) -> str:
    """Return the part of an SVG path that leads level out of one point and level into another."""
    return f"C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x:g} {to_y:g}"
