"""Rewrites of two of Datasette's queries that SQLite answers slowly as they are.

What a search finds is counted from its index. The first page of a table, where one value or a
search selects rows, is read along the table's key where the rows lie near its beginning.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from claimlog.site.datasette_internals import (
    Execute,
    FirstPageQuery,
    Results,
    count_from_index,
    first_page_query,
    replace_execute,
)
from claimlog.site.table_facets import facet_table

PASSED_PER_SORTED = 4
"""Rows that are passed over in the time in which one is looked up and sorted, about."""


def rewrite_slow_queries(datasette: Any, name: str) -> None:
    """Have one of Datasette's databases answer rewritten queries."""

    def wrap(execute: Execute) -> Execute:
        async def execute_fast(sql: str, params: Any = None, *args: Any, **given: Any) -> Results:
            rewritten = count_from_index(sql)
            page = first_page_query(sql)
            if page is not None and await _is_near(datasette, name, page, params, execute):
                rewritten = page.along_key
            return await execute(rewritten, params, *args, **given)

        return execute_fast

    replace_execute(datasette.databases[name], wrap)


async def _is_near(
    datasette: Any, name: str, page: FirstPageQuery, params: Any, execute: Execute
) -> bool:
    """Return whether the rows of a first page lie near enough to the beginning of the key."""
    table = await facet_table(datasette, name, page.table)
    keys = await datasette.databases[name].primary_keys(page.table)
    if keys != [page.key] or table.rowids is None:
        return False
    if page.hits:
        total = (await execute(f"select count(*) {page.hits}", params)).single_value()
        last = len(table.rowids) * page.size // max(1, total)  # if they lie evenly
    elif page.column in table.columns:
        rows = np.flatnonzero(table.columns[page.column].equals(str(params["p0"])))
        total = len(rows)
        last = int(rows[page.size - 1]) if total >= page.size else 0
    else:
        return False
    return bool(total >= page.size and last < PASSED_PER_SORTED * total)
