"""Pages: one function gives the data; its JSON twin is that data, the page a template of it.

A page is a coroutine ``(Store, Asked) -> Mapping`` registered with `page`; one that sends a file
returns Datasette's answer instead. It raises `Missing` for
what does not exist. The data hold nothing that JSON cannot say.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from datasette.utils.asgi import Response

from claimlog.escaping import json_text
from claimlog.site.failures import PageError
from claimlog.site.reader_request import CURRENT
from claimlog.site.store import Store

View = Callable[[Store, "Asked"], Awaitable[Any]]
"""Gives the data of a page, or an answer of Datasette's own such as a file."""
VERSION = r"(?P<release>[0-9]+\.[0-9]+\.[0-9]+)"


class Missing(Exception):
    """What was asked for does not exist; the message says what does."""


@dataclass(frozen=True)
class Asked:
    """What a request asks for: the named parts of its path, and its query (first values)."""

    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a number of the query within bounds; the default for anything else."""
        text = self.query.get(name, "")
        value = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else default
        return max(least, min(value, most))


@dataclass(frozen=True)
class Page:
    pattern: str
    template: str
    view: View
    in_releases: bool


PAGES: list[Page] = []
VIEWS = tuple(
    f"claimlog.site.{name}"
    for name in ("about", "claims", "documentation", "people", "relations", "sources")
)
"""Modules whose import registers pages."""


def page(pattern: str, template: str, in_releases: bool = False) -> Callable[[View], View]:
    """Register a view for a path; with `in_releases` also below ``/releases/VERSION``."""

    def enter(view: View) -> View:
        PAGES.append(Page(pattern, template, view, in_releases))
        return view

    return enter


def routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    """Return every page as Datasette wants its routes."""
    for name in VIEWS:
        import_module(name)
    made = []
    for item in PAGES:
        patterns = [item.pattern]
        if item.in_releases:
            patterns.append(f"/releases/{VERSION}{item.pattern}")
        for pattern in patterns:
            made.append((rf"^{pattern}(?P<json>\.json)?/?$", _answer(item)))
    return made


def _answer(item: Page) -> Callable[..., Awaitable[Response]]:
    async def answer(datasette: Any, request: Any) -> Response:
        try:
            return await draw(datasette, request)
        except Exception as error:
            raise PageError from error

    async def draw(datasette: Any, request: Any) -> Response:
        CURRENT.set(None)  # the SQL is ours, whatever the query
        parts = {key: value for key, value in request.url_vars.items() if value is not None}
        twin = parts.pop("json", None)
        given = request.args  # parsed anew whenever it is read
        query = {key: given.get(key, "") for key in given}
        asked = Asked(request.path, parts, query)
        status = 200
        template = item.template
        try:
            store = _store(datasette, parts.get("release"))
            data = await item.view(store, asked)
            if hasattr(data, "asgi_send"):
                return data
        except Missing as error:
            status, template = 404, "claimlog_missing.html"
            store, data = Store.latest(datasette), {"title": "Not found", "message": str(error)}
        if twin:
            body = json_text(data)
            return Response(body, status, {}, "application/json; charset=utf-8")
        about = datasette.metadata()
        context = {
            **data,
            "asked": asked,
            "store": store,
            "prefix": f"/releases/{store.frozen}" if store.frozen else "",
            "twin": _twin(request),
            "about": about,
        }
        text = await datasette.render_template(template, context, request=request)
        return Response.html(text, status)

    return answer


def _store(datasette: Any, release: str | None) -> Store:
    if release is None:
        return Store.latest(datasette)
    found = Store.of_release(datasette, release)
    if found is None:
        raise Missing(
            f"Release {release} is not served here. Start it with make serve RELEASES=all, or see "
            "the list of releases."
        )
    return found


def _twin(request: Any) -> str:
    path = request.path.rstrip("/")
    query = f"?{request.query_string}" if request.query_string else ""
    return f"{path or '/index'}.json{query}"
