"""Long lists, fifty rows a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from claimlog.site.pages import Asked
from claimlog.site.store import Row

SIZE = 50
DIGITS = 15
"""Digits of a page number that are read: enough for any, and no number too long for SQLite."""


@dataclass(frozen=True)
class Part:
    """One page of `total` rows, numbered from 1."""

    number: int
    total: int

    @classmethod
    def of(cls, asked: Asked, total: int) -> Part:
        """Return the page that a request asks for; the last one if it asks for one beyond it."""
        text = asked.query.get("page", "").strip()
        number = int(text[:DIGITS]) if text.isascii() and text.isdigit() else 1
        return cls(max(1, min(number, cls(1, total).pages)), total)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // SIZE))

    @property
    def skip(self) -> int:
        return (self.number - 1) * SIZE

    def shown(self, keep: Mapping[str, str]) -> Row:
        """Return what a template shows of it; `keep` is the rest of the query."""
        return {
            "page": self.number,
            "pages": self.pages,
            "total": self.total,
            "first": self.skip + 1 if self.total else 0,
            "last": min(self.total, self.skip + SIZE),
            "previous": self._query(keep, self.number - 1) if self.number > 1 else None,
            "next": self._query(keep, self.number + 1) if self.number < self.pages else None,
        }

    @staticmethod
    def _query(keep: Mapping[str, str], number: int) -> str:
        return "?" + urlencode({**keep, "page": str(number)})
