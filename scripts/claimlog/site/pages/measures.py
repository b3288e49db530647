"""The matrix of measures by who takes them, and the page of each cell: the claims it counts.

Which columns of claims hold a measure and its status is the package's to say; without them there
is no such page. The keys ``ally`` and ``allies`` of the data are an address that readers rely on:
a state with its offices and people, or a group of no single state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.site.attribution_chains import with_chains
from claimlog.site.page import PageNotFound, PageRequest, memoize_page
from claimlog.site.store import Codes, Row, Store
from claimlog.site.topic import Topic, read_topic

WORDS = ("measure", "title", "label", "row", "lead")
"""What the template takes of the package's words."""

OTHER_SIGN = "•"
"""Sign of a status to which the package gives none."""

DOER_TYPES = (("state", "States"), ("alliance", "Alliances"), ("", "Groups and others"))
LISTED = 200
"""States or groups of one type that the matrix lists."""

CLAIMS = 200
"""Claims that the page of a cell lists."""


@dataclass(frozen=True)
class Matrix:
    """The columns and words of the matrix of measures, as the package gives them."""

    words: Row
    topic: Topic

    @property
    def columns(self) -> tuple[str, str]:
        """Return the columns of a measure and of its status."""
        return self.words["measure"], self.words["status"]

    @property
    def act(self) -> str:
        return self.topic.act

    @property
    def codelist(self) -> str:
        return self.topic.columns[self.words["measure"]].codelist or ""

    @property
    def status_codelist(self) -> str:
        return self.topic.columns[self.words["status"]].codelist or ""

    @property
    def subject(self) -> str:
        """Return SQL for what a measure covers."""
        return f"c.{self.words['subject']}" if "subject" in self.words else "null"

    def position(self, status: str) -> int:
        """Return the position of a status in a cell; one without a sign of its own comes last."""
        return [*self.words["signs"], status].index(status)


async def _read_matrix(store: Store) -> Matrix:
    topic = await read_topic(store)
    if topic.presentation.measures is None:
        raise PageNotFound("The claims of this dataset are not coded for measures.")
    return Matrix(topic.presentation.measures, topic)


