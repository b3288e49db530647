"""The answer of a page to a request: its data and template, whoever sends or writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claimlog.site.datasette_internals import site_metadata
from claimlog.site.menu import read_menu
from claimlog.site.page import InvalidQuery, Page, PageNotFound, PageRequest
from claimlog.site.store import Store
from claimlog.site.topic import known_presentation

NOT_FOUND = "claimlog_not_found.html"


@dataclass(frozen=True)
class PageAnswer:
    """What a page is drawn from.

    Attributes
    ----------
    data
        What its JSON twin holds.
    """

    status: int
    template: str
    store: Store
    data: Mapping[str, Any]


async def answer_page(page: Page, datasette: Any, request: PageRequest) -> Any:
    """Return the answer of a page, or the response of Datasette's that it sends instead.

    Errors that readers cause are answers too: an address that leads nowhere, or asks for what
    cannot be.
    """
    try:
        store = release_store(datasette, request.identifiers.get("release"))
        await read_menu(store)  # which the frame of the page shows
        data = await page.view(store, request)
    except PageNotFound as error:
        data = {"title": "Not found", "message": str(error), "nearest": error.nearest}
        return PageAnswer(404, NOT_FOUND, Store.latest(datasette), data)
    except InvalidQuery as error:
        return PageAnswer(400, page.template, store, error.data)
    return data if hasattr(data, "asgi_send") else PageAnswer(200, page.template, store, data)


def page_context(answer: PageAnswer, path: str, twin: str) -> dict[str, Any]:
    """Return the variables of a page's template.

    Parameters
    ----------
    path, twin
        The paths of the page and of its JSON.
    """
    return {
        **answer.data,
        "page_path": path,
        "store": answer.store,
        "prefix": answer.store.prefix,
        "twin": twin,
        "source_word": known_presentation(answer.store).source_noun,
        "about": site_metadata(answer.store.datasette),
    }


def release_store(datasette: Any, release: str | None) -> Store:
    """Return the database of a release, or of the log as it stands.

    Raises
    ------
    PageNotFound
        If the release is not served.
    """
    if release is None:
        return Store.latest(datasette)
    store = Store.of_release(datasette, release)
    if store is None:
        raise PageNotFound(
            f"Release {release} is not served here. Start it with make serve RELEASES=all, or see "
            "the list of releases."
        )
    return store
