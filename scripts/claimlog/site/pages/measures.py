"""The matrix of measures by who takes them.

Which columns of claims hold a measure and its status is the package's to say; without them there
is no such page. Who takes a measure stands in the register of measures, if the package keeps one;
else it belongs to whoever acts. Claims on the taker's own word are counted apart. The keys ``ally``
and ``allies`` of the data are an address that readers rely on: a state with its offices and people,
or a group of no single state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.site.page import PageNotFound, PageRequest, memoize_page
from claimlog.site.store import Codes, Row, Store
from claimlog.site.topic import Topic, read_topic

WORDS = ("measure", "title", "label", "row", "lead", "counting", "own_words")
"""What the template takes of the package's words."""

OTHER_SIGN = "•"
"""Sign of a status to which the package gives none."""

DOER_TYPES = (("state", "States"), ("alliance", "Alliances"), ("", "Groups and others"))
LISTED = 200
"""States or groups of one type that the matrix lists."""


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
    def codelist(self) -> str:
        return self.topic.columns[self.words["measure"]].codelist or ""

    @property
    def status_codelist(self) -> str:
        return self.topic.columns[self.words["status"]].codelist or ""

    @property
    def account_codelist(self) -> str:
        if "account" not in self.words:
            return ""
        return self.topic.columns[self.words["account"]].codelist or ""

    @property
    def template_words(self) -> Row:
        """The package's words for the pages, those that it has."""
        return {key: self.words[key] for key in WORDS if key in self.words}

    def position(self, status: str) -> int:
        """Return the position of a status in a cell; one without a sign of its own comes last."""
        return [*self.words["signs"], status].index(status)


async def read_matrix(store: Store) -> Matrix:
    """Return how the matrix of a database is made; there is no such page without one."""
    topic = await read_topic(store)
    if topic.presentation.measures is None:
        raise PageNotFound("The claims of this dataset are not coded for measures.")
    return Matrix(topic.presentation.measures, topic)


@memoize_page
async def measures(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the matrix: states and groups by kind, each with a cell for every measure in use."""
    matrix = await read_matrix(store)
    codes = await store.codes()
    measure, status = matrix.columns
    rows = await store.rows(
        "select f.*, s.name, s.actor_type from "
        f"(select coalesce(a.state_id, a.actor_id) as ally_id, t.{measure} as measure, "
        f"t.{status} as measure_status, count(distinct t.claim_id) as claims, "
        "count(distinct case when t.own then t.claim_id end) as own "
        f"from ({matrix.topic.takers_query(measure, status)}) t "
        "join actors a on a.actor_id = t.actor_id group by 1, 2, 3) f "
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
            status_entry(matrix, codes, row["measure_status"])
            | {"claims": row["claims"], "own": row["own"]}
        )
    columns = sorted(totals, key=lambda code: (-totals[code], code))
    unused = sorted(set(codes.get(matrix.codelist, {})) - set(totals))
    return {
        "title": matrix.words["title"],
        "words": matrix.template_words,
        "measures": [
            code_entry(codes, matrix.codelist, code) | {"claims": totals[code]} for code in columns
        ],
        "unused": [code_entry(codes, matrix.codelist, code) for code in unused],
        "statuses": [status_entry(matrix, codes, code) for code in matrix.words["signs"]],
        "kinds": _rows_by_type(matrix, list(doers.values()), columns),
        "allies": len(doers),
        "listed": LISTED,
        "cell": None,
    }


def code_entry(codes: Codes, codelist: str, code: str) -> Row:
    """Return a code with its label and definition."""
    entry = codes.entry(codelist, code)
    return {key: entry[key] for key in ("code", "label", "definition")}


def status_entry(matrix: Matrix, codes: Codes, code: str) -> Row:
    """Return a status with its label, definition and sign."""
    sign = matrix.words["signs"].get(code, OTHER_SIGN)
    return {**code_entry(codes, matrix.status_codelist, code), "symbol": sign}


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
