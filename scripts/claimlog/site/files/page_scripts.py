"""Scripts of single pages where the site is plain files; without them every page is whole.

Each is the name of a file in ``static/``. They come in this order, after the page is read.
"""

from __future__ import annotations

from collections.abc import Mapping

EVERY_PAGE: tuple[str, ...] = ("newer-release.js",)

INDEX = (
    *("lookup.js", "printable.js", "markup.js", "stems.js", "words.js", "word_index.js"),
    *("search_terms.js", "search_index.js"),
)
"""The index of all that is searched, and how words are looked for in it."""

SEARCH = (
    *INDEX,
    *("spelling.js", "web_addresses.js", "search_leads.js", "search_results.js"),
    "search_page.js",
)
LIST = (
    *INDEX,
    *("close_matches.js", "list_values.js", "list_numbers.js", "list_selection.js"),
    "list_facets.js",
    *("filtered_list.js", "list_form.js", "list_page.js", "list_reset.js"),
)
BY_TEMPLATE: Mapping[str, tuple[str, ...]] = {
    "claimlog_search.html": SEARCH,
    "claimlog_claims.html": LIST,
    "claimlog_incidents.html": LIST,
    "claimlog_register.html": LIST,
}
"""Those of the search and of lists that are filtered."""


def scripts_of(template: str) -> tuple[str, ...]:
    """Return the scripts of the pages of a template."""
    return (*EVERY_PAGE, *BY_TEMPLATE.get(template, ()))
