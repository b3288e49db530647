"""Search, filters and orders of the site as files: all scripts of the index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from claimlog.site.files.filtered_lists import filtered_lists
from claimlog.site.files.index_script import File
from claimlog.site.files.list_parts import list_parts
from claimlog.site.files.search_parts import search_parts
from claimlog.site.pages import site_pages
from claimlog.site.store import Store


async def index_parts(store: Store, file_of: Callable[[str], str]) -> AsyncIterator[File]:
    """Yield the files by which pages without a server search, filter and sort.

    They hold what the server's own index holds, and nothing else.

    Parameters
    ----------
    file_of
        Gives, for an address of the site, the file that it leads to, seen from the root.
    """
    async for file in search_parts(store, site_pages(store.datasette), file_of):
        yield file
    for listed in await filtered_lists(store):
        async for file in list_parts(store, listed, file_of):
            yield file
