"""The Datasette plugin: pages about claims and what they rest on, beside Datasette's own.

Datasette finds it by its entry point and serves ``static/`` and ``templates/`` by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from datasette import hookimpl


@hookimpl  # type: ignore[untyped-decorator]  # Datasette ships no types
def register_routes(datasette: Any) -> list[tuple[str, Callable[..., Any]]]:
    """Add our pages; Datasette adds its own afterwards."""
    from claimlog.site.datasette_internals import hide_paths
    from claimlog.site.pages import routes
    from claimlog.site.robots import robots

    hide_paths(datasette)
    return [*routes(), (r"^/robots\.txt$", robots)]


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[..., Any]:
    """Send security headers with every answer, refuse what is too long, and be warm."""
    from claimlog.site.guard import guarded
    from claimlog.site.headers import secured
    from claimlog.site.warm import warmed

    return lambda app: warmed(secured(guarded(app, datasette)), datasette)


@hookimpl  # type: ignore[untyped-decorator]
def prepare_connection(conn: Any, database: str) -> None:
    """Let no file that is served run more than readers' SQL may, in the server's process too."""
    from claimlog.site.reader_pool import restrict_own

    restrict_own(conn, database)


@hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]
def handle_exception(
    datasette: Any, request: Any, exception: Exception
) -> Generator[None, Any, None]:
    """Answer in our frame, instead of what Datasette's handler would render.

    Datasette awaits every handler and takes the first answer; so it must be the only one.
    """
    from claimlog.site.failures import answer

    outcome = yield
    outcome.force_result([partial(answer, datasette, request, exception)])


@hookimpl  # type: ignore[untyped-decorator]
def forbidden(datasette: Any, request: Any, message: str) -> Callable[..., Any]:
    """Say in our frame, or as JSON, what nobody may see."""
    from claimlog.site.datasette_internals import Forbidden
    from claimlog.site.failures import answer

    return partial(answer, datasette, request, Forbidden(message))


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
