"""The Datasette plugin: pages about claims and what they rest on, beside Datasette's own.

Datasette finds it by its entry point and serves ``static/`` and ``templates/`` by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from datasette import hookimpl


@hookimpl  # type: ignore[untyped-decorator]  # Datasette ships no types
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Add our pages."""
    from claimlog.site.pages import routes
    from claimlog.site.robots import robots

    return [*routes(), (r"^/robots\.txt$", robots)]


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[..., Any]:
    """Send security headers with every answer, and be warm before the first."""
    from claimlog.site.headers import secured
    from claimlog.site.warm import warmed

    return lambda app: warmed(secured(app), datasette)


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Any) -> None:
    """Settle what Datasette would work out again for every page."""
    from claimlog.site.warm import settle

    settle(datasette)


@hookimpl  # type: ignore[untyped-decorator]
def register_facet_classes() -> list[type]:
    """Add facets that are counted in memory."""
    from claimlog.site.facets import KeptFacet

    return [KeptFacet]


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any, datasette: Any) -> None:
    """Add what our templates format with, and what the frame of every page is made of."""
    from claimlog.site.cells import query_rows, table_rows
    from claimlog.site.formats import FILTERS, printed
    from claimlog.site.frame import frame

    env.filters.update(FILTERS)
    env.finalize = printed
    env.globals |= {
        "frame": partial(frame, datasette),
        "query_rows": query_rows,
        "table_rows": table_rows,
    }
