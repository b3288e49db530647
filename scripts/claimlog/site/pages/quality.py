"""The page of quality: how far coders agree, what anchors claims to texts, and the batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.coder_wording import agreement_limit, coders_notice
from claimlog.site.page import PageRequest
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Row, Store
from claimlog.site.topic import read_topic

ALL = "all"
FEWEST_UNITS = 20
"""Filled units below which alpha says next to nothing, so that no verdict is given."""

SCOPES = 12
"""How many articles the table by article shows; the table reliability holds all."""

PAIRS = 20
"""How many pairs of coders have tables on the page: their number grows with that of coders squared.
Ours are five."""

LINKS = 100
"""How many rows of agreement on links are shown."""

BATCHES = 200
"""How many batches are shown: the last ones; the table batches holds all."""

Pair = tuple[int, str, str]
"""Number of a pass and its two coders."""

KEY = "pass, first_coder, second_coder"
SCOPES_OF_PAIRS = f"""
with pairs as (select distinct {KEY} from reliability order by {KEY} limit :pairs),
scopes as (
  select {KEY}, scope,
    row_number() over (partition by {KEY} order by scope <> :all, scope) as number
  from (select distinct {KEY}, scope from reliability join pairs using ({KEY}))
)
"""
"""Pairs of coders that are shown, and the scopes of each: all articles, then one by one."""


async def quality(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return how far coders agree, how much is anchored, and the batches of the log."""
    topic = await read_topic(store)
    kinds = dataset_metadata(store.datasette).get("coders", ())
    details = topic.presentation.coders.get("details", {})
    coders = {
        "notice": coders_notice(kinds),
        "details": [*filter(None, (agreement_limit(kinds), *map(details.get, kinds)))],
    }
    return {"title": "Quality", "coders": coders, **await store.memoize("quality", _quality)}


async def _quality(store: Store) -> Row:
    first = {"pairs": PAIRS, "all": ALL, "scopes": SCOPES + 1}
    rows, spans = [
        await store.rows(
            f"{SCOPES_OF_PAIRS} select {table}.* from {table} join scopes using ({KEY}, scope) "
            f"where number <= :scopes order by {KEY}, {order}",
            **first,
        )
        for table, order in (
            ("reliability", "target is null, variable"),
            ("span_agreement", "scope"),
        )
    ]
    for row in rows:
        row["result"] = _result(row)
    pairs, spans_of = _by_pair(rows), _by_pair(spans)
    counting = f"select count(*) as n from (select distinct {KEY} from reliability)"
    anchors = {
        name: await store.count(sql)
        for name, sql in {
            "claims": "select count(*) as n from claims",
            "sources": "select count(distinct source_id) as n from claims",
            "codings": "select count(*) as n from codings",
            "furniture": "select count(*) as n from source_furniture",
            "events": "select count(*) as n from events",
        }.items()
    }
    return {
        "anchors": anchors,
        "passes": [
            _pass(key, agreement, spans_of.get(key, [])) for key, agreement in pairs.items()
        ],
        "more_passes": await store.count(counting) - len(pairs),
        **await _link_agreement(store),
        "batches": await store.rows(
            "select * from (select * from batches order by number desc limit :most) "
            "order by number",
            most=BATCHES,
        ),
        "batches_total": await store.count("select count(*) as n from batches"),
    }


def _by_pair(rows: list[Row]) -> dict[Pair, list[Row]]:
    pairs: dict[Pair, list[Row]] = {}
    for row in rows:
        pairs.setdefault((row["pass"], row["first_coder"], row["second_coder"]), []).append(row)
    return pairs


def _pass(key: Pair, rows: list[Row], spans: list[Row]) -> Row:
    """Return the agreement of two coders in one pass: overall, and by variable and article."""
    scopes = [scope for scope in dict.fromkeys(row["scope"] for row in rows) if scope != ALL]
    scopes = sorted(scopes)[:SCOPES]
    by_cell = {(row["variable"], row["scope"]): row for row in rows}
    overall = [row for row in rows if row["scope"] == ALL]
    return {
        "pass": key[0],
        "first_coder": key[1],
        "second_coder": key[2],
        "codebook_version": rows[0]["codebook_version"],
        "aimed": sum(row["target"] is not None for row in overall),
        "reached": sum(row["result"] == "reached" for row in overall),
        "overall": overall,
        "scopes": scopes,
        "by_scope": [
            {
                "variable": row["variable"],
                "cells": [by_cell.get((row["variable"], scope)) for scope in scopes],
            }
            for row in overall
        ],
        "spans": [row for row in spans if row["scope"] in (ALL, *scopes)],
    }


async def _link_agreement(store: Store) -> Row:
    """Return how far coders agree on links; earlier releases have no such table."""
    if "link_agreement" not in await store.tables():
        return {"links": [], "more_links": 0}
    chosen = "from link_agreement where scope = :scope"
    rows = await store.rows(
        f"select * {chosen} order by pass, relation <> 'any', relation limit :links",
        scope=ALL,
        links=LINKS,
    )
    count = await store.count(f"select count(*) as n {chosen}", scope=ALL)
    return {"links": rows, "more_links": count - len(rows)}


def _result(row: Row) -> str:
    """Return whether agreement on a variable reaches its target.

    It is measured over the units that a coder filled; of names that coders give of their own, by
    the pairs that they join. Earlier releases have alpha over all units alone.
    """
    if row["target"] is None:
        return "no target"
    if row.get("f1") is not None:
        value = row["f1"]
    elif row.get("units_filled", FEWEST_UNITS) < FEWEST_UNITS:
        return "too few"
    else:
        value = row.get("alpha_filled", row["alpha"])
    if value is None:
        return "not defined"
    return "reached" if value >= row["target"] else "missed"
