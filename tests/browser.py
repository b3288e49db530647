"""A site served for the tests, its links followed, and a headless Chromium that looks at it.

Nothing here is asynchronous: Playwright's synchronous interface keeps an event loop of its own in
the thread for as long as a browser is open, so that a browser must be closed before another module
runs asyncio (fixtures of module scope do that).
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from claimlog.package import Package
from workshop.bench.site.server import serve_build

NO_CHROMIUM = (
    "NOT RUN: no Chromium on PATH or in CLAIMLOG_CHROMIUM; install one (Debian: apt-get install "
    "chromium-headless-shell), the tests never download one"
)
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Programs to look for: the one that draws no window of its own takes a quarter of the time."""

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SUFFIXES = {
    ".json": ("application/json", "text/plain"),  # Datasette streams rows as plain text
    ".csv": ("text/csv", "text/plain"),
    ".css": ("text/css",),
    ".js": ("text/javascript", "application/javascript"),
    ".ico": ("image/",),
    ".png": ("image/",),
    ".svg": ("image/svg+xml",),
    ".db": ("application/octet-stream", "application/vnd.sqlite3", "application/x-sqlite3"),
    ".parquet": ("application/octet-stream", "application/vnd.apache.parquet"),
}
"""What an address ending so must answer, as the start of a content type; all else is HTML."""


def chromium() -> str | None:
    """Return the Chromium to launch, None where there is none."""
    given = os.environ.get("CLAIMLOG_CHROMIUM")
    if given:
        return shutil.which(given)
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """One browser for a module with a desk, opened after what asks there: both want a loop."""
    if chromium() is None:
        pytest.skip(NO_CHROMIUM)
    request.getfixturevalue("desk")
    with opened() as browser:
        yield browser


@contextmanager
def opened() -> Iterator[Browser]:
    """Open the system's Chromium, headless, and close it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), headless=True, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


# --- a served build


@dataclass(frozen=True)
class Site:
    """A build that a server of ours serves."""

    base: str
    database: Path

    @property
    def name(self) -> str:
        """Name of the database, which is that of Datasette's own pages."""
        return self.database.stem

    def row(self, sql: str) -> dict[str, str] | None:
        """Return the first row of a query over the database that is served."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as opened:
            opened.row_factory = sqlite3.Row
            found = opened.execute(sql).fetchone()
        return {key: str(found[key]) for key in found.keys()} if found else None  # noqa: SIM118

    def one(self, sql: str) -> str:
        """Return the one value that a query finds."""
        row = self.row(sql)
        assert row is not None, f"nothing in the database answers: {sql}"
        return next(iter(row.values()))

    def filled(self, pattern: str, samples: Sequence[str]) -> str:
        """Return a path of a route: its named parts are the columns of the first fitting query."""
        named = tuple(re.compile(pattern).groupindex)
        if not named:
            return pattern if re.fullmatch(pattern, pattern) else "/"
        for sql in samples:
            row = self.row(sql) or {}
            if row.keys() >= set(named):
                path = _put(pattern, row)
                assert re.fullmatch(pattern, path), f"{path} does not fit {pattern}"
                return path
        raise AssertionError(f"no query of SAMPLES gives {', '.join(named)} for {pattern}")


def _put(pattern: str, values: Mapping[str, str]) -> str:
    """Return a pattern of literal text and named parts with values in place of the parts."""
    return _NAMED.sub(lambda part: values[part[1]], pattern)


_NAMED = re.compile(r"\(\?P<(\w+)>(?:[^()\[\]]|\[[^\]]*\]|\((?:[^()\[\]]|\[[^\]]*\])*\))*\)")


@contextmanager
def serving(root: Path, out: Path, *more: str) -> Iterator[Site]:
    """Serve a build of the package at `root` as the bench does."""
    log = out.parent / "serve.log"
    with serve_build(Package(root), log, "--dir", str(out), *more) as server:
        yield Site(server.base, next(out.glob("*.db")))


# --- links


TARGETS = {"a": "href", "link": "href", "area": "href", "form": "action"}
"""The attribute by which an element leads elsewhere; of others it is ``src``."""


class Links(HTMLParser):
    """What a page links to, with the types that its links promise, and its elements' ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.ids: list[str] = []
        self.title = ""
        self._in_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self._in_title = tag == "title" and not self.title
        if "id" in given:
            self.ids.append(given["id"])
        target = given.get(TARGETS.get(tag, "src"))
        if target:
            self.found.setdefault(target, given.get("type", "") if tag != "script" else "")

    def handle_data(self, data: str) -> None:
        self.title += data if self._in_title else ""

    def handle_endtag(self, tag: str) -> None:
        self._in_title = self._in_title and tag != "title"


