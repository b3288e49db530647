"""The page of quality: how far coders agree, what anchors claims to texts, and the batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.page import PageRequest
from claimlog.site.store import Row, Store

ALL = "all"
SCOPES = 12
"""How many articles the table by article shows; the table reliability holds all."""


async def quality(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return how far coders agree, how much is anchored, and the batches of the log."""
    return {"title": "Quality", **await store.memoize("quality", _quality)}


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


def _result(row: Row) -> str:
    """Return whether agreement on a variable reaches its target."""
    if row["target"] is None:
        return "no target"
    if row["alpha"] is None:
        return "not defined"
    return "reached" if row["alpha"] >= row["target"] else "missed"
