"""Where the boxes and lines of a graph of sources stand: columns by what rests on what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from claimlog.site.store import Row

BOX_WIDTH, BOX_HEIGHT = 210, 60
GAP_X, GAP_Y, MARGIN, HEAD = 110, 16, 8, 26
WORDS = 28
"""Characters of a line in a box."""

Pair = tuple[str, str]


def circles(pairs: Iterable[Pair], most: int = 20) -> tuple[list[list[str]], set[Pair]]:
    """Return circles of reliance, and the pairs that are left when each was cut once.

    >>> circles([("a", "b"), ("b", "a"), ("b", "c")])[0]
    [['a', 'b', 'a']]
    """
    left = set(pairs)
    found: list[list[str]] = []
    while True:
        sorter = TopologicalSorter(_heads(left))
        try:
            sorter.prepare()
        except CycleError as error:
            names: list[str] = error.args[1]
            if len(found) < most:
                start = names.index(min(names))
                found.append([*names[start:-1], *names[:start], names[start]])
            left.remove((names[0], names[1]))
            continue
        return found, left


def _heads(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """Return for each source what relies on it."""
    heads: dict[str, list[str]] = {}
    for one, other in sorted(pairs):
        heads.setdefault(one, [])
        heads.setdefault(other, []).append(one)
    return heads


def drawn(nodes: list[Row], edges: list[Row]) -> Row:
    """Return boxes and lines with their places, and the size of the drawing.

    Parameters
    ----------
    nodes
        With ``source_id``, ``publisher`` and ``title``.
    edges
        From ``source_id`` to ``on_id``, which is what it rests on.
    """
    names = [node["source_id"] for node in nodes]
    pairs = {(edge["source_id"], edge["on_id"]) for edge in edges}
    columns = _columns(names, circles(pairs)[1])
    tallest = max((len(column) for column in columns), default=0)
    height = tallest * (BOX_HEIGHT + GAP_Y)
    places: dict[str, tuple[float, float]] = {}
    for number, column in enumerate(columns):
        top = HEAD + (height - len(column) * (BOX_HEIGHT + GAP_Y)) / 2
        for index, name in enumerate(column):
            x = MARGIN + number * (BOX_WIDTH + GAP_X)
            places[name] = (x, round(top + index * (BOX_HEIGHT + GAP_Y), 1))
    return {
        "width": 2 * MARGIN + len(columns) * BOX_WIDTH + max(0, len(columns) - 1) * GAP_X,
        "height": HEAD + height + MARGIN,
        "box_width": BOX_WIDTH,
        "box_height": BOX_HEIGHT,
        "nodes": [
            {
                **node,
                "x": places[node["source_id"]][0],
                "y": places[node["source_id"]][1],
                "short": _short(node["title"]),
                "name": _short(f"{node['source_id']} {node['publisher']}", WORDS - 3),
            }
            for node in nodes
        ],
        "edges": [{**edge, **_line(edge, places)} for edge in edges],
    }


def _columns(names: list[str], pairs: set[Pair]) -> list[list[str]]:
    """Put each source right of all that rest on it, near the middle of these."""
    heads = _heads(pairs)
    layer: dict[str, int] = {}
    for name in TopologicalSorter(heads).static_order():
        layer[name] = 1 + max((layer[head] for head in heads[name]), default=-1)
    columns: list[list[str]] = [[] for _ in range(1 + max(layer.values(), default=0))]
    for name in sorted(names):
        columns[layer.get(name, 0)].append(name)
    height: dict[str, float] = {}
    for number, column in enumerate(columns):
        if number == 0:
            column.sort(key=lambda name: (_first(name, pairs), name))
        else:
            column.sort(key=lambda name: (_mean(heads[name], height), name))
        for index, name in enumerate(column):
            height[name] = (index + 0.5) / len(column)
    return [column for column in columns if column]


def _first(name: str, pairs: set[Pair]) -> str:
    """Return the first work that a source rests on, so that those who share it stand together."""
    return min((on for one, on in pairs if one == name), default="~")


def _mean(names: list[str], height: Mapping[str, float]) -> float:
    known = [height[name] for name in names if name in height]
    return round(sum(known) / len(known), 6) if known else 1.0


def _line(edge: Row, places: Mapping[str, tuple[float, float]]) -> Row:
    """Return a curve from the right side of one box to the left side of the other."""
    (x1, y1), (x2, y2) = places[edge["source_id"]], places[edge["on_id"]]
    x1, y1, y2 = x1 + BOX_WIDTH, y1 + BOX_HEIGHT / 2, y2 + BOX_HEIGHT / 2
    bend = GAP_X / 2 if x2 > x1 else GAP_X
    path = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
    return {"path": path, "label_x": x2 - 16, "label_y": round(y2 + (y1 - y2) * 0.06 - 5, 1)}


def _short(text: str, most: int = WORDS) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
