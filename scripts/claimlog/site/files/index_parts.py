"""Search, filters and orders of the site as files: all scripts of the index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import Any

from claimlog.site.files.filtered_lists import filtered_lists
from claimlog.site.files.index_script import File, FileOf
from claimlog.site.files.list_parts import list_parts
from claimlog.site.files.search_parts import search_parts
from claimlog.site.store import Store


async def index_files(
    datasette: Any, file_of: FileOf, frozen: Collection[str] = ()
) -> AsyncIterator[File]:
    """Yield the files by which pages without a server search, filter and sort.

    They hold what the server's own index holds, and nothing else. A release that lies in the site
    has an index of its own beside its pages.

    Parameters
    ----------
    file_of
        Gives, for an address of the site, the file that it leads to, seen from the root.
    frozen
        Releases whose own pages lie in the site.
    """
    names = sorted(name for name in datasette.databases if not name.startswith("_"))
    for store in (Store(datasette, name) for name in names):
        folder = f"{store.prefix}/".lstrip("/")
        async for name, data in _parts(store, file_of, frozen):
            yield f"{folder}{name}", data


async def _parts(store: Store, file_of: FileOf, frozen: Collection[str]) -> AsyncIterator[File]:
    async for file in search_parts(store, file_of, frozen):
        yield file
    for listed in await filtered_lists(store):
        async for file in list_parts(store, listed, file_of):
            yield file
