"""A client that times requests, one after the other."""

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

TIMEOUT_TEXT = re.compile(
    r'class="facets-timed-out"|<title>SQL Interrupted|"facets_timed_out": \["|'
    r'"title": "SQL Interrupted"'
)
"""Text of Datasette where a facet or a query took too long."""

NUMBERED = "page="
"""In an address that asks for a page of a list, which says so if it is shorter."""

CSS_URL = re.compile(r"url\(\s*[\"']?(?!data:)([^\"')]+)")


@dataclass(frozen=True)
class AddressKind:
    """Addresses of one kind, asked in turn; `group` is the row of the table that holds it."""

    name: str
    group: str
    paths: Sequence[str]


@dataclass
class KindTimings:
    """Times and sizes of the answers to the requests of a kind."""

    kind: AddressKind
    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    slowest: str = ""
    failed_paths: list[str] = field(default_factory=list)
    timed_out_paths: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return percentiles and failures as the results hold them; the suite adds ``met``."""
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
            "not_ok": self.failed_paths,
            "timed_out": self.timed_out_paths,
        }


def time_requests(client: httpx.Client, kind: AddressKind, requests: int) -> KindTimings:
    """Time requests for every address of a kind, in turn, until there are enough.

    Raises
    ------
    ClaimlogError
        If the kind has no address, so that nothing would be measured.
    """
    if not kind.paths:
        raise ClaimlogError(f"bench site: nothing was measured of {kind.name}: it has no address")
    timings = KindTimings(kind)
    worst = 0.0
    for path in islice(cycle(kind.paths), max(requests, len(kind.paths))):
        started = perf_counter()
        answer = client.get(path)
        elapsed = perf_counter() - started
        timings.seconds.append(elapsed)
        timings.sizes.append(len(answer.content))
        if elapsed > worst:
            worst, timings.slowest = elapsed, path
        if TIMEOUT_TEXT.search(answer.text):
            timings.timed_out_paths.append(path)
        elif answer.status_code != 200 and not (answer.status_code == 404 and NUMBERED in path):
            timings.failed_paths.append(path)
    return timings


def page_bytes(client: httpx.Client, path: str) -> int:
    """Return the bytes of a page with all styles, scripts and images that it fetches."""
    page = client.get(path)
    total = len(page.content)
    waiting = [urljoin(path, link) for link in _subresources(page.text)]
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


def _subresources(text: str) -> list[str]:
    """Return the addresses that a browser fetches by itself for a page."""
    timings: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            rel = (given.get("rel") or "").split()
            link = given.get("href") if tag == "link" else given.get("src")
            if link and (tag in ("script", "img") or {"stylesheet", "icon"} & {*rel}):
                timings.append(link)

    Reader().feed(text)
    return [link for link in dict.fromkeys(timings) if not link.startswith("data:")]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
