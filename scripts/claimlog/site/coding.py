"""Pages about how claims are coded: the codebook, its code lists, and how far coders agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.browse import FILTERS
from claimlog.site.kept import kept
from claimlog.site.known import told
from claimlog.site.pages import Asked, Missing, page
from claimlog.site.store import Row, Store

ALL = "all"
SCOPES = 12
"""How many articles the table by article shows; the table reliability holds all."""


@page(r"/codebook", "claimlog_codebook.html", in_releases=True)
async def codebook(store: Store, _asked: Asked) -> Mapping[str, Any]:
    """Return the variables with their steps, the decisions, and the code lists."""
    lists = await _lists_of(store)
    steps: dict[str, list[Row]] = {}
    for row in await store.rows("select * from codebook_steps order by variable, step"):
        steps.setdefault(row.pop("variable"), []).append(row)
    variables = await store.rows("select * from codebook_variables order by position")
    for row in variables:
        columns = (row["columns"] or "").split()
        own = [row["variable"], *columns]
        row["codelist"] = next((lists[name] for name in own if name in lists), None)
        row["steps"] = steps.get(row["variable"], [])
    return {
        "title": "Codebook",
        "version": None if store.frozen else told(store.datasette).get("codebook_version"),
        "variables": variables,
        "decisions": await store.rows("select * from codebook_decisions order by number"),
        "lists": await store.rows(
            "select codelist, count(*) as codes, max(scheme) as scheme from codebook "
            "group by codelist order by codelist"
        ),
    }


async def _lists_of(store: Store) -> dict[str, str]:
    """Return the code list of every column of claims that has one."""
    rows = await store.rows(
        'select "column", codelist from data_dictionary '
        "where \"table\" = 'claims' and codelist is not null"
    )
    return {row["column"]: row["codelist"] for row in rows}


@page(r"/codebook/(?P<codelist>[^/.]+)", "claimlog_codelist.html", in_releases=True)
async def codelist(store: Store, asked: Asked) -> Mapping[str, Any]:
    """Return a code list with every code."""
    name = asked.parts["codelist"]
    codes = await store.rows(
        "select * from codebook where codelist = :name order by rowid", name=name
    )
    if not codes:
        raise Missing(
            f"There is no code list {name[:60]}. The codebook names them all, as topic or measure."
        )
    variables = await store.rows(
        "select variable, label, columns from codebook_variables order by position"
    )
    columns = {column for column, listed in (await _lists_of(store)).items() if listed == name}
    return {
        "title": f"Codes: {name.replace('_', ' ')}",
        "codelist": name,
        "codes": codes,
        "variables": [
            row for row in variables if columns & {row["variable"], *(row["columns"] or "").split()}
        ],
        "filter": next((item.name for item in FILTERS if item.codelist == name), None),
        "used_in": await store.rows(
            'select "table", "column" from data_dictionary where codelist = :name '
            "and \"table\" not like '%\\_versions' escape '\\' order by 1, 2",
            name=name,
        ),
    }


@page(r"/quality", "claimlog_quality.html", in_releases=True)
async def quality(store: Store, _asked: Asked) -> Mapping[str, Any]:
    """Return what the database says of its own making: agreement, anchors, batches."""
    return {"title": "Quality", **await kept(store, "quality", _quality)}


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
        name: await _count(store, sql)
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
        "passes": [_pass(key, found, spans) for key, found in pairs.items()],
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
    if row["target"] is None:
        return "no target"
    if row["alpha"] is None:
        return "not defined"
    return "reached" if row["alpha"] >= row["target"] else "missed"


async def _count(store: Store, sql: str) -> int:
    row = await store.row(sql)
    return int(row["n"]) if row else 0
