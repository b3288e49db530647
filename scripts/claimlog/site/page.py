"""What a page of the site is: an address, a view that gives its data, and a template for them.

The data of a view are what the page's JSON twin holds and what its template draws, so they hold
only what JSON can say. A view that sends a file returns Datasette's own response instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

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


class InvalidQuery(Exception):
    """The query of the address asks for what cannot be; the page says so, with status 400.

    Attributes
    ----------
    data
        The data of the page, as the view would return them.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__()
        self.data = data


V = TypeVar("V")


class NotedMapping(Mapping[str, V]):
    """A mapping that notes whether anything was looked up in it.

    >>> query = NotedMapping({"page": "2"})
    >>> query.was_read, query.get("x"), query.was_read
    (False, None, True)
    """

    def __init__(self, items: Mapping[str, V]) -> None:
        self.was_read = False
        self._items = items

    def __getitem__(self, key: str) -> V:
        self.was_read = True
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        self.was_read = True
        return iter(self._items)

    def __len__(self) -> int:
        self.was_read = True
        return len(self._items)


ONE = "[^/]+?"
"""Pattern of an identifier in an address, whose form is the package's own, before any format."""


@dataclass(frozen=True)
class PageRequest:
    """What a request asks for.

    Attributes
    ----------
    path, identifiers
        The path of the address and its named parts.
    query, values
        The first value of each parameter, and all of them.
    peer
        Who asks.
    format
        What of: ``html``, ``json``, or ``csv`` where a page has it.
    headers
        The headers of the request, for files, which are sent in parts.
    """

    path: str
    identifiers: Mapping[str, str]
    query: Mapping[str, str]
    peer: str = ""
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    format: str = "html"
    headers: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A page: the pattern of its path, its template, and the view that gives its data.

    Attributes
    ----------
    in_releases
        Whether each release has the page as well, below ``/releases/VERSION``.
    has_csv
        Whether the view answers the address with ``.csv`` too.
    file_state
        What changes with the files that it is made of, if these may change while the server runs:
        an answer holds for as long as this returns the same.
    file_parameters
        Parameters whose values each have a file of their own where the site is files, in the order
        of its name; with any other, an address leads to the page without them.
    is_document
        Whether it answers with a document of another format, which its address ends in; where the
        site is files, that is a file of this name without HTML or JSON beside it.
    """

    pattern: str
    template: str
    view: View
    in_releases: bool = False
    has_csv: bool = False
    file_state: Callable[[Store], object] | None = None
    file_parameters: tuple[str, ...] = ("page",)
    is_document: bool = False


def memoize_page(view: View) -> View:
    """Decorate a view whose data depend on the database alone, so that they are computed once."""

    @wraps(view)
    async def view_once(store: Store, request: PageRequest) -> Any:
        return await store.memoize(view.__qualname__, lambda store: view(store, request))

    return view_once
