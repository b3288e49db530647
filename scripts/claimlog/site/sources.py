"""Pages: the articles and works, what each rests on, and its claims over the length of its text."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any

from claimlog.site.pages import Asked, Missing, page
from claimlog.site.store import Row, Store
from claimlog.site.texts import PART, find, pieces, printable

LISTED = 500  # sources of a kind on the list
WALKED = 60  # sources of a lineage, nearest first
LANES = 8  # of the strip; deeper overlaps share the last
LANE, MARK, GAP_ABOVE = 16, 14, 3  # of the strip: pixels

BOX, GAP, ROW, TALL = 206, 150, 80, 56  # of the lineage graph: pixels
Slot = tuple[str, ...]
"""A place in a column of the graph: a source, or an edge that passes (two sources, column)."""


@page(r"/sources", "claimlog_sources.html", in_releases=True)
async def sources(store: Store, asked: Asked) -> Mapping[str, Any]:  # noqa: ARG001  # a view
    """Return all articles and the works behind them."""
    book = await store.codes()
    counts = {
        "copy": "select source_id as name, count(*) as claims from claims group by source_id",
        "work": "select origin_id as name, count(*) as claims from claims "
        "where origin_id is not null group by origin_id",
    }
    groups = []
    for kind, sql in counts.items():
        number = {row["name"]: row["claims"] for row in await store.rows(sql)}
        rows = await store.rows(
            "select source_id, title, publisher, publisher_id, published, reliability, text_length "
            "from sources where kind = :kind order by source_id limit :most",
            kind=kind,
            most=LISTED + 1,
        )
        edges = await _edges_of(store, [row["source_id"] for row in rows])
        groups.append(
            {
                "kind": kind,
                "definition": _code(book, "source_kind", kind)["definition"],
                "more": len(rows) > LISTED,
                "sources": [
                    {
                        **row,
                        "reliability_label": _code(book, "reliability", row["reliability"])[
                            "label"
                        ],
                        "claims": number.get(row["source_id"], 0),
                        "derived_from": [_named(book, edge) for edge in edges[row["source_id"]]],
                    }
                    for row in rows[:LISTED]
                ],
            }
        )
    return {"title": "Sources", "groups": groups}


@page(r"/sources/(?P<source_id>[^/.]+)", "claimlog_source.html", in_releases=True)
async def source(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return all that is known of a source, with its claims in order of the text."""
    name = asked.parts["source_id"]
    row = await store.row("select * from sources where source_id = :name", name=name)
    if row is None:
        raise Missing(await _why_not(store, name))
    book = await store.codes()
    known = {**row, "authors": json.loads(row["authors"])}
    furniture = await store.rows(
        'select f.start, f."end", f.kind, k.label from source_furniture f left join codebook k '
        "on k.codelist = 'furniture_kind' and k.code = f.kind where f.source_id = :name "
        "order by f.start",
        name=name,
    )
    coded = row["text_sha256"] is not None
    spans = await _spans(store, name) if coded else []
    total = len(spans) if coded else await _resting(store, name)
    parts = max(1, -(-total // PART))
    number = asked.number("page", 1, 1, parts)
    listed = await _listed(store, name, coded, number)
    return {
        "title": f"{row['title']} ({row['publisher']})",
        "source": known,
        "web": str(row["url"] or "").startswith(("https://", "http://")),
        "kind": _code(book, "source_kind", row["kind"]),
        "reliability": _code(book, "reliability", row["reliability"]),
        "grades": [*book.get("reliability", {}).values()],
        "lineage": await _lineage(store, book, name),
        "coded": coded,
        "coverage": _coverage(spans, listed, furniture, row["text_length"], book)
        if spans
        else None,
        "furniture": furniture,
        "claims": [
            {
                **claim,
                "content_label": _code(book, "content", claim["content"])["label"],
                "voice_label": _code(book, "voice", claim["voice"])["label"],
            }
            for claim in listed
        ],
        "total": total,
        "page": number,
        "pages": parts,
        "first": (number - 1) * PART + 1,
        "text": await _text(store, row, spans, number, furniture),
    }


async def _why_not(store: Store, name: str) -> str:
    """Return why there is no page for an identifier."""
    last = await store.row(
        "select reason from source_versions where source_id = :name order by version desc limit 1",
        name=name,
    )
    if last is not None:
        return f"Source {name} was retracted: {last['reason'] or 'no reason was given.'}"
    return (
        f"There is no source {name[:60]}. Identifiers look like S004; the page of all sources "
        "lists the articles and the works behind them."
    )


def _code(book: Mapping[str, Mapping[str, Row]], codelist: str, code: str) -> Row:
    """Return a code with label and definition; of an unlisted code, its own name."""
    return book.get(codelist, {}).get(
        code, {"codelist": codelist, "code": code, "label": code, "definition": ""}
    )


def _named(book: Mapping[str, Mapping[str, Row]], edge: Row) -> Row:
    """Return an edge with the labels of its relation and certainty."""
    return {
        **edge,
        "relation_label": _code(book, "lineage_relation", edge["relation"])["label"],
        "certainty_label": _code(book, "certainty", edge["certainty"])["label"],
    }


async def _edges_of(store: Store, names: list[str]) -> defaultdict[str, list[Row]]:
    """Return what each of some sources was derived from."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for edge in await store.rows(
        "select l.source_id, l.derived_from_id, l.relation, l.certainty, s.publisher "
        "from json_each(:names) n join source_lineage l on l.source_id = n.value "
        "join sources s on s.source_id = l.derived_from_id "
        "order by l.source_id, l.derived_from_id, l.relation",
        names=json.dumps(names),
    ):
        found[edge["source_id"]].append(edge)
    return found


async def _spans(store: Store, name: str) -> list[Row]:
    return await store.rows(
        'select claim_id, start, "end", content from claims '
        "where source_id = :name order by start, claim_id",
        name=name,
    )


async def _resting(store: Store, name: str) -> int:
    """Return how many claims go back to a work."""
    found = await store.row("select count(*) as n from claims where origin_id = :name", name=name)
    return int(found["n"]) if found else 0


async def _listed(store: Store, name: str, coded: bool, number: int) -> list[Row]:
    """Return one page of the claims of a text in its order, or of those that go back to a work."""
    where = "source_id = :name order by start, claim_id" if coded else "origin_id = :name"
    return await store.rows(
        'select claim_id, source_id, statement, content, voice, start, "end" from claims '
        f"where {where} limit :most offset :skipped",
        name=name,
        most=PART,
        skipped=(number - 1) * PART,
    )


async def _text(
    store: Store, row: Row, spans: list[Row], number: int, furniture: list[Row]
) -> Row | None:
    """Return a part of the article in pieces, or why it is not shown; None for a work."""
    if row["text_sha256"] is None:
        return None
    text, message = await find(store, row["text_sha256"])
    if text is None:
        return {"shown": False, "message": message}
    first = spans[(number - 1) * PART]["start"] if number > 1 else 0
    last = spans[number * PART]["start"] if number * PART < len(spans) else len(text.content)
    return {
        "shown": True,
        "message": "",
        "file": printable(text.path.name) if text.path else None,
        "start": first,
        "end": last,
        "pieces": pieces(text.content, spans, furniture, first, last),
    }


def _coverage(
    spans: list[Row],
    listed: list[Row],
    furniture: list[Row],
    length: int,
    book: Mapping[str, Mapping[str, Row]],
) -> Row:
    """Return where the claims stand over the length of a text, as shares of it, in lanes.

    Those that the page lists are marks of their own; the others a path for each kind, and a range
    for each page that lists them.
    """
    statements = {row["claim_id"]: row["statement"] for row in listed}
    free: list[int] = []  # where each lane ends so far
    marks, paths, counts = [], defaultdict(list), Counter(row["content"] for row in spans)
    for row in spans:
        lane = next((at for at, end in enumerate(free) if end <= row["start"]), len(free))
        lane = min(lane, LANES - 1)
        free[lane:] = [row["end"], *free[lane + 1 :]]
        share = _share(row, length)
        if row["claim_id"] in statements:
            statement = statements[row["claim_id"]]
            marks.append({**row, **share, "lane": lane, "statement": statement})
        else:
            left, width = share["left"], share["width"]
            paths[row["content"]].append(
                f"M{left} {lane * LANE + GAP_ABOVE}h{width}v{MARK}h-{width}z"
            )
    starts = [row["start"] for row in spans[::PART]]
    return {
        "length": length,
        "covered": round(100 * _union(spans) / length, 1),
        "furnished": round(100 * _union(furniture) / length, 1),
        "lanes": len(free),
        "marks": marks,
        "others": [{"content": kind, "path": "".join(path)} for kind, path in paths.items()],
        "parts": [
            {"page": number, **_share({"start": start, "end": end}, length)}
            for number, (start, end) in enumerate(pairwise([*starts, length]), 1)
        ],
        "furniture": [{**row, **_share(row, length)} for row in furniture],
        "kinds": [
            {**_code(book, "content", code), "claims": counts[code]}
            for code in dict.fromkeys([*book.get("content", {}), *counts])
            if counts[code]
        ],
    }


def _share(row: Row, length: int) -> dict[str, float]:
    return {
        "left": round(100 * row["start"] / length, 3),
        "width": round(100 * (row["end"] - row["start"]) / length, 3),
    }


def _union(spans: Iterable[Row]) -> int:
    """Return how much some spans cover together.

    >>> _union([{"start": 0, "end": 4}, {"start": 2, "end": 6}, {"start": 8, "end": 9}])
    7
    """
    covered = reached = 0
    for start, end in sorted((row["start"], row["end"]) for row in spans):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered


async def _lineage(store: Store, book: Mapping[str, Mapping[str, Row]], name: str) -> Row:
    """Return the whole chain of a source, both ways: its sources, its edges and their drawing."""
    walks = {}
    for way, (of, to) in {
        "behind": ("source_id", "derived_from_id"),
        "after": ("derived_from_id", "source_id"),
    }.items():
        found = await store.rows(
            f"with recursive walk(name) as (select :name union select l.{to} from source_lineage l "
            f"join walk w on l.{of} = w.name limit :most) select name from walk",
            name=name,
            most=WALKED + 1,
        )
        walks[way] = [row["name"] for row in found]
    names = [name, *walks["behind"][1:WALKED], *walks["after"][1:WALKED]]
    given = {"names": json.dumps(names)}
    nodes = await store.rows(
        "select source_id, title, publisher, kind from sources "
        "where source_id in (select value from json_each(:names)) order by source_id",
        **given,
    )
    edges = [
        _named(book, edge)
        for edge in await store.rows(
            "select * from source_lineage "
            "where source_id in (select value from json_each(:names)) "
            "and derived_from_id in (select value from json_each(:names)) "
            "order by source_id, derived_from_id, relation",
            **given,
        )
    ]
    return {
        "cut": max(map(len, walks.values())) > WALKED,
        "sources": {node["source_id"]: node for node in nodes},
        "edges": edges,
        "drawing": _drawing(name, nodes, edges) if edges else None,
    }


def _drawing(centre: str, nodes: list[Row], edges: list[Row]) -> Row:
    """Place a lineage: what came of the source to its left, what it rests on to its right."""
    pairs: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for edge in edges:
        pairs[edge["source_id"], edge["derived_from_id"]].append(edge)
    column = _columns(centre, [node["source_id"] for node in nodes], [*pairs])
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


def _columns(centre: str, names: list[str], pairs: list[tuple[str, str]]) -> dict[str, int]:
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
