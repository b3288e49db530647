"""Routes of the site's pages, and the answer to a request for one: HTML, or its JSON twin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from datasette import NotFound, Response

from claimlog.escaping import json_text
from claimlog.media_types import JSON
from claimlog.site.delivery.preconditions import request_headers
from claimlog.site.drawing_thread import off_the_loop
from claimlog.site.page import NotedMapping, Page, PageRequest
from claimlog.site.page_answer import PageAnswer, answer_page
from claimlog.site.page_html import draw_page
from claimlog.site.page_list import site_pages
from claimlog.site.pages.downloads import database_file
from claimlog.site.pages.health import health
from claimlog.site.pages.robots import robots
from claimlog.site.pages.server_metadata import server_metadata
from claimlog.site.protection.failures import PageError
from claimlog.site.protection.reader_request import CURRENT
from claimlog.site.store import Store

Handler = Callable[..., Awaitable[Response]]

RELEASE = r"/releases/(?P<release>[0-9]+\.[0-9]+\.[0-9]+)"
ABSENT = (r"^/-/threads(\.json)?/?$", r"^/-/messages/?$", r"^/-/allow-debug/?$")
"""Pages of Datasette's: a list of threads, which tells where its files lie, a form for messages to
the visitor, which sets a cookie, and one that tries permissions, of which this server has none: it
fails for JSON of another type."""

HEALTH = r"^/-/healthz(\.json)?/?$"

JSON_TYPE = f"{JSON}; charset=utf-8"
draw_json = off_the_loop(json_text)


def routes(datasette: Any) -> list[tuple[str, Handler]]:
    """Return the pattern and the handler of every page, as Datasette takes its routes."""
    handlers: list[tuple[str, Handler]] = []
    for page in site_pages(datasette):
        handler = _handler(page)
        for prefix in ("", RELEASE) if page.in_releases else ("",):
            formats = r"\.json|\.csv" if page.has_csv else r"\.json"
            handlers.append((rf"^{prefix}{page.pattern}(?P<format>{formats})?/?$", handler))
    return [
        *handlers,
        (r"^/robots\.txt$", robots),
        (HEALTH, health),
        (r"^/-/metadata(?P<format>\.json)?/?$", server_metadata),
        (r"^/(?P<database>[^/.]+)\.db$", database_file),
        *((pattern, _hidden) for pattern in ABSENT),
    ]


async def _hidden() -> Response:
    raise NotFound("")


def _handler(page: Page) -> Handler:
    async def handle(datasette: Any, request: Any) -> Response:
        try:
            return await _answer(page, datasette, request)
        except Exception as error:
            raise PageError from error

    return handle


async def _answer(page: Page, datasette: Any, request: Any) -> Response:
    asking = CURRENT.get()
    CURRENT.set(None)  # our own pages run our own SQL, whatever the query of the address
    # Datasette matches the path as it was sent, so that a slash of an identifier is none of it
    given = request.url_vars.items()
    identifiers = {key: unquote(value) for key, value in given if value is not None}
    format = identifiers.pop("format", ".html").removeprefix(".")
    args = request.args  # Datasette parses the query anew whenever this is read
    values = NotedMapping({key: args.getlist(key) for key in args})
    query = NotedMapping({key: args[key] for key in args})
    page_request = PageRequest(
        request.path,
        identifiers,
        query,
        asking.peer if asking else "",
        values,
        format,
        request_headers(request.scope["headers"]),
    )
    latest = Store.latest(datasette)
    before = page.file_state(latest) if page.file_state else None
    answer = await answer_page(page, datasette, page_request)
    if not isinstance(answer, PageAnswer):
        return answer
    query_was_read = query.was_read or values.was_read
    if asking is not None and answer.status == 200:
        asking.is_unchanging = not answer.store.database.is_mutable
        asking.ignores_query = not query_was_read
        if (file_state := page.file_state) is not None:
            asking.is_current = lambda: file_state(latest) == before
    if format != "html":
        return Response(await draw_json(answer.data), answer.status, {}, JSON_TYPE)
    twin = f"{request.path.rstrip('/') or '/index'}.json"
    if query_was_read and request.query_string:
        twin += f"?{request.query_string}"
    return Response.html(await draw_page(answer, request.path, twin), answer.status)
