"""What the server was started with: Datasette's address for it, written once."""

from __future__ import annotations

import json
from typing import Any
from weakref import WeakKeyDictionary

from datasette import Response

from claimlog.media_types import JSON
from claimlog.site.datasette_internals import site_metadata
from claimlog.site.drawing_thread import off_the_loop
from claimlog.site.protection.reader_request import CURRENT

PATH = "/-/metadata.json"
_TEXTS: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

write = off_the_loop(json.dumps)


async def server_metadata(datasette: Any, request: Any) -> Response:
    """Send the metadata as JSON, to which the address of Datasette's page leads.

    Datasette writes all prepared queries anew for each request, and escapes them for its page.
    """
    if not request.url_vars["format"]:
        return Response.redirect(datasette.urls.path(PATH))
    if datasette not in _TEXTS:
        _TEXTS[datasette] = await write(site_metadata(datasette))
    if (asking := CURRENT.get()) is not None:
        asking.is_unchanging = asking.ignores_query = True
    return Response(_TEXTS[datasette], content_type=f"{JSON}; charset=utf-8")
