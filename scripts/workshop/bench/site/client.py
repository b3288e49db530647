"""One client that asks, one request after the other, and takes the time of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import cycle, islice
from math import ceil
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from claimlog.errors import ClaimlogError

if TYPE_CHECKING:
    import httpx

LATE = re.compile(
    r'class="facets-timed-out"|<title>SQL Interrupted|"facets_timed_out": \["|'
    r'"title": "SQL Interrupted"'
)
"""What Datasette says where a facet or a query took too long."""

CSS_URL = re.compile(r"url\(\s*[\"']?(?!data:)([^\"')]+)")


@dataclass(frozen=True)
class Kind:
    """Addresses of one kind, asked in turn; `group` is the row of the table that holds it."""

    name: str
    group: str
    paths: Sequence[str]


@dataclass
class Asked:
    """What the requests of a kind took."""

    kind: Kind
    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    slowest: str = ""
    refused: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Return it as the results hold it; ``met`` is added by whoever knows the goal."""
        ordered = sorted(self.seconds)
        return {
            "name": self.kind.name,
            "group": self.kind.group,
            "addresses": len(self.kind.paths),
            "requests": len(ordered),
            "first_ms": _ms(self.seconds[0]),
            "median_ms": _ms(median(ordered)),
            "p95_ms": _ms(ordered[ceil(0.95 * len(ordered)) - 1]),
            "max_ms": _ms(ordered[-1]),
            "bytes": int(median(self.sizes)),
            "slowest": self.slowest,
            "not_ok": self.refused,
            "timed_out": self.late,
        }


def ask(client: httpx.Client, kind: Kind, requests: int) -> Asked:
    """Ask for every address of a kind, and on, until there were as many requests as wanted.

    Raises
    ------
    ClaimlogError
        If the kind has no address, so that nothing would be measured.
    """
    if not kind.paths:
        raise ClaimlogError(f"bench site: nothing was measured of {kind.name}: it has no address")
    found = Asked(kind)
    worst = 0.0
    for path in islice(cycle(kind.paths), max(requests, len(kind.paths))):
        started = perf_counter()
        answer = client.get(path)
        took = perf_counter() - started
        found.seconds.append(took)
        found.sizes.append(len(answer.content))
        if took > worst:
            worst, found.slowest = took, path
        if LATE.search(answer.text):
            found.late.append(path)
        elif answer.status_code != 200:
            found.refused.append(path)
    return found


def weight(client: httpx.Client, path: str) -> int:
    """Return the bytes of a page with all styles, scripts and images that it fetches."""
    page = client.get(path)
    total = len(page.content)
    waiting = [urljoin(path, link) for link in _fetched(page.text)]
    seen = set(waiting)
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        if answer.status_code != 200:
            raise ClaimlogError(f"bench site: {path} fetches {address}: {answer.status_code}")
        total += len(answer.content)
        if "css" in answer.headers.get("content-type", ""):
            linked = {urljoin(address, link) for link in CSS_URL.findall(answer.text)} - seen
            seen |= linked
            waiting += linked
    return total


def _fetched(text: str) -> list[str]:
    """Return what a browser fetches for a page by itself."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            rel = (given.get("rel") or "").split()
            link = given.get("href") if tag == "link" else given.get("src")
            if link and (tag in ("script", "img") or {"stylesheet", "icon"} & {*rel}):
                found.append(link)

    Reader().feed(text)
    return [link for link in dict.fromkeys(found) if not link.startswith("data:")]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
