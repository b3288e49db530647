"""Scripts of single pages where the site is plain files; without them every page is whole.

Each is the name of a file in ``static/``. They come in this order, after the page is read.
"""

from __future__ import annotations

from collections.abc import Mapping

EVERY_PAGE: tuple[str, ...] = ("newer-release.js",)

BY_TEMPLATE: Mapping[str, tuple[str, ...]] = {
    "claimlog_search.html": (),
    "claimlog_claims.html": (),
    "claimlog_incidents.html": (),
    "claimlog_register.html": (),
}
"""Those of the search and of lists that are filtered."""


def scripts_of(template: str) -> tuple[str, ...]:
    """Return the scripts of the pages of a template."""
    return (*EVERY_PAGE, *BY_TEMPLATE.get(template, ()))