@dataclass
class Crawl:
    """Every internal link followed from the start, the kinds of pages in turn."""

    site: Site
    patterns: Sequence[str]
    most: int
    most_raw: int
    faults: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    _waiting: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _ids: dict[str, list[str]] = field(default_factory=dict)
    _fragments: dict[tuple[str, str], str] = field(default_factory=dict)

    def run(self) -> Crawl:
        """Follow links until none is left or the limit is reached."""
        self._note("/", "", "the start")
        with httpx.Client(base_url=self.site.base, timeout=60) as client:
            while self._waiting and self.seen.total() < self.most:
                self._fetch(client, *self._next())
        for (path, fragment), where in self._fragments.items():
            if path in self._ids and fragment not in self._ids[path]:
                self.faults.append(f"{path}#{fragment}: no element has this id (linked by {where})")
        return self

    def unlinked(self) -> list[str]:
        """Return the kinds of pages that no link led to, as faults."""
        return [
            f"{name or 'home'}: no link leads here" for name in self.patterns if not self.seen[name]
        ]

    def kind(self, path: str) -> str:
        """Return the kind of page that a path is: a route, Datasette's own, or a file."""
        bare = unquote(path.partition("?")[0])
        name = re.escape(self.site.name)
        raw = re.match(rf"/(?:{name}(?:-[0-9_]+)?|-)(?=[/.]|$)(/[^/.]+)?(/.)?", bare)
        if raw:
            return f"raw {raw[1] or ''}{' row' if raw[2] else ''}"
        page = re.sub(r"\.json$", "", bare).rstrip("/")
        frozen = re.match(r"/releases/[0-9.]+(?=/.)", page)
        page = page[frozen.end() :] if frozen else page
        found = next((item for item in self.patterns if re.fullmatch(item, page)), "other")
        found += " (frozen)" if frozen else ""
        twin = " (twin)" if bare.endswith(".json") else ""
        return found + twin + (" (query)" if "?" in path and not twin else "")

    def _next(self) -> tuple[str, str, str]:
        """Return a waiting link of the kind of which the fewest were followed."""
        kind = min(self._waiting, key=lambda name: (self.seen[name], name))
        waiting = self._waiting[kind]
        found = waiting.pop(0)
        self.seen[kind] += 1
        if not waiting:
            del self._waiting[kind]
        if self._raw() >= self.most_raw:
            for name in [name for name in self._waiting if name.startswith("raw")]:
                del self._waiting[name]
        return found

    def _raw(self) -> int:
        return sum(number for name, number in self.seen.items() if name.startswith("raw"))

    def _note(self, path: str, promised: str, where: str) -> None:
        kind = self.kind(path)
        if kind.startswith("raw") and self.kind(where).startswith("raw"):
            kind = "raw, linked by raw"  # one kind, so that what our pages link to comes first
        if path in self._known or (kind.startswith("raw") and self._raw() >= self.most_raw):
            return
        self._known.add(path)
        self._waiting.setdefault(kind, []).append((path, promised, where))

    def _fetch(self, client: httpx.Client, path: str, promised: str, where: str) -> None:
        with client.stream("GET", path, follow_redirects=True) as answer:
            content_type = answer.headers.get("content-type", "")
            bad = self._fault(path, promised, answer.status_code, content_type)
            if bad:
                self.faults.append(f"{path}: {bad} (linked by {where})")
            if answer.status_code != 200 or not content_type.startswith("text/html"):
                return
            text = answer.read().decode()
            links = Links(text)
        if not links.title.strip() or re.match(r"\s*(Error|Not found)\b", links.title):
            self.faults.append(f"{path}: titled {links.title!r} (linked by {where})")
        if not self.kind(path).startswith("raw"):
            self._whole(path, links)
        self._follow(str(answer.url), path, links)

    def _fault(self, path: str, promised: str, status: int, content_type: str) -> str:
        if status != 200:
            return f"status {status}"
        suffix = Path(urlsplit(path).path).suffix
        promised = promised.partition("+")[0]  # Datasette's links say application/json+datasette
        wanted = (promised,) if promised else SUFFIXES.get(suffix, ("text/html",))
        return (
            "" if content_type.startswith(wanted) else f"{content_type}, not {' or '.join(wanted)}"
        )

    def _whole(self, path: str, links: Links) -> None:
        """Note the ids of a page of ours, and that none stands twice."""
        self._ids[path] = links.ids
        twice = [name for name, number in Counter(links.ids).items() if number > 1]
        if twice:
            self.faults.append(f"{path}: ids that stand twice: {', '.join(twice[:5])}")

    def _follow(self, url: str, path: str, links: Links) -> None:
        for target, promised in links.found.items():
            whole, fragment = urldefrag(urljoin(url, target))
            parts = urlsplit(whole)
            if f"{parts.scheme}://{parts.netloc}" != self.site.base:
                continue
            to = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            if fragment and not self.kind(path).startswith("raw"):
                self._fragments.setdefault((to, unquote(fragment)), path)
            self._note(to, promised, path)


