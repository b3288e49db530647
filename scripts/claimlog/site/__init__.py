"""The Datasette plugin: pages about claims and what they rest on, beside Datasette's own.

Datasette finds it by its entry point and serves ``static/`` and ``templates/`` by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datasette import hookimpl


@hookimpl  # type: ignore[untyped-decorator]  # Datasette ships no types
def extra_css_urls() -> list[str]:
    """Add our style sheet to every page."""
    return ["/-/static-plugins/claimlog/claimlog.css"]


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Add our pages."""
    from claimlog.site.pages import routes
    from claimlog.site.robots import robots

    return [*routes(), (r"^/robots\.txt$", robots)]


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper() -> Callable[..., Any]:
    """Send security headers with every answer."""
    from claimlog.site.headers import secured

    return secured


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any) -> None:
    """Add what our templates format with."""
    from claimlog.site.formats import FILTERS

    env.filters.update(FILTERS)
