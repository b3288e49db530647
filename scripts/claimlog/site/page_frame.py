"""The frame of every page, ours and Datasette's own: what header, breadcrumbs and footer say."""

from __future__ import annotations

from typing import Any

from claimlog.coder_wording import coded_by
from claimlog.site.datasette_internals import site_metadata
from claimlog.site.menu import known_menu
from claimlog.site.pages.documentation import documentation_folder
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.register_links import register_links
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
        "registers": register_links(datasette, of_claims=True),
        "other_registers": register_links(datasette, of_claims=False),
        "pages": pages,
        "topic_pages": tuple((f"/{page['name']}", page["label"]) for page in pages),
        "menu": tuple((entry.path, entry.label) for entry in known_menu(store)),
        "measures": (presentation.measures or {}).get("label"),
        "has_documentation": documentation_folder(store) is not None,
    }
