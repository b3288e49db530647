"""robots.txt: pages about claims may be found; queries without end need not be crawled."""

from __future__ import annotations

from datasette.utils.asgi import Response

RULES = """User-agent: *
Disallow: /*?
Disallow: /-/
Disallow: /*.json
Disallow: /*.csv
Disallow: /*.db
Crawl-delay: 5
"""


async def robots() -> Response:
    """Return the rules: no address with a query, no data twin, no file."""
    return Response.text(RULES)
