"""What the site uses of Datasette 0.65 that its documentation does not promise.

Datasette 1.0 moves or renames some of it: `QueryView` and `DataView` are gone there, and with them
`DatasetteError` for most faults; `Database.execute` keeps its parameters. A test of each use stands
in tests/test_site_limits.py, and an import that fails here fails at the start of the server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import datasette
from datasette.database import QueryInterrupted, Results
from datasette.utils.asgi import Base400, Forbidden, NotFound
from datasette.views.base import DatasetteError

__all__ = [
    "Base400",
    "DatasetteError",
    "Forbidden",
    "NotFound",
    "QueryInterrupted",
    "Results",
    "inline_scripts",
    "read_schemas_once",
    "replace_execute",
]

Execute = Callable[..., Awaitable[Results]]

INLINE = ("_close_open_menus.html", "_codemirror_foot.html", "table.html")
"""Datasette's templates with a script inside."""

ALLOW_FACET = "{{ datasette_allow_facet }}"
"""The only part of these scripts that is not the same on every page."""


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
