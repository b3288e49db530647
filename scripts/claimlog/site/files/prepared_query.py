"""The page of a prepared query where there is no server: what it asks, its SQL, and its rows.

A package may be a stranger's. Its queries run on a connection that restricts what SQL may do, and
are ended after a number of steps: a number of seconds would give other pages on another machine.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from itertools import islice
from typing import Any

from claimlog.site.datasette_internals import canned_queries
from claimlog.site.page import Page, PageNotFound, PageRequest
from claimlog.site.store import Row, Store

ROWS = 200
"""Rows of a query that its page lists, as Datasette's does."""

STEPS, STEPS_AT_ONCE = 20_000_000, 10_000
"""Steps of SQLite's machine for one query: about a second."""

ROW_BYTES = 4_000_000
"""Of all rows of a page."""

PARAMETER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


async def prepared_query(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return a prepared query with its first rows; its parameters are empty and choose nothing."""
    name = request.identifiers["query"]
    query = (await canned_queries(store.datasette, store.name)).get(name)
    if query is None:
        raise PageNotFound(f"There is no prepared query {name[:60]}.")
    names = sorted(set(PARAMETER.findall(query["sql"])))
    rows = await store.database.execute_fn(
        lambda connection: _rows(connection, query["sql"], dict.fromkeys(names, ""))
    )
    return {
        "title": query.get("title") or name,
        "description": query.get("description") or "",
        "name": name,
        "sql": query["sql"].strip(),
        "parameters": names,
        **rows,
    }


def _rows(connection: sqlite3.Connection, sql: str, parameters: Mapping[str, str]) -> Row:
    """Return the columns and first rows of a query, or why there are none."""
    left = STEPS // STEPS_AT_ONCE

    def count() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    none: Row = {"columns": [], "rows": [], "more": False}
    connection.set_progress_handler(count, STEPS_AT_ONCE)
    try:
        cursor = connection.execute(sql, parameters)
        columns = [item[0] for item in cursor.description]
        found = [[_printable(cell) for cell in row] for row in islice(cursor, ROWS + 1)]
    except sqlite3.Error as error:
        failure = "It takes too long for a page." if left < 0 else f"It fails: {error}."
        return none | {"failure": failure}
    finally:
        connection.set_progress_handler(None, STEPS_AT_ONCE)
    if sum(len(str(cell)) for row in found for cell in row) > ROW_BYTES:
        return none | {"failure": "Its rows are too long for a page."}
    return {"columns": columns, "rows": found[:ROWS], "more": len(found) > ROWS, "failure": None}


def _printable(cell: Any) -> Any:
    return f"{len(cell)} bytes" if isinstance(cell, bytes) else cell


QUERY_PAGE = Page(r"/queries/(?P<query>[^/.]+)", "claimlog_prepared_query.html", prepared_query)
"""A server has Datasette's own page of a query in its place."""
