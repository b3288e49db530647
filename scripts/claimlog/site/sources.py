"""Pages: the articles and works, what each rests on, and its claims over the length of its text."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from claimlog.site.lineage import drawn
from claimlog.site.pages import Asked, Missing, page
from claimlog.site.store import Row, Store
from claimlog.site.strip import coverage
from claimlog.site.texts import PART, find, pieces, printable

LISTED = 500  # sources of a kind on the list
WALKED = 60  # sources of a lineage, nearest first


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
        "source": row,
        "web": str(row["url"] or "").startswith(("https://", "http://")),
        "kind": _code(book, "source_kind", row["kind"]),
        "reliability": _code(book, "reliability", row["reliability"]),
        "grades": [*book.get("reliability", {}).values()],
        "lineage": await _lineage(store, book, name),
        "coded": coded,
        "coverage": coverage(spans, listed, furniture, row["text_length"], book.get("content", {}))
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
        "drawing": drawn(name, nodes, edges) if edges else None,
    }