# --- pages in the browser


@dataclass
class Watch:
    """What a page in the browser complained of and asked for since it was opened."""

    base: str
    said: list[str] = field(default_factory=list)

    def on(self, page: Page) -> Watch:
        """Listen to a page."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"script error: {error}"))
        page.on("requestfailed", lambda asked: self.said.append(f"{asked.url}: {asked.failure}"))
        page.on("request", self._request)
        page.on("response", self._response)
        return self

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"console {message.type}: {message.text}")

    def _response(self, answer: Response) -> None:
        if not answer.ok and answer.status != 304:  # what the browser holds already
            self.said.append(f"{answer.url}: status {answer.status}")

    def _request(self, asked: Request) -> None:
        if not asked.url.startswith((f"{self.base}/", "data:", "blob:")):
            self.said.append(f"asked another host: {asked.url}")


OPEN_ALL = "() => document.querySelectorAll('details').forEach(d => d.open = true)"
TOO_WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const held = e => { for (let p = e.parentElement; p; p = p.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX)) return true; };
  const name = e => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '')
    + [...e.classList].map(c => '.' + c).join('');
  const found = [...document.body.querySelectorAll('*')]
    .filter(e => e.getBoundingClientRect().right > wide + 0.5 && !held(e));
  return [`${document.documentElement.scrollWidth} > ${wide} px`, ...found.slice(0, 6).map(
    e => `${name(e)} to ${Math.round(e.getBoundingClientRect().right)}`)];
}"""
"""Names what reaches beyond the right edge without a scrolling box around it."""

MARK_FOCUSABLE = """() => {
  const all = document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]');
  return [...all].filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility())
    .map((e, i) => { e.dataset.tabbed = i; return e.outerHTML.slice(0, 90); });
}"""
FOCUSED = """() => {
  const e = document.activeElement, style = getComputedStyle(e);
  return {mark: e.dataset.tabbed ?? null, html: e.outerHTML.slice(0, 90),
    main: !!e.closest('main'), skip: e.matches('a[href="#main"]'),
    seen: style.outlineStyle !== 'none' || style.boxShadow !== 'none'};
}"""


def too_wide(page: Page) -> list[str]:
    """Return what makes a page wider than a phone."""
    before = page.viewport_size
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    found: list[str] = page.evaluate(TOO_WIDE)
    if before:
        page.set_viewport_size(before)
    return found
