"""Writing the site of a build as plain files."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.export.table_csv import csv_pieces
from claimlog.site.datasette_internals import canned_queries, site_metadata
from claimlog.site.files.addresses import Address, PageRoutes
from claimlog.site.files.draw import File, PageDrawer, draw_pages
from claimlog.site.files.first_addresses import first_addresses
from claimlog.site.files.index_parts import index_files
from claimlog.site.files.links import STATIC, LinkTargets, PageLinks
from claimlog.site.files.open_build import home_address, open_build
from claimlog.site.files.plain_svg import svg_flaw
from claimlog.site.files.prepared_query import PROCESSES, QUERY_PAGE, QueryProcess
from claimlog.site.files.site_size import SiteSize
from claimlog.site.files.site_source import DOWNLOADS, SiteSource
from claimlog.site.menu import read_menu
from claimlog.site.page_list import site_pages
from claimlog.site.pages.documentation import IMAGE_BYTES, file_names, read_file
from claimlog.site.source_texts import hide_texts
from claimlog.site.store import Store

STATIC_FOLDER = Path(__file__).parents[1] / "static"
INSTEAD = "README.txt"
SERVER_ONLY = ("tables.css", "tables.js")
"""Of Datasette's own pages."""


def write_site(
    source: SiteSource,
    target: Path,
    queries: QueryProcess | None = None,
    pages: Sequence[Address] | None = None,
    most: int | None = None,
) -> SiteSize:
    """Write a site into the directory `target`, and return how large it is.

    Parameters
    ----------
    queries, pages
        As for `site_files`.
    most
        Bytes that all its files may have.

    Raises
    ------
    ClaimlogError
        If two identifiers differ in capitals alone.
    TooManyBytesError
        If they have more.
    OSError
        If it cannot be written.
    """
    size = SiteSize()
    folders: dict[str, Path] = {}

    def place(name: str) -> Path:
        path = target / name
        folder = folders.get(str(path.parent).casefold())
        if folder is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            folders[str(path.parent).casefold()] = path.parent
        elif folder != path.parent:
            own, other = (one.relative_to(target).as_posix() for one in (path.parent, folder))
            raise ClaimlogError(
                f"{own} and {other}: are one directory where capitals are small letters (macOS, "
                "Windows); rename one of the two before it is sealed, or serve the build: "
                "claimlog serve"
            )
        return path

    async def write() -> None:
        async for name, data in site_files(source, queries, pages):
            size.add(len(data), most)
            place(name).write_bytes(data)
            size.pages += name.endswith(".html")

    asyncio.run(write())
    for name, path in source.copies.items():
        copy = place(f"{DOWNLOADS}/{name}")
        if path.suffix != copy.suffix:
            with copy.open("w", encoding="utf-8", newline="") as file:
                file.writelines(csv_pieces(path))  # no larger than the process may write
        else:
            shutil.copyfile(path, copy)
        size.add(copy.stat().st_size, most)
    return size


async def site_files(
    source: SiteSource,
    queries: QueryProcess | None = None,
    pages: Sequence[Address] | None = None,
) -> AsyncIterator[File]:
    """Yield every file of a site but the downloads, which are copied.

    Parameters
    ----------
    queries
        The process of its prepared queries, which ends with the last file; one that runs already
        for a caller who can start none any more.
    pages
        The pages to draw, with those that they link to and nothing else; all pages by default.
    """
    if source.instead is not None:
        yield INSTEAD, source.instead.encode()
        return
    hide_texts()
    datasette = await open_build(source)
    queries = PROCESSES[datasette] = queries or QueryProcess()
    try:
        async for file in _drawn_files(source, datasette, pages):
            yield file
    finally:
        queries.end()


async def _drawn_files(
    source: SiteSource, datasette: Any, chosen: Sequence[Address] | None
) -> AsyncIterator[File]:
    """Yield the files of a site that are drawn from an opened build."""
    store = Store.latest(datasette)
    await read_menu(store)
    routes = PageRoutes((QUERY_PAGE, *site_pages(datasette)))
    targets = await _link_targets(datasette, source, routes)
    drawer = PageDrawer(datasette, targets, source.notice)
    linked: set[str] = set()
    if chosen is not None:
        async for file in draw_pages(drawer, chosen, linked, steps=1):
            yield file
    else:
        indexed = PageLinks(targets, Address(""))
        async for file in index_files(datasette, indexed.relative, source.frozen):
            yield file
        pages = (target.page for target in indexed.followed if target.page)
        seeds = [*await first_addresses(datasette), *pages]
        async for file in draw_pages(drawer, seeds, linked):
            yield file
        yield drawer.draw_not_found()
    for path in sorted(STATIC_FOLDER.iterdir()):
        if path.name not in SERVER_ONLY:
            yield f"{STATIC}/{path.name}", path.read_bytes()
    for name in file_names(store):
        if f"docs/{name}" in linked:
            yield f"docs/{name}", read_image(store, name)


def read_image(store: Store, name: str) -> bytes:
    """Return an image of the documentation.

    Raises
    ------
    ClaimlogError
        If it is more than a drawing.
    """
    data = read_file(store, name, IMAGE_BYTES)
    if name.endswith(".svg") and (flaw := svg_flaw(data)):
        raise ClaimlogError(
            f"docs/{name}: holds {flaw}, and opened by itself an image that is more than a drawing "
            "could run scripts as the site; save it as plain SVG or as PNG"
        )
    return data


async def _link_targets(datasette: Any, source: SiteSource, routes: PageRoutes) -> LinkTargets:
    """Return where the addresses of a site lead; a table is CSV where that is there."""
    latest = Store.latest(datasette)
    databases = {
        name: Store(datasette, name).release
        for name in datasette.databases
        if not name.startswith("_")
    }
    tables: dict[str, str] = {}
    for suffix in (".parquet", ".csv"):
        tables |= {
            name.removesuffix(suffix): place
            for name, place in source.downloads.items()
            if name.endswith(suffix)
        }
    return LinkTargets(
        *(routes, databases, source.downloads, tables),
        queries=frozenset(await canned_queries(datasette, latest.name)),
        version=source.version,
        frozen=source.frozen,
        homepage=home_address(site_metadata(datasette)),
    )
