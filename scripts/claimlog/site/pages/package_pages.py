"""The pages that ``schemas/site.json`` asks for: a template and a view for each kind of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from claimlog.site.page import Page, PageNotFound, PageRequest
from claimlog.site.pages.pairs import claims_of_pair, pairs_page
from claimlog.site.pages.reasons import reasons_page
from claimlog.site.pages.tallies import tallies_page
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Row, Store
from claimlog.site.topic import read_topic

KindView = Callable[[Row, Store, PageRequest], Awaitable[Mapping[str, Any]]]

KINDS: Mapping[str, tuple[tuple[str, str, KindView], ...]] = {
    "links": (("", "claimlog_reasons.html", reasons_page),),
    "pairs": (
        ("", "claimlog_pairs.html", pairs_page),
        ("/(?P<holder>[^/.]+)/(?P<object>[^/.]+)", "claimlog_pair.html", claims_of_pair),
    ),
    "groups": (("", "claimlog_tallies.html", tallies_page),),
}
"""By kind of page: what its address has behind the name, its template, and its view."""


def package_pages(datasette: Any) -> tuple[Page, ...]:
    """Return the pages that the package of a served dataset asks for."""
    return pages_of_topic(dataset_metadata(datasette).get("presentation", {}).get("pages", ()))


def pages_of_topic(specs: Iterable[Row]) -> tuple[Page, ...]:
    """Return pages as a package specifies them."""
    return tuple(
        Page(f"/{one['name']}{more}", template, partial(_view, view, one["name"]), in_releases=True)
        for one in specs
        for more, template, view in KINDS[one["kind"]]
    )


async def _view(view: KindView, name: str, store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Answer with a page as a database has it; a release may lack the columns that it needs."""
    for page in (await read_topic(store)).presentation.pages:
        if page["name"] == name:
            return await view(page, store, request)
    raise PageNotFound(f"Release {store.release} is not coded for what this page shows.")
