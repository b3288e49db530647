"""The page of the codebook, and the page of each of its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.claim_filters import read_claim_list
from claimlog.site.code_address import CODES, PLACE, code_address
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.pagination import Pagination
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Row, Store, json_list
from claimlog.site.topic import read_topic

VARIABLES, STEPS, DECISIONS = 500, 2_000, 500
"""Rows of each that the page of the codebook lists; their tables hold all."""

OF_LIST = "from codebook where codelist = :name"


async def codebook(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the variables with their steps, the decisions, and the code lists."""
    lists = await _codelists_of_claims(store)
    variables = await store.rows(
        "select * from codebook_variables order by position limit :most", most=VARIABLES
    )
    steps = await _steps(store, [row["variable"] for row in variables])
    places = await _late_places(store, [row["code"] for own in steps.values() for row in own])
    claims = (await read_topic(store)).columns
    for row in variables:
        columns = (row["columns"] or "").split()
        own = [row["variable"], *columns]
        row["codelist"] = next((lists[name] for name in own if name in lists), None)
        row["unit"] = next((claims[name].unit for name in columns if name in claims), None)
        row["steps"] = [
            {**step, "path": _path_of_code(row["codelist"], step["code"], places)}
            for step in steps.get(row["variable"], ())
        ]
    config = dataset_metadata(store.datasette)
    return {
        "title": "Codebook",
        "version": None if store.release else config.get("codebook_version"),
        "variables": variables,
        "decisions": await store.rows(
            "select * from codebook_decisions order by number limit :most", most=DECISIONS
        ),
        "totals": {
            name: await store.count(f"select count(*) as n from codebook_{name}")
            for name in ("variables", "steps", "decisions")
        },
        "lists": await store.rows(
            "select codelist, count(*) as codes, max(scheme) as scheme from codebook "
            "group by codelist order by codelist"
        ),
    }


async def _steps(store: Store, variables: list[str]) -> dict[str, list[Row]]:
    """Return the first steps of some variables, by variable."""
    steps: dict[str, list[Row]] = {}
    for row in await store.rows(
        "select * from codebook_steps where variable in (select value from json_each(:variables)) "
        "order by variable, step limit :most",
        variables=json_list(variables),
        most=STEPS,
    ):
        steps.setdefault(row.pop("variable"), []).append(row)
    return steps


async def _late_places(store: Store, codes: list[str | None]) -> dict[tuple[str, str], int]:
    """Return the places of those of some codes that stand on a later page of their list."""
    rows = await store.rows(
        f"select * from (select codelist, code, {PLACE} from codebook) "
        "where place >= :first and code in (select value from json_each(:codes))",
        first=CODES,
        codes=json_list({code for code in codes if code}),
    )
    return {(row["codelist"], row["code"]): row["place"] for row in rows}


def _path_of_code(
    codelist: str | None, code: str | None, places: Mapping[tuple[str, str], int]
) -> str | None:
    """Return where a code that a step ends in is explained, if that is in a code list."""
    if codelist is None or not code:
        return None
    return code_address(codelist, code, places.get((codelist, code), 0))


async def _codelists_of_claims(store: Store) -> dict[str, str]:
    """Return the code list of every column of claims that has one."""
    rows = await store.rows(
        'select "column", codelist from data_dictionary '
        "where \"table\" = 'claims' and codelist is not null"
    )
    return {row["column"]: row["codelist"] for row in rows}


async def codelist(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return a page of a code list."""
    name = request.identifiers["codelist"]
    total = await store.count(
        "select count(*) as n from codebook where codelist = :name", name=name
    )
    if not total:
        raise PageNotFound(f"There is no code list {name[:60]}. The codebook names them all.")
    pagination = Pagination.of(request, total, CODES)
    codes = await store.rows(
        f"select * {OF_LIST} order by rowid limit :most offset :offset",
        name=name,
        most=pagination.size,
        offset=pagination.offset,
    )
    variables = await store.rows(
        "select variable, label, columns from codebook_variables order by position"
    )
    claims = await read_claim_list(store)
    columns = {column for column, own in (await _codelists_of_claims(store)).items() if own == name}
    return {
        "title": f"Codes: {name.replace('_', ' ')}",
        "codelist": name,
        "codes": codes,
        "part": pagination.links({}),
        "variables": [
            row for row in variables if columns & {row["variable"], *(row["columns"] or "").split()}
        ],
        "filter": claims.filter_of_codelist(name),
        "used_in": await store.rows(
            'select "table", "column" from data_dictionary where codelist = :name '
            "and \"table\" not like '%\\_versions' escape '\\' order by 1, 2",
            name=name,
        ),
    }
