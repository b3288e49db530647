"""Following every link of a site that is plain files, as a browser would from a disk."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {"href", "src", "action", "poster", "data", "formaction"}
MAY_BE_ABSENT = "versions.js"
"""Beside the site, where somebody put it."""


class PageReader(HTMLParser):
    """Reads the addresses that a page names, and the places in it that a link may lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.places: set[str] = set()
        self.canonical: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") == "canonical":
            self.canonical = given["href"]
            return
        for name, value in attrs:
            if name in LOADING and value is not None:
                self.addresses.append(value)
            if name == "srcset" and value:
                self.addresses += [part.split()[0] for part in value.split(",")]
            if name in ("id", "name") and value:
                self.places.add(value)


def read_page(path: Path) -> PageReader:
    reader = PageReader()
    reader.feed(path.read_text("utf-8"))
    return reader


def broken_links(root: Path) -> Iterator[str]:
    """Yield every address in a site's pages that leads to no file, or to no place in one."""
    pages = {path: read_page(path) for path in sorted(root.rglob("*.html"))}
    assert pages, "a site has pages"
    for path, page in pages.items():
        for address in page.addresses:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "mailto", "data"):
                continue
            said = f"{path.relative_to(root)}: {address}"
            if parts.scheme or parts.netloc or parts.path.startswith("/"):
                yield f"{said} (is not relative)"
                continue
            to = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if to.name == MAY_BE_ABSENT:
                continue
            if not to.is_file():
                yield f"{said} (no file)"
            elif parts.fragment and to.suffix == ".html":
                known = pages[to].places if to in pages else read_page(to).places
                if unquote(parts.fragment) not in known:
                    yield f"{said} (no place)"
