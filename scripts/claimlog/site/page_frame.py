"""The frame of every page, ours and Datasette's own: what header, breadcrumbs and footer say."""

from __future__ import annotations

from typing import Any

from claimlog.coder_wording import coded_by
from claimlog.site.datasette_internals import site_metadata
from claimlog.site.entity_links import register_configs
from claimlog.site.menu import known_menu
from claimlog.site.page_list import PAGES
from claimlog.site.pages.documentation import documentation_folder
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Row, Store
from claimlog.site.topic import known_presentation


def page_frame(datasette: Any, database: str | None = None) -> Row:
    """Return what a page's frame says: name, licence, database, release, coders, and paths.

    Parameters
    ----------
    database
        The database that the page is about; without one, or with an unknown one, the latest.
    """
    store = Store.latest(datasette)
    if database in datasette.databases:
        store = Store(datasette, str(database))
    about = site_metadata(datasette)
    dataset = dataset_metadata(datasette)
    presentation = known_presentation(store)
    pages = presentation.pages
    return {
        "name": about.get("title", "Claims").split(":")[0],
        "licence": about.get("license", ""),
        "database": store.name,
        "release": store.release,
        "prefix": store.prefix,
        "coders": coded_by(dataset.get("coders", ()), "the codebook"),
        "registers": _register_links(datasette, of_claims=True),
        "other_registers": _register_links(datasette, of_claims=False),
        "pages": pages,
        "topic_pages": tuple((f"/{page['name']}", page["label"]) for page in pages),
        "menu": tuple((entry.path, entry.label) for entry in known_menu(store)),
        "measures": (presentation.measures or {}).get("label"),
        "has_documentation": documentation_folder(store) is not None,
    }


def _register_links(datasette: Any, of_claims: bool) -> tuple[tuple[str, str], ...]:
    """Return path and title of the registers whose address is not that of another page.

    Parameters
    ----------
    of_claims
        Whether claims refer to them; the others say how the dataset was made.
    """
    explicit = {page.pattern for page in PAGES}
    return tuple(
        (f"/{one.name}", one.title)
        for one in register_configs(datasette)
        if one.has_claims == of_claims and f"/{one.name}" not in explicit
    )
