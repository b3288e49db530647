"""Writing a build's site as plain files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claimlog.site.build_files import files_by_name
from claimlog.site.entity_links import stream_labels
from claimlog.site.files.addresses import Address, PageRoutes
from claimlog.site.files.draw import PageDrawer, draw_site
from claimlog.site.files.index_parts import index_parts
from claimlog.site.files.links import LinkTargets, PageLinks
from claimlog.site.files.open_build import open_build
from claimlog.site.pages import site_pages
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import Store

STATIC_FOLDER = Path(__file__).parents[1] / "static"


def write_site(folder: Path, database: Path, target: Path) -> int:
    """Write the site of a build into the empty directory `target`; return the number of pages.

    Parameters
    ----------
    folder
        The build.
    database
        Its database.
    """
    return asyncio.run(_write(folder, database, target))


async def _write(folder: Path, database: Path, target: Path) -> int:
    datasette = await open_build(folder, database)
    store = Store.latest(datasette)
    pages = site_pages(datasette)
    downloads = {name: f"downloads/{name}" for name in await files_by_name(store)}
    tables = {
        name.removesuffix(".parquet"): path
        for name, path in downloads.items()
        if name.endswith(".parquet")
    }
    targets = LinkTargets(PageRoutes(pages), {store.name: None}, downloads, tables)
    homepage = dataset_metadata(datasette).get("head", {}).get("homepage")
    drawer = PageDrawer(datasette, targets, homepage)
    made: set[Path] = set()
    files: dict[str, None] = {}
    count = 0

    def write(name: str, data: bytes) -> None:
        path = target / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(data)

    links = PageLinks(targets, Address(""))
    async for name, data in index_parts(store, links.relative):
        write(name, data)
    seeds = [*await _seeds(store, pages), *links.pages]
    async for name, data in draw_site(drawer, seeds, files):
        write(name, data)
        count += name.endswith(".html")
    (target / "static").mkdir()
    for path in sorted(STATIC_FOLDER.iterdir()):
        (target / "static" / path.name).write_bytes(path.read_bytes())
    return count


async def _seeds(store: Store, pages: Any) -> list[Address]:
    """Return the pages that are drawn whether or not one leads to them."""
    seeds = [Address("")]
    seeds += [Address(page.pattern) for page in pages if "(" not in page.pattern]
    tables = await store.tables()
    for stream, (key, _) in sorted((await stream_labels(store)).items()):
        table = next((name for name in (f"{stream[:-1]}_versions", stream) if name in tables), None)
        if table:
            rows = await store.rows(f'select distinct "{key}" as id from "{table}" order by 1')
            seeds += [Address(f"/{stream}/{row['id']}") for row in rows]
    return seeds


def static_files() -> Iterator[Path]:
    yield from sorted(STATIC_FOLDER.iterdir())
