"""Getting ready before the first reader comes, so that the first page is as quick as the next."""

from __future__ import annotations

import re
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from claimlog.site.datasette_internals import read_schemas_once, replace_validation
from claimlog.site.facets import declared, table_of
from claimlog.site.failures import rewire_logs, shorten_access_log
from claimlog.site.pages import PAGES
from claimlog.site.quick import quicken
from claimlog.site.reader_pool import POOLS, ReaderPool, divert
from claimlog.site.store import Store
from claimlog.standard_streams import escaped_streams

OWN = ("index.html", "database.html", "table.html", "row.html", "query.html")
"""Templates of Datasette's own pages."""

App = Callable[..., Awaitable[None]]


class Unchanging(dict[str, Any]):
    """Metadata that need no copy: Datasette makes one of all of it whenever it checks a table."""

    def __deepcopy__(self, _: Any) -> Unchanging:
        return self


def settle(datasette: Any) -> None:
    """Spare copies of the metadata; answer for immutable databases quickly and within limits."""
    metadata = datasette._metadata_local
    pool = POOLS[datasette] = ReaderPool()
    for name, database in datasette.databases.items():
        if not database.is_mutable:
            declared(metadata, name)
            divert(datasette, name, pool)
            quicken(datasette, name)
    read_schemas_once(datasette)
    replace_validation()
    shorten_access_log()
    # of the facets that Datasette's view no longer asks for after an error
    warnings.filterwarnings("ignore", r"coroutine '(TableView|\w*Facet)\.", RuntimeWarning)
    datasette._metadata_local = Unchanging(metadata)


def warmed(app: App, datasette: Any) -> App:
    """Wrap an ASGI application so that it says it is ready when it is."""

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        async def ready(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                await warm(datasette)
            await send(message)

        with escaped_streams(styles=False):
            rewire_logs()
            await app(scope, receive, ready)

    return wrapped


async def warm(datasette: Any) -> None:
    """Ask for every page that needs no identifier, compile the templates, and count the facets.

    What fails here fails for a reader too, and says so there.
    """
    latest = Store.latest(datasette)
    stores = [Store(datasette, name) for name in datasette.databases if not name.startswith("_")]
    for item in PAGES:
        datasette.jinja_env.get_template(item.template)
        if "(?P<" in item.pattern:
            continue
        path = re.sub(r"\(.*", "", item.pattern) or "/"
        for store in stores:
            if store.name == latest.name:
                await datasette.client.get(path)
            elif item.in_releases:
                await datasette.client.get(f"/releases/{store.frozen}{path}")
    for name in OWN:
        datasette.jinja_env.get_template(name)
    metadata = datasette.metadata("databases") or {}
    for name, table in metadata.get(latest.name, {}).get("tables", {}).items():
        if table.get("facets"):
            await table_of(datasette, latest.name, name)
    await datasette.client.get(f"/{latest.name}")
    await datasette.client.get(f"/{latest.name}.json?sql=select+1")
