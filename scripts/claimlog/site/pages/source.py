"""The page of one source: what it rests on, its claims over its length, and its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain, zip_longest
from operator import itemgetter
from typing import Any

from claimlog.site.drawing.coverage_strip import draw_coverage
from claimlog.site.drawing.lineage_graph import draw_lineage
from claimlog.site.drawing_thread import off_the_loop
from claimlog.site.lineage import labelled_edge
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.pagination import Pagination
from claimlog.site.rows_about import rows_about
from claimlog.site.source_texts import (
    CLAIMS_PER_PAGE,
    PART_CHARACTERS,
    find_copy,
    find_text,
    part_of,
    printable_name,
    text_segments,
)
from claimlog.site.store import Codes, Row, Store
from claimlog.site.topic import Topic, read_topic
from claimlog.sources.anchor import COLUMNS
from claimlog.sources.placement_outcome import MEANINGS, Outcome
from claimlog.sources.text import Text

ANCHOR_COLUMNS = ", ".join(f'"{column}"' for column in COLUMNS)
COLOURS = 8
"""Colours of passages in the style sheet; of a longer code list, codes share them."""

NEAREST, DERIVATIONS = 60, 300
"""Sources of a lineage that are drawn each way, nearest first, and derivations between all of them:
each takes a place in every column that it passes."""


async def source(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return all that is known of a source, with its claims in order of the text."""
    name = request.identifiers["source_id"]
    row = await store.row("select * from sources where source_id = :name", name=name)
    if row is None:
        raise PageNotFound(await _not_found_message(store, name))
    codes = await store.codes()
    furniture = await store.rows(
        'select f.start, f."end", f.kind, k.label from source_furniture f left join codebook k '
        "on k.codelist = 'furniture_kind' and k.code = f.kind where f.source_id = :name "
        "order by f.start",
        name=name,
    )
    coded = row["text_sha256"] is not None
    topic = await read_topic(store)
    colour = topic.presentation.passage_colour
    line = [item["column"] for item in topic.presentation.passage_line]
    colour_codes = codes.get((topic.columns[colour].codelist if colour else None) or "", {})
    spans = await _spans(store, topic, name) if coded else []
    total = len(spans) if coded else await _claims_from_work(store, name)
    pagination = Pagination.of(request, total, CLAIMS_PER_PAGE)
    on_page = await _listed(store, topic, name, coded, pagination)
    return {
        "title": f"{row['title']} ({row['publisher']})",
        "source": row,
        "web": str(row["url"] or "").startswith(("https://", "http://")),
        "kind": codes.entry("source_kind", row["kind"]),
        "reliability": codes.entry("reliability", row["reliability"]),
        "grades": [*codes.get("reliability", {}).values()],
        "lineage": await _lineage(store, codes, name),
        "coded": coded,
        "coverage": await off_the_loop(draw_coverage)(
            spans,
            on_page,
            furniture,
            row["text_length"],
            colour_codes,
        )
        if spans
        else None,
        "furniture": furniture,
        "rows_about": await rows_about(store, name),
        "claims": [claim | topic.labels_on_line(codes, line, claim) for claim in on_page],
        "line": line,
        "colours": {code: place % COLOURS + 1 for place, code in enumerate(colour_codes)},
        "total": total,
        "page": pagination.number,
        "pages": pagination.pages,
        "first": pagination.offset + 1,
        "text": await _text(store, request, row, spans, pagination, furniture),
    }


async def _not_found_message(store: Store, name: str) -> str:
    """Return why there is no page for an identifier."""
    last = await store.row(
        "select reason from source_versions where source_id = :name order by version desc limit 1",
        name=name,
    )
    if last is not None:
        return f"Source {name} was retracted: {last['reason'] or 'no reason was given.'}"
    return (
        f"There is no source {name[:60]}. Identifiers look like S004; the page of all sources "
        "lists the texts and the works behind them."
    )


def _colour(topic: Topic) -> str:
    """Return the column by which passages are coloured, or SQL for none."""
    return topic.presentation.passage_colour or "null"


async def _spans(store: Store, topic: Topic, name: str) -> list[Row]:
    """Return where each claim of a text stands in it, in order."""
    return await store.rows(
        f'select claim_id, start, "end", {_colour(topic)} as colour from claims '
        "where source_id = :name order by start, claim_id",
        name=name,
    )


async def _claims_from_work(store: Store, name: str) -> int:
    """Return how many claims go back to a work."""
    return await store.count("select count(*) as n from claims where origin_id = :name", name=name)


async def _listed(
    store: Store, topic: Topic, name: str, coded: bool, pagination: Pagination
) -> list[Row]:
    """Return one page of the claims of a text in its order, or of those that go back to a work."""
    others = topic.select(topic.presentation.passage_line, "c")
    where = "source_id = :name order by start, claim_id" if coded else "origin_id = :name"
    return await store.rows(
        f'select claim_id, source_id, statement, {_colour(topic)} as colour{others}, start, "end" '
        "from claims c "
        f"where {where} limit :most offset :skipped",
        name=name,
        most=pagination.size,
        skipped=pagination.offset,
    )


