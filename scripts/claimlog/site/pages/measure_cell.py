"""The page of a cell of the matrix of measures: the claims that it counts, and the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from claimlog.fold.corroboration import count_independent
from claimlog.site.attribution_chains import with_chains
from claimlog.site.claim_reasons import reasons_of_claims
from claimlog.site.drawing.home_charts import measure_filters
from claimlog.site.entity_links import entity_links
from claimlog.site.lineage import count_origins
from claimlog.site.measure_matrix import Matrix, code_entry, read_matrix, status_entry
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.store import Codes, Row, Store

CLAIMS = 200
"""Claims that the page lists."""


async def measure_of_actor(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return the claims behind one cell of the matrix, by status."""
    name, code = request.identifiers["ally"], request.identifiers["measure"]
    matrix = await read_matrix(store)
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
    claims, total = await _claims(store, matrix, codes, name, code, counted=True)
    others, left_out = await _claims(store, matrix, codes, name, code, counted=False)
    origins = await _origins(store, matrix, name, code)
    reasons = await reasons_of_claims(store, [row["claim_id"] for row in (*claims, *others)])
    for row in (*claims, *others):
        row["reasons"] = reasons.get(row["claim_id"], [])
    accounts = sorted({row["account"] for row in others if row["account"]})
    cell = code_entry(codes, matrix.codelist, code)
    return {
        "title": f"{doer['name']}: {cell['label']}",
        "words": matrix.template_words,
        "ally": doer,
        "cell": cell,
        "total": total,
        "own": claims[0]["own_total"] if claims else 0,
        "account_label": matrix.account_label,
        **origins,
        "counted": _selection(matrix, name, code),
        "views": left_out,
        "others": others if matrix.topic.register else [],
        "accounts": [code_entry(codes, matrix.account_codelist, one) for one in accounts],
        "statuses": [
            {
                **status_entry(matrix, codes, step),
                "rows": [row for row in claims if row["measure_status"] == step],
            }
            for step in sorted({row["measure_status"] for row in claims}, key=matrix.position)
        ],
    }


async def _origins(store: Store, matrix: Matrix, name: str, code: str) -> Row:
    """Return how many independent origins the claims of a cell have, and how many are unknown."""
    measure, _ = matrix.columns
    rows = await store.rows(
        "select t.origin_id, count(distinct t.claim_id) as claims from "
        f"({matrix.topic.takers_query(measure, 'origin_id')}) t "
        "join actors a on a.actor_id = t.actor_id and coalesce(a.state_id, a.actor_id) = :name "
        f"where t.{measure} = :code group by 1",
        name=name,
        code=code,
    )
    known = [row["origin_id"] for row in rows if row["origin_id"] is not None]
    return {
        "independent_origins": await count_origins(count_independent, known, store),
        "unknown_origins": sum(row["claims"] for row in rows if row["origin_id"] is None),
    }


def _selection(matrix: Matrix, name: str, code: str) -> str | None:
    """Return the query of the page of claims that selects those of a cell, if it has one."""
    if matrix.topic.register is None:
        return None
    return urlencode({**measure_filters(matrix.topic, name), matrix.words["measure"]: code})


async def _claims(
    store: Store, matrix: Matrix, codes: Codes, name: str, code: str, counted: bool
) -> tuple[list[Row], int]:
    """Return the first claims of a cell, the takers' own words first, and how many there are.

    Or, if they are not `counted`, those about the same measures that the cell leaves out.
    """
    measure, status = matrix.columns
    subject, register, account = (
        f"c.{matrix.words[key]}" if key in matrix.words else "null"
        for key in ("subject", "register", "account")
    )
    rows = await store.rows(
        f"select c.claim_id, c.statement, c.source_id, s.publisher, c.{status} as measure_status, "
        f"{subject} as measure_subject, {register} as measure_id, {account} as account, t.own, "
        "c.occurred, c.origin_id, o.publisher as origin, t.who, count(*) over () as total, "
        "sum(t.own) over () as own_total from "
        "(select t.claim_id, t.own, group_concat(a.name, ', ') as who "
        f"from ({matrix.topic.takers_query(measure, counted=counted)}) t "
        "join actors a on a.actor_id = t.actor_id and coalesce(a.state_id, a.actor_id) = :name "
        f"where t.{measure} = :code group by t.claim_id) t "
        "join claims c on c.claim_id = t.claim_id "
        "join sources s on s.source_id = c.source_id "
        "left join sources o on o.source_id = c.origin_id "
        "order by t.own desc, c.claim_id limit :most",
        name=name,
        code=code,
        most=CLAIMS,
    )
    links: dict[str, Row] = {}
    if matrix.topic.register:
        names = [row["measure_id"] for row in rows]
        found = await entity_links(store, matrix.topic.register.name, names)
        links = {link["id"]: link for link in found}
    for row in rows:
        row["registered"] = links.get(row["measure_id"])
        row["account_label"] = codes.label(matrix.account_codelist, row["account"])
    return await with_chains(store, rows), rows[0]["total"] if rows else 0
