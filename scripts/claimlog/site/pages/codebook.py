"""The page of the codebook, and the page of each of its code lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.site.claim_filters import read_claim_list
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Row, Store
from claimlog.site.topic import read_topic


async def codebook(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return the variables with their steps, the decisions, and the code lists."""
    lists = await _codelists_of_claims(store)
    steps: dict[str, list[Row]] = {}
    for row in await store.rows("select * from codebook_steps order by variable, step"):
        steps.setdefault(row.pop("variable"), []).append(row)
    variables = await store.rows("select * from codebook_variables order by position")
    claims = (await read_topic(store)).columns
    for row in variables:
        columns = (row["columns"] or "").split()
        own = [row["variable"], *columns]
        row["codelist"] = next((lists[name] for name in own if name in lists), None)
        row["unit"] = next((claims[name].unit for name in columns if name in claims), None)
        row["steps"] = steps.get(row["variable"], [])
    config = dataset_metadata(store.datasette)
    return {
        "title": "Codebook",
        "version": None if store.release else config.get("codebook_version"),
        "variables": variables,
        "decisions": await store.rows("select * from codebook_decisions order by number"),
        "lists": await store.rows(
            "select codelist, count(*) as codes, max(scheme) as scheme from codebook "
            "group by codelist order by codelist"
        ),
    }


async def _codelists_of_claims(store: Store) -> dict[str, str]:
    """Return the code list of every column of claims that has one."""
    rows = await store.rows(
        'select "column", codelist from data_dictionary '
        "where \"table\" = 'claims' and codelist is not null"
    )
    return {row["column"]: row["codelist"] for row in rows}


async def codelist(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return a code list with every code."""
    name = request.identifiers["codelist"]
    codes = await store.rows(
        "select * from codebook where codelist = :name order by rowid", name=name
    )
    if not codes:
        raise PageNotFound(f"There is no code list {name[:60]}. The codebook names them all.")
    variables = await store.rows(
        "select variable, label, columns from codebook_variables order by position"
    )
    claims = await read_claim_list(store)
    columns = {column for column, own in (await _codelists_of_claims(store)).items() if own == name}
    return {
        "title": f"Codes: {name.replace('_', ' ')}",
        "codelist": name,
        "codes": codes,
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
