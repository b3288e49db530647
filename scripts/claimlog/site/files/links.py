"""Links of pages that are files: where each leads to below the site's root, seen from its page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape, unescape
from urllib.parse import parse_qsl, quote, unquote, urljoin

from claimlog.file_names import file_segment, normalized_segment
from claimlog.site.files.addresses import Address, PageRoutes, file_query

STATIC_PLUGIN = "/-/static-plugins/claimlog/"
STATIC = "static"
"""Folder of style sheets and scripts."""

QUERIES = "queries"
DOWNLOADS = Address("/downloads")
ATTRIBUTES_BEFORE = r'[^<>"]*?(?:"[^"]*"[^<>"]*?)*?'
"""Pattern of the attributes before another in a tag, each with its whole value: a value may end
like the beginning of an attribute."""

ATTRIBUTE = re.compile(
    rf'(<[a-z]{ATTRIBUTES_BEFORE}\s(?<!rel="canonical" )(?<!data-versions ))'
    r'(href|src|action)="([^"]*)"'
)
"""Pattern of a tag up to the end of its ``href``, ``src`` or ``action``; no tag of ours has two.

Two addresses are passed over: the canonical one, which is where the dataset's home is, and that of
the list of versions, which is a file's already.
"""

FEED_LINK = re.compile(rf'(<link{ATTRIBUTES_BEFORE}\shref=")([^"]*)')

KNOWN_ADDRESSES = 50_000
"""Addresses whose files are remembered, because pages repeat them."""

FROZEN = re.compile(r"/releases/(?P<version>[^/]+)(?P<rest>/.+)")
IMAGE = re.compile(r"/docs/[^/]+\.(?:png|svg)")
WHOLE_LIST = re.compile(r"/(?P<table>[^/.]+)\.(?:csv\?.*|json\?(?:.*&)?rows=all)")


@dataclass(frozen=True)
class Target:
    """What a link leads to: a file below the site's root, and the page in it, if it is one.

    Attributes
    ----------
    query
        What the link keeps of its query, which a script may read.
    """

    file: str
    page: Address | None = None
    query: str = ""

    @cached_property
    def link(self) -> str:
        """The address of the file, seen from the root."""
        return f"{quote(self.file, safe='/=,')}{'?' if self.query else ''}{self.query}"


@dataclass
class LinkTargets:
    """Finds the files that addresses lead to.

    Attributes
    ----------
    databases
        By name of a database, the version of the release that it is; none for the build.
    downloads
        By name of a file, where it lies, seen from the root of the site.
    tables
        By name of a table, where it lies as a file.
    queries
        Names of prepared queries.
    version
        The release that the site is of; its own frozen addresses are those without it.
    frozen
        Releases whose own sites lie below ``releases/``.
    homepage
        Address of the site with a slash at its end, if it has one.
    """

    routes: PageRoutes
    databases: Mapping[str, str | None]
    downloads: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    queries: frozenset[str] = frozenset()
    version: str | None = None
    frozen: frozenset[str] = frozenset()
    homepage: str | None = None
    _known: dict[str, Target] = field(default_factory=dict)

    def target(self, address: str, page: Address) -> Target | None:
        """Return what an address on a page leads to; None if it is none of the site's."""
        if self.homepage and f"{address}/".startswith(self.homepage):
            address = f"/{address[len(self.homepage) :]}"
        if address.startswith("?"):
            address = f"{page.path or '/'}{address}"
        if not address.startswith("/") or address.startswith("//"):
            return None
        if (target := self._known.get(address)) is None:
            if len(self._known) > KNOWN_ADDRESSES:
                self._known.clear()
            target = self._known[address] = self._find(address)
        return target

    def _find(self, address: str) -> Target:
        path, _, query = address.partition("?")
        path = path.rstrip("/")
        if self.version and path.startswith(f"/releases/{self.version}/"):
            path = path.removeprefix(f"/releases/{self.version}")
        if path.startswith(STATIC_PLUGIN):
            return Target(f"{STATIC}/{path.removeprefix(STATIC_PLUGIN)}")
        return self._file(path, query) or self._page(path, query)

    def _file(self, path: str, query: str) -> Target | None:
        """Return the file that an address leads to, if it is none of a page."""
        first, *rest = map(unquote, path.split("/")[1:] or [""])
        if first == "downloads" and rest and rest[0] in self.downloads:
            return Target(self.downloads[rest[0]])
        if not rest and first in self.downloads:
            return Target(self.downloads[first])
        if IMAGE.fullmatch(path):
            return Target(f"docs/{file_segment(unquote(path.removeprefix('/docs/')))}")
        whole = WHOLE_LIST.fullmatch(f"{path}?{query}")
        if whole and whole["table"] in self.tables:
            return Target(self.tables[whole["table"]])
        database = first.removesuffix(".db")
        if database in self.databases and self.routes.find(path) is None:
            return self._of_database(database, rest)
        return None

    def _of_database(self, database: str, rest: list[str]) -> Target:
        """Return what stands for a page of Datasette's: a table as a file, a query's result."""
        version = self.databases[database]
        if version is not None:
            return self._page(f"/releases/{version}", "")
        if rest and rest[0] in self.queries:
            return self._page(f"/{QUERIES}/{quote(rest[0])}", "")
        if rest and rest[0] in self.tables:
            return Target(self.tables[rest[0]])
        return Target(DOWNLOADS.file, DOWNLOADS)

    def _page(self, path: str, query: str) -> Target:
        is_twin = path.endswith(".json")
        path = path.removesuffix(".json").removesuffix(".csv")
        # however a page spells it: what two addresses lead to is one file, and is drawn once
        path = "/".join(map(normalized_segment, path.split("/")))
        path = "" if path in ("/index", "/") else path
        found = self.routes.find(path)
        own = file_query(found[0], dict(parse_qsl(query))) if found else None
        is_document = found is not None and found[0].is_document
        has_twin = is_twin and not is_document
        page = Address(path, own or (), path.removeprefix("/releases/") in self.frozen, is_document)
        kept = query if own is None else ""
        frozen = FROZEN.fullmatch(path)
        if frozen and frozen["version"] in self.frozen:
            below = Address(frozen["rest"], page.query, is_document=is_document)
            file = below.json_file if has_twin else below.file
            return Target(f"releases/{frozen['version']}/{file}", query=kept)
        return Target(page.json_file if has_twin else page.file, page, kept)


class PageLinks:
    """Makes the links of one page relative, and notes where they lead."""

    def __init__(self, targets: LinkTargets, page: Address, root: str | None = None) -> None:
        self.targets = targets
        self.page = page
        self.root = "../" * page.file.count("/") if root is None else root
        self.followed: dict[Target, None] = {}

    def relative(self, address: str) -> str:
        """Return an address as the page links to it."""
        path, mark, fragment = address.partition("#")
        target = self.targets.target(path, self.page)
        if target is None:
            return address
        self.followed[target] = None
        return f"{self.root}{target.link}{mark}{fragment}"

    def in_html(self, html: str) -> str:
        """Return a page with every address in it made relative."""
        return ATTRIBUTE.sub(self._attribute, html)

    def in_feed(self, text: str) -> str:
        """Return an Atom feed, whose links are relative to it, with links to files."""
        return FEED_LINK.sub(self._feed_link, text)

    def _feed_link(self, match: re.Match[str]) -> str:
        address = urljoin(self.page.path, unescape(match[2]))
        return f"{match[1]}{escape(self.relative(address))}"

    def _attribute(self, match: re.Match[str]) -> str:
        return f'{match[1]}{match[2]}="{escape(self.relative(unescape(match[3])))}"'
