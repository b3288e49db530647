"""A build opened for drawing its pages, in this process and without a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.escaping import web_address
from claimlog.site.files.query_clock import CLOCKS, QueryClock
from claimlog.site.files.site_source import SiteSource
from claimlog.site.served_build import SERVED, ServedBuild
from claimlog.site.server_command import SETTINGS


async def open_build(source: SiteSource) -> Any:
    """Return a Datasette of a build and of the releases beside it, ready to draw pages.

    What its pages say of their own addresses begins with the dataset's home, if it has one.
    """
    from datasette.app import Datasette

    databases = (source.database, *source.releases)
    clock = QueryClock(sum(path.stat().st_size for path in databases))
    datasette = Datasette(
        [],
        immutables=[*map(str, databases)],
        inspect_data=source.counts,
        metadata=source.metadata,
        settings={
            **{name: int(value) for name, value in SETTINGS.items()},
            "base_url": home_address(source.metadata) or "/",
            "sql_time_limit_ms": int(1000 * clock.seconds),
            "num_sql_threads": 0,  # a thread would only be waited for
        },
    )
    SERVED[datasette] = ServedBuild(source.folder, source.origin or source.folder)
    CLOCKS[datasette] = clock
    await datasette.invoke_startup()
    for name, database in datasette.databases.items():
        if not name.startswith("_"):
            clock.limit(database)
    return datasette


def home_address(metadata: Mapping[str, Any]) -> str | None:
    """Return the home of a dataset as its descriptor names it, with a slash at its end."""
    head = metadata.get("plugins", {}).get("claimlog", {}).get("head", {})
    address = web_address(head.get("homepage"))
    return f"{address.rstrip('/')}/" if address and "?" not in address else None
