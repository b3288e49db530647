"""The graph of the page of origins: boxes of sources, in columns by what rests on what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from itertools import dropwhile

from claimlog.site.drawing.graph_layout import centred_rows, curve, longest_distances
from claimlog.site.store import Row

BOX_WIDTH, BOX_HEIGHT = 232, 60
GAP_X, GAP_Y, MARGIN, HEAD = 110, 16, 8, 26
LINE_CHARACTERS = 28
"""Characters of a line in a box."""

Pair = tuple[str, str]
"""A source, and one that it rests on."""


def find_cycles(pairs: Iterable[Pair]) -> Iterator[list[str]]:
    """Yield cycles of sources that rest on one another; without their last pairs there are none.

    >>> [*find_cycles([("a", "b"), ("b", "a"), ("b", "c")])]
    [['a', 'b', 'a']]
    """
    works: dict[str, list[str]] = {}
    for source, own in sorted(set(pairs)):
        works.setdefault(source, []).append(own)
    visited: set[str] = set()
    for start in works:
        # depth first; not by recursion, as a chain may be long
        path = {} if start in visited else {start: iter(works[start])}
        while path:
            name, rest = path.popitem()
            work = next(rest, None)
            if work is None:
                visited.add(name)
                continue
            path[name] = rest
            if work in path:
                yield [*dropwhile(work.__ne__, path), work]
            elif work not in visited:
                path[work] = iter(works.get(work, ()))


def _dependents(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """Return for each source those that rest on it."""
    dependents: dict[str, list[str]] = {}
    for source, work in sorted(pairs):
        dependents.setdefault(source, [])
        dependents.setdefault(work, []).append(source)
    return dependents


def draw_origin_graph(nodes: list[Row], edges: list[Row]) -> Row:
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
    pairs -= {(names[-2], names[-1]) for names in find_cycles(pairs)}
    column, row = _layout(names, pairs)
    columns = 1 + max(column.values(), default=-1)
    rows = max((sum(1 for n in names if column[n] == at) for at in range(columns)), default=0)
    places = {
        name: (
            MARGIN + column[name] * (BOX_WIDTH + GAP_X),
            round(HEAD + row[name] * (BOX_HEIGHT + GAP_Y), 1),
        )
        for name in names
    }
    return {
        "width": 2 * MARGIN + columns * BOX_WIDTH + max(0, columns - 1) * GAP_X,
        "height": HEAD + rows * (BOX_HEIGHT + GAP_Y) + MARGIN,
        "box_width": BOX_WIDTH,
        "box_height": BOX_HEIGHT,
        "nodes": [
            {
                **node,
                "x": places[node["source_id"]][0],
                "y": places[node["source_id"]][1],
                "short": _truncate(node["title"]),
                "name": _truncate(f"{node['source_id']} {node['publisher']}", LINE_CHARACTERS - 3),
            }
            for node in nodes
        ],
        "edges": [{**edge, **_line(edge, places)} for edge in edges],
    }


def _layout(names: list[str], pairs: set[Pair]) -> tuple[dict[str, int], dict[str, float]]:
    """Return column and row of each source: right of all that rest on it, near their middle.

    In the first column those stand together that share the first work that they rest on.
    """
    dependents = _dependents(pairs)
    for name in names:
        dependents.setdefault(name, [])
    first_work: dict[str, str] = {}
    for source, work in sorted(pairs):
        first_work.setdefault(source, work)
    order = TopologicalSorter(dependents).static_order()
    column = longest_distances(
        order, dependents, (name for name in dependents if not dependents[name])
    )
    row = centred_rows(
        column,
        dependents,
        lambda name: (first_work.get(name, "~") if column[name] == 0 else "", name),
    )
    return column, row


def _line(edge: Row, places: Mapping[str, tuple[float, float]]) -> Row:
    """Return a curve from the right side of one box to the left side of the other."""
    (x, y), (to_x, to_y) = places[edge["source_id"]], places[edge["on_id"]]
    x, y, to_y = x + BOX_WIDTH, y + BOX_HEIGHT / 2, to_y + BOX_HEIGHT / 2
    bend = GAP_X / 2 if to_x > x else GAP_X
    return {
        "path": f"M{x:g} {y:g}{curve(x, y, to_x, to_y, bend)}",
        "label_x": to_x - 16,
        "label_y": round(to_y + (y - to_y) * 0.06 - 5, 1),
    }


def _truncate(text: str, most: int = LINE_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
