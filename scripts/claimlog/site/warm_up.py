"""Preparing a server before its first request, so that the first page is as quick as the next."""

from __future__ import annotations

import gc
import re
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from claimlog.site.database_paths import quote_database_paths
from claimlog.site.datasette_internals import (
    announce_formats,
    announce_queries,
    change_metadata,
    compile_template,
    page_templates,
    parse_cells_strictly,
    parse_links_once,
    read_schemas_once,
    replace_validation,
    share_facet_values,
    site_metadata,
)
from claimlog.site.page_list import site_pages
from claimlog.site.protection import reader_limits
from claimlog.site.protection.failures import escape_server_logs, shorten_access_log
from claimlog.site.protection.reader_pool import POOLS, ReaderPool, divert_reader_sql
from claimlog.site.protection.reader_request import as_site_sql, note_format, note_query
from claimlog.site.query_rewrites import rewrite_slow_queries
from claimlog.site.source_texts import find_text
from claimlog.site.store import Store
from claimlog.site.table_facets import declare_facets, facet_table
from claimlog.standard_streams import escaped_streams

DATASETTE_TEMPLATES = ("index.html", "database.html", "table.html", "row.html", "query.html")

App = Callable[..., Awaitable[None]]


def prepare_datasette(datasette: Any) -> None:
    """Put readers' SQL under limits, and have immutable databases answer quickly."""
    quote_database_paths(datasette)
    pool = POOLS[datasette] = ReaderPool()
    immutable = [name for name, db in datasette.databases.items() if not db.is_mutable]
    change_metadata(datasette, lambda metadata: declare_facets(metadata, immutable))
    for name in immutable:
        divert_reader_sql(datasette, name, pool)
        rewrite_slow_queries(datasette, name)
    read_schemas_once(datasette, as_site_sql)
    announce_formats(note_format)
    announce_queries(note_query)
    replace_validation()
    parse_cells_strictly()
    parse_links_once()
    share_facet_values(reader_limits.PAGE_FACET_VALUES)
    shorten_access_log()
    # of the facets that Datasette's view no longer asks for after an error
    warnings.filterwarnings("ignore", r"coroutine '(TableView|\w*Facet)\.", RuntimeWarning)


def warm_before_ready(app: App, datasette: Any) -> App:
    """Wrap an ASGI application so that it is warm before it says that it is ready."""

    async def asgi_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        async def send_when_warm(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                await warm_up(datasette)
                spare_collector()
            await send(message)

        with escaped_streams(styles=False):
            escape_server_logs()
            await app(scope, receive, send_when_warm)

    return asgi_app


def spare_collector() -> None:
    """Keep what lives as long as the server out of the garbage collector's full passes.

    A full pass walks every container that lives, which takes a tenth of a second at 100,000
    claims, and comes in the middle of a reader's request. Modules, templates and indexes are
    walked once, here (`gc.freeze`).
    """
    gc.collect()
    gc.freeze()


async def warm_up(datasette: Any) -> None:
    """Read source texts, ask for every page that needs no identifier, and count the facets.

    What fails here fails for a reader too, and says so there.
    """
    latest = Store.latest(datasette)
    await find_text(latest, None)
    stores = [Store(datasette, name) for name in datasette.databases if not name.startswith("_")]
    for page in site_pages(datasette):
        page_templates(datasette).get_template(page.template)
        if "(?P<" in page.pattern:
            continue
        path = re.sub(r"\(.*", "", page.pattern) or "/"
        for store in stores:
            if store.release is None or page.in_releases:
                await datasette.client.get(f"{store.prefix}{path}")
    for name in DATASETTE_TEMPLATES:
        compile_template(datasette, name)
    databases = site_metadata(datasette).get("databases") or {}
    for name, table in databases.get(latest.name, {}).get("tables", {}).items():
        if table.get("facets"):
            await facet_table(datasette, latest.name, name)
    await datasette.client.get(f"/{latest.name}")
    await datasette.client.get(f"/{latest.name}.json?sql=select+1")
