"""The page of quality: how far coders agree, what anchors claims to texts, and the batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.page import PageRequest
from claimlog.site.store import Row, Store
from claimlog.site.topic import read_topic

ALL = "all"
FEWEST_UNITS = 20
"""Filled units below which alpha says next to nothing, so that no verdict is given."""

SCOPES = 12
"""How many articles the table by article shows; the table reliability holds all."""


async def quality(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return how far coders agree, how much is anchored, and the batches of the log."""
    topic = await read_topic(store)
    coders = {**topic.presentation.coders}
    return {"title": "Quality", "coders": coders, **await store.memoize("quality", _quality)}


async def _quality(store: Store) -> Row:
    spans = await store.rows("select * from span_agreement order by pass, scope")
    rows = await store.rows("select * from reliability order by pass, target is null, variable")
    for row in rows:
        row["result"] = _result(row)
    pairs: dict[tuple[int, str, str], list[Row]] = {}
    for row in rows:
        key = (row["pass"], row["first_coder"], row["second_coder"])
        pairs.setdefault(key, []).append(row)
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
        "passes": [_pass(key, agreement, spans) for key, agreement in pairs.items()],
        "links": await _link_agreement(store),
        "batches": await store.rows("select * from batches order by number"),
    }


def _pass(key: tuple[int, str, str], rows: list[Row], spans: list[Row]) -> Row:
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
        "spans": [
            row
            for row in spans
            if (row["pass"], row["first_coder"], row["second_coder"]) == key
            and row["scope"] in (ALL, *scopes)
        ],
    }


async def _link_agreement(store: Store) -> list[Row]:
    """Return how far coders agree on links; earlier releases have no such table."""
    sql = "select count(*) as n from sqlite_master where type = 'table' and name = :name"
    if not await store.count(sql, name="link_agreement"):
        return []
    return await store.rows(
        "select * from link_agreement where scope = :scope order by pass, relation <> 'any', "
        "relation",
        scope=ALL,
    )


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