async def _text(
    store: Store,
    request: PageRequest,
    row: Row,
    spans: list[Row],
    pagination: Pagination,
    furniture: list[Row],
) -> Row | None:
    """Return a part of the article in pieces, or why it is not shown; None for a work."""
    if row["text_sha256"] is None:
        return None
    text, message = await find_text(store, row["text_sha256"])
    if text is None:
        copy = await _copy(store, request, row, spans, pagination)
        return copy or {"shown": False, "message": message}
    end = pagination.offset + pagination.size
    first = spans[pagination.offset]["start"] if pagination.offset else 0
    last = spans[end]["start"] if end < len(spans) else len(text.content)
    on_page = spans[pagination.offset : end]
    return await _part(request, text, spans, furniture, on_page, first, last)


async def _part(
    request: PageRequest,
    text: Text,
    spans: list[Row],
    furniture: list[Row],
    on_page: list[Row],
    first: int,
    last: int,
) -> Row:
    """Return the part of a text that a request asks for, of what the claims of a page stand in.

    Parameters
    ----------
    spans, on_page
        Where claims stand in the text: all that are marked, and those that the page lists.
    first, last
        The offsets between which a page shows the text.
    """
    part = Pagination.of(request, last - first, PART_CHARACTERS, "part", "text")
    start = first + part.offset
    end = min(last, start + part.size)
    return {
        "shown": True,
        "message": "",
        "file": printable_name(text.path.name) if text.path else None,
        "start": start,
        "end": end,
        "parts": part.links(request.values or request.query),
        "part_of_claims": {
            span["claim_id"]: part_of(span["start"], first, last) for span in on_page
        },
        "pieces": await off_the_loop(text_segments)(text.content, spans, furniture, start, end),
    }


async def _copy(
    store: Store, request: PageRequest, row: Row, spans: list[Row], pagination: Pagination
) -> Row | None:
    """Return another copy of the article with the claims of a page in it, None without one."""
    anchors = await store.rows(
        f"select {ANCHOR_COLUMNS} from claims where source_id = :name order by start, claim_id",
        name=row["source_id"],
    )
    found = await find_copy(row["source_id"], anchors)
    if found is None:
        return None
    copy, placed = found
    on_page = slice(pagination.offset, pagination.offset + pagination.size)
    places: list[Row] = []
    outcomes: list[Row] = []
    for span, one in list(zip(spans, placed.placements, strict=True))[on_page]:
        if one.span is not None:
            places.append({**span, "start": one.span[0], "end": one.span[1]})
        if one.outcome is not Outcome.FOUND:
            reason = one.reason or MEANINGS[one.outcome]
            outcomes.append(
                {"claim_id": span["claim_id"], "outcome": one.outcome, "reason": reason}
            )
    one_page = pagination.pages == 1
    first = 0 if one_page else min((place["start"] for place in places), default=0)
    last = len(copy.content) if one_page else max((place["end"] for place in places), default=0)
    part = await _part(request, copy, places, [], places, first, last)
    return {**part, "tally": placed.tally(), "outcomes": outcomes}


async def _lineage(store: Store, codes: Codes, name: str) -> Row:
    """Return the whole chain of a source, both ways: its sources, its edges and their drawing."""
    walks = {}
    for way, (of, to) in {
        "behind": ("source_id", "derived_from_id"),
        "after": ("derived_from_id", "source_id"),
    }.items():
        rows = await store.rows(
            f"with recursive walk(name) as (select :name union select l.{to} from source_lineage l "
            f"join walk w on l.{of} = w.name limit :most) select name from walk",
            name=name,
            most=NEAREST + 1,
        )
        walks[way] = [row["name"] for row in rows]
    walked = chain.from_iterable(zip_longest(*(names[:NEAREST] for names in walks.values())))
    nearest = [*dict.fromkeys(filter(None, walked))]
    rows = await store.rows(
        "with near(place, name) as (select key, value from json_each(:nearest)) "
        "select l.*, max(a.place, b.place) as farther from source_lineage l "
        "join near a on a.name = l.source_id join near b on b.name = l.derived_from_id "
        "order by farther, source_id, derived_from_id, relation limit :most",
        nearest=json.dumps(nearest),
        most=DERIVATIONS + 1,
    )
    cut = max(map(len, walks.values())) > NEAREST or len(rows) > DERIVATIONS
    if len(rows) > DERIVATIONS:  # a source is there with all that it has to do with nearer ones
        nearest = nearest[: max(2, rows.pop()["farther"])]
    edges = sorted(
        (labelled_edge(codes, row) for row in rows if row.pop("farther") < len(nearest)),
        key=itemgetter("source_id", "derived_from_id", "relation"),
    )
    nodes = await store.rows(
        "select source_id, title, publisher, kind from sources "
        "where source_id in (select value from json_each(:nearest)) order by source_id",
        nearest=json.dumps(nearest),
    )
    return {
        "cut": cut,
        "sources": {node["source_id"]: node for node in nodes},
        "edges": edges,
        "drawing": await off_the_loop(draw_lineage)(name, nodes, edges) if edges else None,
    }
