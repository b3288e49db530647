"""Whether the server answers, and from which build: for monitors and load balancers."""

from __future__ import annotations

import asyncio
from typing import Any

from datasette import Response

from claimlog import __version__
from claimlog.site.served_build import served_build
from claimlog.site.store import Store


async def health(datasette: Any) -> Response:
    """Return the version of the tool and the build that is served, after a look into it.

    `replaced` says that another build lies there now, which a server started anew would serve.
    """
    store = Store.latest(datasette)
    rows = await store.count("select count(*) as n from (select 1 from claims limit 1)")
    build = served_build(datasette, store.database.path)
    descriptor = build.descriptor if build else {}
    log = build.stated_log if build else {}
    replaced = bool(build and await asyncio.to_thread(lambda: build.is_replaced))
    return Response.json(
        {
            "ok": rows in (0, 1),
            "claimlog": __version__,
            "dataset": {"name": store.name, "version": descriptor.get("version")},
            "build": {
                "fingerprint": build.fingerprint if build else None,
                "tree_size": log.get("tree_size"),
                "root": log.get("root"),
                "as_of": log.get("as_of"),
                "replaced": replaced,
            },
            "releases": sorted(
                version
                for name in datasette.databases
                if not name.startswith("_") and (version := Store(datasette, name).release)
            ),
        },
        headers={"cache-control": "no-store"},
    )
