"""The matrix of measures by ally, and the page of each cell: the claims that it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.export.acts import ACT
from claimlog.site.attribution_chains import with_chains
from claimlog.site.page import PageNotFound, PageRequest, memoize_page
from claimlog.site.store import Codes, Row, Store

SYMBOLS = {"taken": "●", "announced": "◐", "considered": "○", "denied": "✕", "ruled_out": "⊘"}
"""Statuses in the order in which a cell names them, each with its sign."""

ALLY_TYPES = (("state", "States"), ("alliance", "Alliances"), ("", "Groups and others"))
LISTED = 200
"""Allies of one type that the matrix lists."""

CLAIMS = 200
"""Claims that the page of a cell lists."""


@memoize_page
async def measures(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the matrix: allies by kind, each with a cell for every measure in use."""
    codes = await store.codes()
    rows = await store.rows(
        "select f.ally_id, s.name, s.actor_type, f.measure, f.measure_status, f.claims from "
        "(select coalesce(a.state_id, a.actor_id) as ally_id, c.measure, c.measure_status, "
        "count(distinct c.claim_id) as claims from claims c "
        "cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from' "
        f"join actors a on a.actor_id = m.actor_id where c.measure > '' and {ACT} "
        "group by ally_id, c.measure, c.measure_status) f "
        "join actors s on s.actor_id = f.ally_id"
    )
    totals: dict[str, int] = {}
    allies: dict[str, Row] = {}
    for row in rows:
        totals[row["measure"]] = totals.get(row["measure"], 0) + row["claims"]
        ally = allies.setdefault(
            row["ally_id"],
            {"ally_id": row["ally_id"], "name": row["name"], "type": row["actor_type"], "of": {}},
        )
        ally["of"].setdefault(row["measure"], []).append(
            _status(codes, row["measure_status"]) | {"claims": row["claims"]}
        )
    columns = sorted(totals, key=lambda code: (-totals[code], code))
    unused = sorted(set(codes.get("measure", {})) - set(totals))
    return {
        "title": "Measures by ally",
        "measures": [_code(codes, "measure", code) | {"claims": totals[code]} for code in columns],
        "unused": [_code(codes, "measure", code) for code in unused],
        "statuses": [_status(codes, code) for code in SYMBOLS],
        "kinds": _rows_by_type(list(allies.values()), columns),
        "allies": len(allies),
        "listed": LISTED,
        "cell": None,
    }


async def ally_measure(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return the claims behind one cell of the matrix, by status."""
    name, measure = request.identifiers["ally"], request.identifiers["measure"]
    codes = await store.codes()
    ally = await store.row(
        "select a.actor_id, a.name, a.state_id, s.name as state from actors a "
        "left join actors s on s.actor_id = a.state_id where a.actor_id = :name",
        name=name,
    )
    if ally is None:
        raise PageNotFound(f"There is no ally {name[:60]}. The matrix of measures lists them all.")
    if ally["state_id"] not in (None, name):
        raise PageNotFound(
            f"{ally['name']} is counted with {ally['state']}: see /measures/{ally['state_id']}/"
            f"{measure[:60]}."
        )
    if measure not in codes.get("measure", {}):
        raise PageNotFound(
            f"There is no measure {measure[:60]}. Measures are codes such as withhold or "
            "review_agreement; the matrix of measures lists them all."
        )
    rows = await store.rows(
        "select c.claim_id, c.statement, c.source_id, s.publisher, c.measure_status, "
        "c.measure_subject, c.occurred, c.origin_id, o.publisher as origin, "
        "group_concat(a.name, ', ') as who, count(*) over () as total from claims c "
        "cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from' "
        "join actors a on a.actor_id = m.actor_id and coalesce(a.state_id, a.actor_id) = :name "
        "join sources s on s.source_id = c.source_id "
        f"left join sources o on o.source_id = c.origin_id where c.measure = :measure and {ACT} "
        "group by c.claim_id order by c.claim_id limit :most",
        name=name,
        measure=measure,
        most=CLAIMS,
    )
    views = await store.count(
        "select count(distinct c.claim_id) as n from claims c "
        "cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from' "
        "join actors a on a.actor_id = m.actor_id and coalesce(a.state_id, a.actor_id) = :name "
        f"where c.measure = :measure and not {ACT}",
        name=name,
        measure=measure,
    )
    claims = await with_chains(store, rows)
    code = _code(codes, "measure", measure)
    return {
        "title": f"{ally['name']}: {code['label']}",
        "ally": ally,
        "cell": code,
        "total": rows[0]["total"] if rows else 0,
        "views": views,
        "statuses": [
            {
                **_status(codes, status),
                "rows": [row for row in claims if row["measure_status"] == status],
            }
            for status in sorted({row["measure_status"] for row in claims}, key=_status_order)
        ],
    }


def _code(codes: Codes, codelist: str, code: str) -> Row:
    entry = codes.entry(codelist, code)
    return {key: entry[key] for key in ("code", "label", "definition")}


def _status(codes: Codes, code: str) -> Row:
    return {**_code(codes, "measure_status", code), "symbol": SYMBOLS.get(code, "•")}


def _status_order(status: str) -> int:
    """Return the position of a status in a cell; one without a sign of its own comes last."""
    return [*SYMBOLS, status].index(status)


def _rows_by_type(allies: list[Row], columns: list[str]) -> list[Row]:
    """Return the rows of the matrix by type of ally, cells in the order of the columns."""
    types = {name for name, _ in ALLY_TYPES}
    groups: list[Row] = []
    for name, label in ALLY_TYPES:
        rows = [
            {
                "ally_id": ally["ally_id"],
                "name": ally["name"],
                "cells": [
                    {
                        "measure": code,
                        "statuses": sorted(
                            ally["of"].get(code, []), key=lambda item: _status_order(item["code"])
                        ),
                    }
                    for code in columns
                ],
            }
            for ally in sorted(allies, key=lambda ally: (ally["name"].casefold(), ally["ally_id"]))
            if (ally["type"] if ally["type"] in types else "") == name
        ]
        if rows:
            groups.append({"label": label, "count": len(rows), "allies": rows[:LISTED]})
    return groups
