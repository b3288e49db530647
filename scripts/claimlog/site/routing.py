"""Routes of the site's pages, and the answer to a request for one: HTML, or its JSON twin."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import NotFound, Response

from claimlog.escaping import json_text
from claimlog.site.datasette_internals import site_metadata
from claimlog.site.delivery.preconditions import request_headers
from claimlog.site.page import InvalidQuery, Page, PageNotFound, PageRequest
from claimlog.site.pages import site_pages
from claimlog.site.pages.downloads import database_file
from claimlog.site.pages.health import health
from claimlog.site.pages.robots import robots
from claimlog.site.protection.failures import PageError
from claimlog.site.protection.reader_request import CURRENT
from claimlog.site.store import Store
from claimlog.site.web_annotation import CONTENT_TYPE, SUFFIX, claim_annotation

Handler = Callable[..., Awaitable[Response]]

RELEASE = r"/releases/(?P<release>[0-9]+\.[0-9]+\.[0-9]+)"
THREADS = r"^/-/threads(\.json)?/?$"
"""Datasette's list of threads and tasks, which tells where its files lie."""

ANNOTATION = rf"/claims/(?P<claim_id>[^/.]+){re.escape(SUFFIX)}"
"""A claim's Web Annotation, beside its page."""

HEALTH = r"^/-/healthz(\.json)?/?$"

NOT_FOUND = "claimlog_not_found.html"


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
        *((rf"^{prefix}{ANNOTATION}$", _claim_annotation) for prefix in ("", RELEASE)),
        (r"^/robots\.txt$", robots),
        (HEALTH, health),
        (r"^/(?P<database>[^/.]+)\.db$", database_file),
        (THREADS, _hidden),
    ]


async def _claim_annotation(datasette: Any, request: Any) -> Response:
    """Answer with a claim's Web Annotation."""
    try:
        CURRENT.set(None)  # as for our pages
        name = request.url_vars["claim_id"]
        found = await claim_annotation(_store(datasette, request.url_vars.get("release")), name)
    except PageNotFound as error:
        raise NotFound(str(error)) from error
    except Exception as error:
        raise PageError from error
    if found is None:
        raise NotFound("")
    return Response(json_text(found), 200, {}, CONTENT_TYPE)


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
    identifiers = {key: value for key, value in request.url_vars.items() if value is not None}
    format = identifiers.pop("format", ".html").removeprefix(".")
    args = request.args  # Datasette parses the query anew whenever this is read
    values = {key: args.getlist(key) for key in args}
    page_request = PageRequest(
        request.path,
        identifiers,
        {key: own[0] for key, own in values.items()},
        asking.peer if asking else "",
        values,
        format,
        request_headers(request.scope["headers"]),
    )
    status, template = 200, page.template
    try:
        store = _store(datasette, identifiers.get("release"))
        data = await page.view(store, page_request)
        if hasattr(data, "asgi_send"):
            return data
        if asking is not None:
            asking.is_unchanging = not (page.reads_files or store.database.is_mutable)
    except PageNotFound as error:
        status, template = 404, NOT_FOUND
        store = Store.latest(datasette)
        data = {"title": "Not found", "message": str(error), "nearest": error.nearest}
    except InvalidQuery as error:
        status, data = 400, error.data
    if format != "html":
        return Response(json_text(data), status, {}, "application/json; charset=utf-8")
    context = {
        **data,
        "page_path": request.path,
        "store": store,
        "prefix": store.prefix,
        "twin": _json_twin(request),
        "about": site_metadata(datasette),
    }
    text = await datasette.render_template(template, context, request=request)
    return Response.html(text, status)


def _store(datasette: Any, release: str | None) -> Store:
    if release is None:
        return Store.latest(datasette)
    store = Store.of_release(datasette, release)
    if store is None:
        raise PageNotFound(
            f"Release {release} is not served here. Start it with make serve RELEASES=all, or see "
            "the list of releases."
        )
    return store


def _json_twin(request: Any) -> str:
    path = request.path.rstrip("/")
    query = f"?{request.query_string}" if request.query_string else ""
    return f"{path or '/index'}.json{query}"
