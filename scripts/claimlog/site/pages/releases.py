"""The page of releases, and the page of each: what it holds, changed, and how to cite it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from claimlog.log.column_beginnings import AddedColumns, is_added_cell
from claimlog.release.diff import FILLED
from claimlog.site.amended_cells import with_cells
from claimlog.site.claim_citation import formatted_citations
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.pagination import Pagination
from claimlog.site.plugin_config import (
    added_columns,
    dataset_metadata,
    release_metadata,
    release_rows,
)
from claimlog.site.store import Row, Store

NET_CHANGES = """
select sum(added and not retracted) as new_claims,
  sum(not added and not retracted) as amended_claims,
  sum(retracted and not added) as gone_claims, sum(added and retracted) as in_between
from (
  select max(change = 'added') as added, max(change = 'retracted') as retracted
  from changes where release is :version group by claim_id
)
"""
"""Claims by what became of each in a release, as claimlog diff and the changelog count them."""

NET_CELLS = """
with amended as (
  select claim_id, min(version) - 1 as before from changes where release is :version
  group by claim_id having min(change = 'amended')
), net as (
  select claim_id, "column", min(version) as first, max(version) as last from cell_changes
  where release is :version and claim_id in (select claim_id from amended)
  group by claim_id, "column"
), cells as (
  select n.claim_id, n."column", v.batch, a.from_value, b.to_value from net n
  join cell_changes a on a.claim_id = n.claim_id and a."column" = n."column" and a.version = n.first
  join cell_changes b on b.claim_id = n.claim_id and b."column" = n."column" and b.version = n.last
  join amended m on m.claim_id = n.claim_id
  join claim_versions v on v.claim_id = n.claim_id and v.version = m.before
  where a.from_value is not b.to_value
)
"""
"""The cells in which claims that a release amended differ from before, and the batch of before."""

NEW_CELLS = f"""{NET_CELLS}
select claim_id, "column", batch, from_value, to_value from cells where claim_id not in (
  select claim_id from cells where "column" not in (select value from json_each(:columns))
)
"""
"""Those of claims that differ in no other columns than some."""


async def releases(store: Store, _: PageRequest) -> Mapping[str, Any]:
    """Return every release, newest first, and what has changed since the last."""
    since = await store.row(
        "select count(*) as n, count(distinct claim_id) as claims from changes "
        "where release is null"
    )
    return {
        "title": "Releases",
        "releases": [
            {**row, "served": _is_served(store, row["version"])}
            for row in await release_rows(store)
        ],
        "unreleased": since["n"] if since else 0,
        "unreleased_claims": since["claims"] if since else 0,
    }


async def release(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return a release: what it holds, how to cite it, and what it changed and why."""
    version = request.identifiers["version"]
    rows = await release_rows(store)
    row = next((row for row in rows if row["version"] == version), None)
    if row is None:
        names = ", ".join(row["version"] for row in rows[:5]) or "none yet"
        raise PageNotFound(f"There is no release {version[:60]}. Known are {names}.")
    config = dataset_metadata(store.datasette)
    changes = await store.memoize(f"changed in {version}", _corrections(version))
    pagination = Pagination.of(request, len(changes))
    on_page = changes[pagination.offset : pagination.offset + pagination.size]
    return {
        "title": f"Release {version}",
        "release": row,
        "became": await store.row(NET_CHANGES, version=version),
        "filled_words": FILLED,
        "filled": await store.memoize(f"filled in {version}", _filled_claims(version)),
        "newest": rows[0]["version"],
        "served": _is_served(store, version),
        "citations": formatted_citations(release_metadata(config, row), [])
        if "head" in config
        else [],
        "changes": await with_cells(store, await _with_statements(store, on_page)),
        "part": pagination.links({}),
    }


def _is_served(store: Store, version: str) -> bool:
    return Store.of_release(store.datasette, version) is not None


def _filled_claims(version: str) -> Callable[[Store], Awaitable[int]]:
    """Return what counts the claims that a release only filled, in columns that are new."""

    async def read(store: Store) -> int:
        added = added_columns(store.datasette, "claims")
        if not added or "cell_changes" not in await store.tables():
            return 0
        columns = sorted({name.partition(".")[0] for name in added})
        cells = await store.rows(NEW_CELLS, version=version, columns=json.dumps(columns))
        filled: dict[str, bool] = {}
        for cell in cells:
            is_new = _is_new_cell(cell, added)
            filled[cell["claim_id"]] = filled.get(cell["claim_id"], True) and is_new
        return sum(filled.values())

    return read


def _is_new_cell(cell: Row, added: AddedColumns) -> bool:
    """Return whether the values of a cell differ only in what the row before had no place for."""
    name, old, new = cell["column"], cell["from_value"], cell["to_value"]
    if any(full.startswith(f"{name}.") for full in added):  # a list, which stands as JSON
        old, new = (json.loads(end) if end else None for end in (old, new))
    return is_added_cell(name, old, new, cell["batch"], added)


def _corrections(version: str) -> Callable[[Store], Awaitable[list[Row]]]:
    """Return what reads the amendments and retractions that a release was the first to hold."""

    async def read(store: Store) -> list[Row]:
        return await store.rows(
            "select claim_id, version, change, reason from changes "
            "where release = :version and change <> 'added' order by seq",
            version=version,
        )

    return read


async def _with_statements(store: Store, changes: list[Row]) -> list[Row]:
    """Add to each change the statement of its version of the claim."""
    rows = await store.rows(
        "select v.claim_id, v.version, v.statement from json_each(:pairs) p "
        "join claim_versions v on v.claim_id = p.value ->> 0 and v.version = p.value ->> 1",
        pairs=json.dumps([[row["claim_id"], row["version"]] for row in changes]),
    )
    statements = {(row["claim_id"], row["version"]): row["statement"] for row in rows}
    return [
        {**row, "statement": statements.get((row["claim_id"], row["version"]))} for row in changes
    ]
