"""The frame of every page, ours and Datasette's own: what header, breadcrumbs and footer say."""

from __future__ import annotations

from typing import Any

from claimlog.site.datasette_internals import site_metadata
from claimlog.site.pages.documentation import documentation_folder
from claimlog.site.store import Row, Store


def page_frame(datasette: Any, database: str | None = None) -> Row:
    """Return the name, licence, database, release and path prefix of a page's frame.

    Parameters
    ----------
    database
        The database that the page is about; without one, or with an unknown one, the latest.
    """
    store = Store.latest(datasette)
    if database in datasette.databases:
        store = Store(datasette, str(database))
    about = site_metadata(datasette)
    return {
        "name": about.get("title", "Claims").split(":")[0],
        "licence": about.get("license", ""),
        "database": store.name,
        "release": store.release,
        "prefix": store.prefix,
        "has_documentation": documentation_folder(store) is not None,
    }
