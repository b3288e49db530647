"""The Datasette plugin: pages about claims and what they rest on, beside Datasette's own pages.

Datasette finds it by its entry point and serves ``static/`` and ``templates/`` by itself. The
functions here are hooks that its documentation names; what else is used of it stands in
`claimlog.site.datasette_internals`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from datasette import Forbidden, hookimpl


@hookimpl  # type: ignore[untyped-decorator]  # Datasette ships no types
def register_routes(datasette: Any) -> list[tuple[str, Callable[..., Any]]]:
    """Add our pages; Datasette adds its own afterwards, with databases whose folders are hidden."""
    from claimlog.site.datasette_internals import hide_paths
    from claimlog.site.routing import routes

    hide_paths(datasette)
    return routes(datasette)


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[..., Any]:
    """Check requests, add headers to every answer, and warm up before serving."""
    from claimlog.site.base_path import strip_base_path
    from claimlog.site.delivery.cross_origin import allow_cross_origin
    from claimlog.site.protection.request_guard import guard_requests
    from claimlog.site.protection.security_headers import add_security_headers
    from claimlog.site.warm_up import warm_before_ready

    def wrap(app: Callable[..., Any]) -> Callable[..., Any]:
        app = allow_cross_origin(guard_requests(app, datasette), datasette)
        app = add_security_headers(strip_base_path(app, datasette))
        return warm_before_ready(app, datasette)

    return wrap


@hookimpl  # type: ignore[untyped-decorator]
def prepare_connection(conn: Any, database: str) -> None:
    """Let no file that is served run more than readers' SQL may, in the server's process too."""
    from claimlog.site.protection.reader_pool import restrict_own

    restrict_own(conn, database)


@hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]
def handle_exception(
    datasette: Any, request: Any, exception: Exception
) -> Generator[None, Any, None]:
    """Answer errors with a page of ours, instead of what Datasette's handler would render.

    Datasette calls every handler and takes the first answer, so ours has to be the only one.
    """
    from claimlog.site.protection.failures import failure_response

    outcome = yield
    outcome.force_result([partial(failure_response, datasette, request, exception)])


@hookimpl  # type: ignore[untyped-decorator]
def forbidden(datasette: Any, request: Any, message: str) -> Callable[..., Any]:
    """Answer with a page of ours, or JSON, where Datasette refuses a permission."""
    from claimlog.site.protection.failures import failure_response

    return partial(failure_response, datasette, request, Forbidden(message))


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Any) -> None:
    """Put readers' SQL under limits, and compute once what Datasette would for every page."""
    from claimlog.site.warm_up import prepare_datasette

    prepare_datasette(datasette)


@hookimpl  # type: ignore[untyped-decorator]
def register_facet_classes() -> list[type]:
    """Add facets that are counted in memory."""
    from claimlog.site.table_facets import InMemoryFacet

    return [InMemoryFacet]


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any, datasette: Any) -> None:
    """Add the filters and functions of our templates, and escape what does not print."""
    from claimlog.log.column_beginnings import NO_COLUMN, RETIRED_COLUMN
    from claimlog.site.drawing_thread import off_the_loop
    from claimlog.site.page_frame import page_frame
    from claimlog.site.page_list import site_pages
    from claimlog.site.protection.reader_limits import QUERY_ROWS
    from claimlog.site.table_cells import CellBudget, query_rows, table_rows
    from claimlog.site.template_filters import FILTERS, escape_unprintable, escaped_texts

    env.filters.update(FILTERS)
    env.finalize = escape_unprintable
    env.globals |= {
        "no_column": NO_COLUMN,
        "retired_column": RETIRED_COLUMN,
        "as_file": None,
        "frame": partial(page_frame, datasette),
        "query_rows_limit": QUERY_ROWS,
        "cell_budget": CellBudget,
        "escaped_texts": escaped_texts,
        "query_rows": off_the_loop(partial(query_rows, pages=site_pages(datasette))),
        "table_rows": off_the_loop(table_rows),
    }
