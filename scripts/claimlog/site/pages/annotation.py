"""The Web Annotation of a claim, a document beside the claim's page."""

from __future__ import annotations

from datasette import Response

from claimlog.escaping import json_text
from claimlog.interchange.web_annotation import CONTENT_TYPE
from claimlog.site.claim_annotation import claim_annotation
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.store import Store


async def annotation(store: Store, request: PageRequest) -> Response:
    """Return the last version of a claim as JSON-LD."""
    name = request.identifiers["claim_id"]
    document = await claim_annotation(store, name)
    if document is None:
        raise PageNotFound(f"There is no claim {name}.")
    return Response(json_text(document), 200, {}, CONTENT_TYPE)
