"""What the site uses of Datasette 0.65 that its documentation does not promise.

Datasette 1.0 moves or renames some of it: `QueryView` and `DataView` are gone there, and with them
`DatasetteError` for most faults; `Database.execute` keeps its parameters. A test of each use stands
in tests/test_site_limits.py, and an import that fails here fails at the start of the server.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import datasette
from datasette.database import QueryInterrupted, Results
from datasette.utils import InvalidSql, disallawed_sql_res
from datasette.utils.asgi import Base400, Forbidden, NotFound
from datasette.views import database as database_views
from datasette.views.base import DatasetteError

__all__ = [
    "Base400",
    "DatasetteError",
    "Forbidden",
    "NotFound",
    "QueryInterrupted",
    "Results",
    "check_select",
    "hide_paths",
    "inline_scripts",
    "read_schemas_once",
    "replace_execute",
    "replace_validation",
]

Execute = Callable[..., Awaitable[Results]]

INLINE = ("_close_open_menus.html", "_codemirror_foot.html", "table.html")
"""Datasette's templates with a script inside."""

ALLOW_FACET = "{{ datasette_allow_facet }}"
"""The only part of these scripts that is not the same on every page."""

ENDS = {"--": "\n", "/*": "*/"}
"""What ends a comment of SQL that begins so."""

SPACE = re.compile(r"\s*")
SELECT = re.compile(r"(?:explain\s+(?:query\s+plan\s+)?)?(?:select|with)\b")


def replace_validation() -> None:
    """Have Datasette's views check SQL by `check_select`."""
    database_views.validate_sql_select = check_select


def check_select(sql: str) -> None:
    """Raise what Datasette does for SQL that is no query, in a time that grows with its length.

    Datasette's six expressions for comments try every way to part a run of white space: a comment
    and 8,000 spaces take seconds.
    """
    lines = (line for line in sql.split("\n") if not line.strip().startswith("--"))
    text = "\n".join(lines).strip().lower()
    if not SELECT.match(text, _past_comments(text)):
        raise InvalidSql("Statement must be a SELECT")
    for pattern, message in disallawed_sql_res:
        if pattern.search(text):
            raise InvalidSql(message)


def _past_comments(text: str) -> int:
    """Return where white space and comments at the beginning end; a comment may have no end."""
    at = 0
    while True:
        space = SPACE.match(text, at)
        at = space.end() if space else at
        opened = text[at : at + 2]
        if opened not in ENDS:
            return at
        end = text.find(ENDS[opened], at + 2)
        if end < 0:
            return at
        at = end + len(ENDS[opened])


def replace_execute(database: Any, wrap: Callable[[Execute], Execute]) -> None:
    """Replace the method by which Datasette's views ask a database."""
    database.execute = wrap(database.execute)


def read_schemas_once(datasette: Any) -> None:
    """Have Datasette look at the schemas of databases that cannot change once, not per request."""
    if any(db.is_mutable and not db.is_memory for db in datasette.databases.values()):
        return
    refresh = datasette.refresh_schemas
    done = False

    async def refresh_once() -> None:
        nonlocal done
        if not done:
            await refresh()
            done = True

    datasette.refresh_schemas = refresh_once


def hide_paths(datasette: Any) -> None:
    """Have Datasette tell the names of database files without where they lie."""
    connected = datasette._connected_databases

    def without_folders() -> list[dict[str, Any]]:
        return [{**item, "path": Path(item["path"] or "").name} for item in connected()]

    datasette._connected_databases = without_folders


def inline_scripts() -> Sequence[str]:
    """Return the scripts that Datasette's pages carry inside, as a browser gets them."""
    folder = Path(datasette.__file__).parent / "templates"
    found = []
    for name in INLINE:
        for part in (folder / name).read_text("utf-8").split("<script>")[1:]:
            script = part.partition("</script>")[0]
            variants = ("true", "false") if ALLOW_FACET in script else ("",)
            found += [script.replace(ALLOW_FACET, value) for value in variants]
    return found
