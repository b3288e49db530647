"""The matrix of measures by who takes them.

Which columns of claims hold a measure and its status is the package's to say; without them there
is no such page. Who takes a measure stands in the register of measures, if the package keeps one;
else it belongs to whoever acts. Claims on the taker's own word are counted apart. The keys ``ally``
and ``allies`` of the data are an address that readers rely on: a state with its offices and people,
or a group of no single state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.entity_links import entity_links
from claimlog.site.lineage import count_origins
from claimlog.site.measure_matrix import (
    DOER_TYPES,
    Matrix,
    code_entry,
    read_matrix,
    status_entry,
)
from claimlog.site.measure_steps import measure_sections
from claimlog.site.origin_groups import origins_by_group
from claimlog.site.page import PageRequest, memoize_page
from claimlog.site.store import Row, Store

APART = "apart"
"""Of the groups of rows, the one of those whose measures are told apart."""

LISTED, SIGNS = 200, 4_000
"""States or groups of one type that the matrix lists, and signs in the cells of all of them."""

KINDS, UNUSED = 40, 200
"""Kinds of measures that are columns of the matrix, and others that are named below it."""

STEPS = 200
"""Steps of measures that a section lists."""


@memoize_page
async def measures(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the matrix, with a cell for every measure in use, and the registered measures."""
    matrix = await read_matrix(store)
    codes = await store.codes()
    totals = await _totals(store, matrix, counted=True)
    uncounted = await _totals(store, matrix, counted=False)
    doers = await _doers(store, matrix)
    frequent = sorted(totals, key=lambda code: (-totals[code], code))[:KINDS]
    columns = sorted(frequent, key=lambda code: (matrix.group_position(code), -totals[code], code))
    unused = set(codes.get(matrix.codelist, {})) - set(totals)
    named = sorted(unused, key=lambda code: (-uncounted.get(code, 0), code))[:UNUSED]
    return {
        "title": matrix.words["title"],
        "words": matrix.template_words,
        "account_label": matrix.account_label,
        "measures": [
            code_entry(codes, matrix.codelist, code) | {"claims": totals[code]} for code in columns
        ],
        "groups": _column_groups(matrix, columns),
        "unused": [
            code_entry(codes, matrix.codelist, code) | {"claims": uncounted.get(code, 0)}
            for code in sorted(named)
        ],
        "more_kinds": len(totals) - len(columns) + len(unused) - len(named),
        "codelist": matrix.codelist,
        "statuses": [status_entry(matrix, codes, code) for code in matrix.words["signs"]],
        "kinds": _rows_by_type(matrix, doers, columns),
        "allies": len(doers),
        "listed": LISTED,
        "sections": await measure_sections(store, matrix, STEPS),
        "presupposed": await _only_presupposed(store, matrix),
        "cell": None,
    }


async def _totals(store: Store, matrix: Matrix, counted: bool) -> dict[str, int]:
    """Return the number of claims for each kind of measure, those that count or the others."""
    measure, _ = matrix.columns
    rows = await store.rows(
        f"select {measure} as measure, count(distinct claim_id) as claims from "
        f"({matrix.topic.takers_query(measure, counted=counted)}) group by 1"
    )
    return {row["measure"]: row["claims"] for row in rows}


async def _doers(store: Store, matrix: Matrix) -> list[Row]:
    """Return the states and groups that take a measure, each with statuses by kind of measure."""
    codes = await store.codes()
    measure, status = matrix.columns
    rows = await store.rows(
        "select f.*, s.name, s.actor_type from "
        f"(select coalesce(a.state_id, a.actor_id) as ally_id, t.{measure} as measure, "
        f"t.{status} as measure_status, t.origin_id, count(distinct t.claim_id) as claims, "
        "count(distinct case when t.own then t.claim_id end) as own "
        f"from ({matrix.topic.takers_query(measure, status, 'origin_id')}) t "
        "join actors a on a.actor_id = t.actor_id group by 1, 2, 3, 4) f "
        "join actors s on s.actor_id = f.ally_id"
    )
    key = ("ally_id", "measure", "measure_status")
    origins = await count_origins(
        origins_by_group,
        ((tuple(row[name] for name in key), row["origin_id"]) for row in rows),
        store,
    )
    doers: dict[str, Row] = {}
    for row in rows:
        doer = doers.setdefault(
            row["ally_id"],
            {"ally_id": row["ally_id"], "name": row["name"], "type": row["actor_type"], "of": {}},
        )
        statuses = doer["of"].setdefault(row["measure"], {})
        entry = statuses.setdefault(
            row["measure_status"],
            {
                **status_entry(matrix, codes, row["measure_status"]),
                "claims": 0,
                "own": 0,
                "independent_origins": origins[tuple(row[name] for name in key)],
            },
        )
        entry["claims"] += row["claims"]
        entry["own"] += row["own"]
    return [*doers.values()]


async def _only_presupposed(store: Store, matrix: Matrix) -> list[Row]:
    """Return the registered measures that claims take for granted, and none tells of."""
    register = matrix.topic.register
    if register is None:
        return []
    column = matrix.words["register"]
    rows = await store.rows(
        f"select {column} as id, count(*) as claims from claims where {column} is not null "
        f"group by 1 having not max({matrix.topic.counts}) order by 1 limit :most",
        most=LISTED,
    )
    links = await entity_links(store, register.name, [row["id"] for row in rows])
    return [{**link, "claims": row["claims"]} for row, link in zip(rows, links, strict=True)]


def _column_groups(matrix: Matrix, columns: list[str]) -> list[Row]:
    """Return the groups that the columns of the matrix stand in, each with how many there are."""
    groups: list[Row] = []
    for code in columns:
        label = matrix.section_labels[matrix.group_position(code)]
        if not groups or groups[-1]["label"] != label:
            groups.append({"label": label, "columns": 0})
        groups[-1]["columns"] += 1
    return groups


def _type_of(matrix: Matrix, doer: Row) -> str:
    """Return the name of the group of rows that a state or group stands in."""
    if doer["ally_id"] in matrix.apart["in"]:
        return APART
    types = {name for name, _ in DOER_TYPES}
    return doer["type"] if doer["type"] in types else ""


def _rows_by_type(matrix: Matrix, doers: list[Row], columns: list[str]) -> list[Row]:
    """Return the rows of the matrix by type of actor, cells in the order of the columns."""
    groups: list[Row] = []
    left = SIGNS
    for name, label in (*DOER_TYPES, (APART, matrix.apart["label"])):
        members = sorted(
            (doer for doer in doers if _type_of(matrix, doer) == name),
            key=lambda doer: (doer["name"].casefold(), doer["ally_id"]),
        )
        listed: list[Row] = []
        for doer in members[:LISTED]:
            left -= sum(len(doer["of"].get(code, ())) for code in columns)
            if left < 0:
                break
            listed.append(doer)
        rows = [
            {
                "ally_id": doer["ally_id"],
                "name": doer["name"],
                "cells": [
                    {
                        "measure": code,
                        "statuses": sorted(
                            doer["of"].get(code, {}).values(),
                            key=lambda item: matrix.position(item["code"]),
                        ),
                    }
                    for code in columns
                ],
            }
            for doer in listed
        ]
        if members:
            groups.append({"label": label, "count": len(members), "allies": rows})
    return groups
