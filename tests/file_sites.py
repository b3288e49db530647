"""Pages of a site of plain files that search and filter, and what they answer in a browser."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page

from claimlog.site.datasette_internals import canned_queries
from claimlog.site.files.addresses import Address, PageRoutes
from claimlog.site.files.draw import PageDrawer
from claimlog.site.files.index_parts import index_files
from claimlog.site.files.links import LinkTargets, PageLinks
from claimlog.site.files.open_build import open_build
from claimlog.site.files.prepared_query import QUERY_PAGE
from claimlog.site.files.site_source import SiteSource
from claimlog.site.files.write import STATIC_FOLDER
from claimlog.site.page_list import site_pages
from claimlog.site.store import Store, release_database_name

ROOT_LENGTH = "claimlog.root.href.length"
SEARCH = f"""async (query) => {{
  let led = null;
  const [status, results] = ["status", "results"].map((id) => document.getElementById(id));
  results.replaceChildren();
  await claimlog.answerSearch(query, {{ status, results }}, (file) => {{ led = file; }});
  const links = [...results.querySelectorAll("li > a:first-child")];
  return {{ led, said: status.textContent,
    found: links.map((link) => link.getAttribute("href").slice({ROOT_LENGTH})) }};
}}"""
LIST = f"""async ([name, query]) => {{
  const list = await claimlog.FilteredList.load(name);
  const answer = await claimlog.answerList(list, new URLSearchParams(query));
  const rows = answer.trees.map(claimlog.fromTree);
  const value = ({{ code, label, count, isChosen, isWithin }}) =>
    ({{ code, label, count, chosen: isChosen, within: isWithin }});
  return {{
    total: answer.total, pages: answer.pages, errors: answer.errors, notes: answer.notes,
    query: answer.selection.address(),
    filters: answer.groups.map(({{ isPeriod, isNumber, isOffered, isUseful, choices, ...group }}) =>
      ({{ ...group, is_period: isPeriod, is_number: isNumber, offered: isOffered,
        useful: isUseful,
        choices: choices.map(value) }})),
    rows: rows.map((row) => row.querySelector("a").getAttribute("href").slice({ROOT_LENGTH})),
  }};
}}"""
"""What a list answers, under the names of the server's data."""


@dataclass(frozen=True)
class FileSite:
    """A folder with the index of a build and the pages that use it.

    Attributes
    ----------
    file_of
        Gives, for an address of the site, the file that it leads to, seen from the root.
    """

    folder: Path
    file_of: Callable[[str], str]

    def url(self, address: str) -> str:
        """Return the address of a file with its query, as a browser opens it from a disk."""
        path, mark, query = address.partition("?")
        return f"{(self.folder / path).as_uri()}{mark}{query}"

    def open(self, page: Page, address: str) -> None:
        """Open a page that answers the query of its address, and wait until it has."""
        page.goto(self.url(address))
        page.wait_for_selector("html[data-ready]")

    def search(self, page: Page, text: str) -> dict[str, Any]:
        """Return the answer of the search on the page of the search."""
        answer: dict[str, Any] = page.evaluate(SEARCH, f"?{urlencode({'q': text})}")
        return answer

    def list(self, page: Page, name: str, query: str) -> dict[str, Any]:
        """Return the answer of a list on the page of any list."""
        answer: dict[str, Any] = page.evaluate(LIST, [name, query])
        return answer


def write_pages(build: Path, folder: Path, *paths: str, release: str = "") -> FileSite:
    """Write the index of a build and some of its pages, as the whole site has them.

    Parameters
    ----------
    release
        The version of a release whose pages lie in the site too: its rows are those of the build.
    """
    shutil.copytree(STATIC_FOLDER, folder / "static")
    return FileSite(folder, asyncio.run(_write_pages(build, folder, paths, release)))


async def _write_pages(
    build: Path, folder: Path, paths: tuple[str, ...], release: str
) -> Callable[[str], str]:
    database = next(build.glob("*.db"))
    releases = []
    if release:
        releases.append(folder / f"{release_database_name(database.stem, release)}.db")
        shutil.copyfile(database, releases[0])
    source = SiteSource.of_build(build, database, releases)
    datasette = await open_build(source)
    store = Store.latest(datasette)
    routes = PageRoutes((QUERY_PAGE, *site_pages(datasette)))
    queries = frozenset(await canned_queries(datasette, store.name))
    databases = {store.name: None, **{path.stem: release for path in releases}}
    targets = LinkTargets(routes, databases, source.downloads, queries=queries)
    file_of = PageLinks(targets, Address("")).relative
    files = [file async for file in index_files(datasette, file_of)]
    for path in paths:
        address = Address(path)
        files += await PageDrawer(datasette, targets).draw(address, PageLinks(targets, address))
    files.append(("releases/versions.js", b""))  # lies beside the site
    for name, data in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return file_of
