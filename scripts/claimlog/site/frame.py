"""What header, breadcrumbs and footer say, on our pages and on Datasette's own."""

from __future__ import annotations

from typing import Any

from claimlog.site.documentation import documentation_folder
from claimlog.site.store import Row, Store


def frame(datasette: Any, database: str | None = None) -> Row:
    """Return the name, licence, database, release and path prefix that a page is framed by.

    `database` is the one whose page it is; without one, or with an unknown one, the latest.
    """
    store = Store.latest(datasette)
    if database in datasette.databases:
        store = Store(datasette, str(database))
    about = datasette.metadata()
    return {
        "name": about.get("title", "Claims").split(":")[0],
        "licence": about.get("license", ""),
        "database": store.name,
        "release": store.frozen,
        "prefix": f"/releases/{store.frozen}" if store.frozen else "",
        "has_documentation": documentation_folder(store) is not None,
    }