@memoize_page
async def measures(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the matrix: states and groups by kind, each with a cell for every measure in use."""
    matrix = await _read_matrix(store)
    codes = await store.codes()
    measure, status = matrix.columns
    rows = await store.rows(
        "select f.ally_id, s.name, s.actor_type, f.measure, f.measure_status, f.claims from "
        f"(select coalesce(a.state_id, a.actor_id) as ally_id, c.{measure} as measure, "
        f"c.{status} as measure_status, "
        "count(distinct c.claim_id) as claims from claims c "
        "cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from' "
        f"join actors a on a.actor_id = m.actor_id where c.{measure} > '' and {matrix.act} "
        f"group by 1, 2, 3) f "
        "join actors s on s.actor_id = f.ally_id"
    )
    totals: dict[str, int] = {}
    doers: dict[str, Row] = {}
    for row in rows:
        totals[row["measure"]] = totals.get(row["measure"], 0) + row["claims"]
        doer = doers.setdefault(
            row["ally_id"],
            {"ally_id": row["ally_id"], "name": row["name"], "type": row["actor_type"], "of": {}},
        )
        doer["of"].setdefault(row["measure"], []).append(
            _status(matrix, codes, row["measure_status"]) | {"claims": row["claims"]}
        )
    columns = sorted(totals, key=lambda code: (-totals[code], code))
    unused = sorted(set(codes.get(matrix.codelist, {})) - set(totals))
    return {
        "title": matrix.words["title"],
        "words": {key: matrix.words[key] for key in WORDS},
        "measures": [
            _code(codes, matrix.codelist, code) | {"claims": totals[code]} for code in columns
        ],
        "unused": [_code(codes, matrix.codelist, code) for code in unused],
        "statuses": [_status(matrix, codes, code) for code in matrix.words["signs"]],
        "kinds": _rows_by_type(matrix, list(doers.values()), columns),
        "allies": len(doers),
        "listed": LISTED,
        "cell": None,
    }


async def measure_of_actor(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return the claims behind one cell of the matrix, by status."""
    name, code = request.identifiers["ally"], request.identifiers["measure"]
    matrix = await _read_matrix(store)
    measure, status = matrix.columns
    codes = await store.codes()
    doer = await store.row(
        "select a.actor_id, a.name, a.state_id, s.name as state from actors a "
        "left join actors s on s.actor_id = a.state_id where a.actor_id = :name",
        name=name,
    )
    if doer is None:
        raise PageNotFound(
            f"There is no {matrix.words['row']} {name[:60]}. The matrix of measures lists them all."
        )
    if doer["state_id"] not in (None, name):
        raise PageNotFound(
            f"{doer['name']} is counted with {doer['state']}: see /measures/{doer['state_id']}/"
            f"{code[:60]}."
        )
    if code not in codes.get(matrix.codelist, {}):
        example = matrix.words.get("example")
        example = f"Measures are codes such as {example}; t" if example else "T"
        raise PageNotFound(
            f"There is no measure {code[:60]}. {example}he matrix of measures lists them all."
        )
    rows = await store.rows(
        "select c.claim_id, c.statement, c.source_id, s.publisher, "
        f"c.{status} as measure_status, {matrix.subject} as measure_subject, "
        "c.occurred, c.origin_id, o.publisher as origin, "
        "group_concat(a.name, ', ') as who, count(*) over () as total from claims c "
        "cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from' "
        "join actors a on a.actor_id = m.actor_id and coalesce(a.state_id, a.actor_id) = :name "
        "join sources s on s.source_id = c.source_id "
        f"left join sources o on o.source_id = c.origin_id where c.{measure} = :code "
        f"and {matrix.act} group by c.claim_id order by c.claim_id limit :most",
        name=name,
        code=code,
        most=CLAIMS,
    )
    views = await store.count(
        "select count(distinct c.claim_id) as n from claims c "
        "cross join claim_actors m on m.claim_id = c.claim_id and m.role = 'from' "
        "join actors a on a.actor_id = m.actor_id and coalesce(a.state_id, a.actor_id) = :name "
        f"where c.{measure} = :code and not {matrix.act}",
        name=name,
        code=code,
    )
    claims = await with_chains(store, rows)
    cell = _code(codes, matrix.codelist, code)
    return {
        "title": f"{doer['name']}: {cell['label']}",
        "words": {key: matrix.words[key] for key in WORDS},
        "ally": doer,
        "cell": cell,
        "total": rows[0]["total"] if rows else 0,
        "views": views,
        "statuses": [
            {
                **_status(matrix, codes, step),
                "rows": [row for row in claims if row["measure_status"] == step],
            }
            for step in sorted({row["measure_status"] for row in claims}, key=matrix.position)
        ],
    }


def _code(codes: Codes, codelist: str, code: str) -> Row:
    entry = codes.entry(codelist, code)
    return {key: entry[key] for key in ("code", "label", "definition")}


def _status(matrix: Matrix, codes: Codes, code: str) -> Row:
    sign = matrix.words["signs"].get(code, OTHER_SIGN)
    return {**_code(codes, matrix.status_codelist, code), "symbol": sign}


def _rows_by_type(matrix: Matrix, doers: list[Row], columns: list[str]) -> list[Row]:
    """Return the rows of the matrix by type of actor, cells in the order of the columns."""
    types = {name for name, _ in DOER_TYPES}
    groups: list[Row] = []
    for name, label in DOER_TYPES:
        rows = [
            {
                "ally_id": doer["ally_id"],
                "name": doer["name"],
                "cells": [
                    {
                        "measure": code,
                        "statuses": sorted(
                            doer["of"].get(code, []), key=lambda item: matrix.position(item["code"])
                        ),
                    }
                    for code in columns
                ],
            }
            for doer in sorted(doers, key=lambda doer: (doer["name"].casefold(), doer["ally_id"]))
            if (doer["type"] if doer["type"] in types else "") == name
        ]
        if rows:
            groups.append({"label": label, "count": len(rows), "allies": rows[:LISTED]})
    return groups
