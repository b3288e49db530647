"""Registers of a dataset as links, for the frame of pages and for pages that list them."""

from __future__ import annotations

from typing import Any

from claimlog.site.entity_links import register_configs


def register_links(datasette: Any, of_claims: bool) -> tuple[tuple[str, str], ...]:
    """Return path and title of the registers whose address is not that of another page.

    Parameters
    ----------
    of_claims
        Whether claims refer to them; the others say how the dataset was made.
    """
    from claimlog.site.pages import PAGES  # which import this module

    explicit = {page.pattern for page in PAGES}
    return tuple(
        (f"/{one.name}", one.title)
        for one in register_configs(datasette)
        if one.has_claims == of_claims and f"/{one.name}" not in explicit
    )
