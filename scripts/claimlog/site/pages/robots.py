"""robots.txt: pages about claims may be indexed; queries, JSON and files need not be crawled."""

from __future__ import annotations

from datasette import Response

RULES = """User-agent: *
Disallow: /*?
Disallow: /-/
Disallow: /*.json
Disallow: /*.csv
Disallow: /*.db
Crawl-delay: 5
"""


async def robots() -> Response:
    """Return the rules for crawlers."""
    return Response.text(RULES)
