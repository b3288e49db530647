"""Pagination: which page of a long list, or part of a long text, a request asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.store import Row

PAGE_SIZE = 50
"""Rows of a page where a view names no other size."""

DIGITS = 15
"""Digits of a page number that are read: enough for any, and no number too long for SQLite."""


@dataclass(frozen=True)
class Pagination:
    """One page, numbered from 1, of a list of `total` rows with `size` rows a page.

    Attributes
    ----------
    parameter
        What an address calls the number, and readers the page.
    """

    number: int
    total: int
    size: int = PAGE_SIZE
    parameter: str = "page"

    @classmethod
    def of(
        cls,
        request: PageRequest,
        total: int,
        size: int = PAGE_SIZE,
        parameter: str = "page",
        whole: str = "list",
    ) -> Pagination:
        """Return the page that a request asks for; the first one if it gives no number.

        Parameters
        ----------
        whole
            What readers call that of which it is a page.

        Raises
        ------
        PageNotFound
            If the list has no page of that number.
        """
        text = request.query.get(parameter, "").strip()
        number = int(text[:DIGITS]) if text.isascii() and text.isdigit() else 1
        first = cls(1, total, size, parameter)
        last = first.pages
        if not 1 <= number <= last:
            nearest = f"{request.path}{first._link(request.values or request.query, last)}"
            pages = f"one {parameter}" if last == 1 else f"{last:,} {parameter}s"
            raise PageNotFound(
                f"There is no {parameter} {text[:20]} of this {whole}; it has {pages}.", nearest
            )
        return cls(number, total, size, parameter)

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.number - 1) * self.size

    def position(self) -> Row:
        """Return the numbers of the page, as the data of some pages hold them."""
        return {
            "page": self.number,
            "pages": self.pages,
            "total": self.total,
            "size": self.size,
            "offset": self.offset,
        }

    def links(self, query: Mapping[str, str | Sequence[str]]) -> Row:
        """Return the numbers of the page and links to the pages beside it.

        Parameters
        ----------
        query
            Parameters of the address that the links keep.
        """
        return {
            "page": self.number,
            "pages": self.pages,
            "total": self.total,
            "first": self.offset + 1 if self.total else 0,
            "last": min(self.total, self.offset + self.size),
            "previous": self._link(query, self.number - 1) if self.number > 1 else None,
            "next": self._link(query, self.number + 1) if self.number < self.pages else None,
        }

    def _link(self, query: Mapping[str, str | Sequence[str]], number: int) -> str:
        return "?" + urlencode({**query, self.parameter: str(number)}, doseq=True)
