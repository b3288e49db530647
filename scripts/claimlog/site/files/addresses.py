"""Addresses of the site, and the file in which each lies where the site is plain files.

Pages of a list, and what a parameter selects, lie in the folder of their page under names with an
equals sign, which no identifier has in the name of its file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from claimlog.file_names import file_segment
from claimlog.site.page import Page
from claimlog.site.routing import RELEASE

INDEX = "index.html"

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Address:
    """A page that is a file: a path, and those parameters of a query that have files of their own.

    Attributes
    ----------
    path
        As a request has it, without a slash at its end; empty for the start.
    is_beside
        Whether its folder is another site's, so that it lies beside that.
    is_document
        Whether it is a document of the format that the path ends in, and no HTML.
    """

    path: str
    query: Query = ()
    is_beside: bool = False
    is_document: bool = False

    @property
    def stem(self) -> str:
        """The path of its files, without what they end in."""
        parts = [file_segment(unquote(part)) for part in self.path.split("/")[1:]]
        stem = "/".join(parts) or "index"
        if not self.query:
            return stem
        given = ",".join(f"{file_segment(key)}={file_segment(value)}" for key, value in self.query)
        return f"{stem},{given}" if self.is_beside else f"{stem}/{given}"

    @property
    def file(self) -> str:
        """The path of its HTML, or of the document that it is, below the root of the site."""
        if self.is_document:
            path, _, suffix = self.path.rpartition(".")
            return f"{Address(path).stem}.{suffix}"
        is_page = bool(self.query) or self.is_beside
        return INDEX if not self.path else f"{self.stem}{'.html' if is_page else '/' + INDEX}"

    @property
    def json_file(self) -> str:
        """The path of its JSON twin."""
        return f"{self.stem}.json"

    @property
    def twin(self) -> str:
        """The address of its JSON twin on a server."""
        text = "&".join(f"{quote(key)}={quote(value)}" for key, value in self.query)
        return f"{self.path or '/index'}.json{'?' if text else ''}{text}"


class PageRoutes:
    """The pages of a site by their paths, in the order of the server's routes."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._routes = [
            (re.compile(f"{prefix}{page.pattern}"), page)
            for page in pages
            for prefix in (("", RELEASE) if page.in_releases else ("",))
        ]

    def find(self, path: str) -> tuple[Page, dict[str, str]] | None:
        """Return the page of a path and its identifiers; None if there is none."""
        for pattern, page in self._routes:
            if match := pattern.fullmatch(path):
                given = match.groupdict()
                return page, {key: unquote(value) for key, value in given.items() if value}
        return None


def file_query(page: Page, query: Mapping[str, str]) -> Query | None:
    """Return the parameters by which a page has a file of its own; None if it has none for these.

    The first page of a list is the list itself.
    """
    given = {key: value for key, value in query.items() if (key, value) != ("page", "1")}
    if not set(page.file_parameters).issuperset(given):
        return None
    return tuple((key, given[key]) for key in page.file_parameters if key in given)
