"""The pages of entities that were merged into others: they lead on."""

from __future__ import annotations

from typing import Any

from datasette import Response

from claimlog.file_names import path_segment
from claimlog.log.merged_entities import merged_into
from claimlog.site.page import PageRequest
from claimlog.site.store import Store


async def merged_page(
    store: Store, request: PageRequest, stream: str, entity: str, name: str
) -> Any:
    """Return the response that leads on to what an entity was merged into; None if it was not."""
    table, key = f"{entity}_versions", f"{entity}_id"
    if "reason" not in (await store.tables()).get(table, ()):
        return None
    last = await store.row(
        f'select action, reason from "{table}" where "{key}" = :name order by version desc limit 1',
        name=name,
    )
    into = merged_into(last["reason"]) if last and last["action"] == "retract" else None
    if into is None or not await store.count(
        f'select count(*) as n from "{table}" where "{key}" = :into', into=into
    ):
        return None
    twin = ".json" if request.format == "json" else ""
    path = f"{store.prefix}/{stream}/{path_segment(into)}{twin}"
    return Response.redirect(store.datasette.urls.path(path))
