"""What a page of the site is: an address, a view that gives its data, and a template for them.

The data of a view are what the page's JSON twin holds and what its template draws, so they hold
only what JSON can say. A view that sends a file returns Datasette's own response instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from claimlog.site.store import Store

View = Callable[[Store, "PageRequest"], Awaitable[Any]]
"""A coroutine that returns the data of a page, or a response of Datasette's such as a file."""


class PageNotFound(Exception):
    """Nothing is at an address; the message says what there is instead.

    Attributes
    ----------
    nearest
        Address of the page of ours that comes nearest, if one does.
    """

    def __init__(self, message: str, nearest: str | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


@dataclass(frozen=True)
class PageRequest:
    """The path of a request, its named parts, the first value of each parameter, and who asks.

    The headers are there for files, which are sent in parts.
    """

    path: str
    identifiers: Mapping[str, str]
    query: Mapping[str, str]
    peer: str = ""
    headers: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A page: the pattern of its path, its template, and the view that gives its data.

    Attributes
    ----------
    in_releases
        Whether each release has the page as well, below ``/releases/VERSION``.
    reads_files
        Whether it is made of files that may change while the server runs.
    """

    pattern: str
    template: str
    view: View
    in_releases: bool = False
    reads_files: bool = False


def memoize_page(view: View) -> View:
    """Decorate a view whose data depend on the database alone, so that they are computed once."""

    @wraps(view)
    async def memoized(store: Store, request: PageRequest) -> Any:
        return await store.memoize(view.__qualname__, lambda store: view(store, request))

    return memoized
