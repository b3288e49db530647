"""Searches of Datasette's own: what it asks of a table that the index alone can answer.

Datasette looks every row that a search finds up in its table. Here the index has just the table's
rows, so they need no looking up to be listed or counted.
"""

from __future__ import annotations

import re

FOUND = r"rowid in \((select rowid (from \w+ where \w+ match escape_fts\(:search\)))\)"
"""The condition of a table where nothing but a search chooses the rows."""

SEARCH = re.compile(f"where {FOUND}")
COUNT = re.compile(rf"select count\(\*\) from \w+ where {FOUND} ?")


def rowids(condition: str) -> str | None:
    """Return a query for the rows that a condition chooses, if the index can answer it.

    >>> rowids("where rowid in (select rowid from f where f match escape_fts(:search))")
    'select rowid from f where f match escape_fts(:search)'
    >>> rowids("where topic = :p0")
    """
    found = SEARCH.fullmatch(condition.strip())
    return found[1] if found else None


def counted(sql: str) -> str:
    """Return a query, or one that counts the same from the index.

    >>> counted("select 1")
    'select 1'
    """
    found = COUNT.fullmatch(sql)
    return f"select count(*) {found[2]}" if found else sql
