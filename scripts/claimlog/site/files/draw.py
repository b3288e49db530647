"""Drawing the pages of a site as files: each page, and every page that it links to."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from claimlog.escaping import compact_json
from claimlog.site.atom import MEDIATYPE
from claimlog.site.datasette_internals import synchronous_templates
from claimlog.site.files.addresses import INDEX, Address
from claimlog.site.files.links import LinkTargets, PageLinks
from claimlog.site.files.page_scripts import scripts_of
from claimlog.site.page import PageRequest
from claimlog.site.page_answer import NOT_FOUND, PageAnswer, answer_page, page_context
from claimlog.site.page_frame import page_frame
from claimlog.site.page_list import site_pages
from claimlog.site.plugin_config import dataset_metadata
from claimlog.site.store import RowsTooLarge, Store
from claimlog.site.table_cells import query_rows

FILE_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; connect-src 'none'; form-action 'self'; base-uri 'none'"
)
"""As the server's, without what a page cannot say of itself and without Datasette's scripts."""

NOT_FOUND_PAGE = "404.html"
NO_PAGE = "There is no page at this address."

File = tuple[str, bytes]
"""The path of a file below the root of a site, and what it holds."""


@dataclass(frozen=True)
class FileFrame:
    """What a page that is a file says of itself; a page of a server has none.

    Attributes
    ----------
    root
        The way from the page to the root of the site: empty, or ``../`` as often as needed.
    page
        The way from there to the page.
    version
        The release that the site is of; None for that of a build.
    events, root_hash
        Size and root of the log.
    canonical
        The address of the page, if the dataset has a home.
    versions
        The script that tells which releases there are, as the page names it.
    scripts
        The scripts of the page in ``static/``.
    frozen, downloads, has_csv
        What else lies in the site: releases, files to download, tables as CSV.
    notice
        What it says at its top, if anything; then the site holds some pages only, and no search.
    """

    root: str
    page: str
    version: str | None
    events: int
    root_hash: str
    canonical: str | None
    versions: str
    scripts: tuple[str, ...]
    frozen: frozenset[str]
    downloads: frozenset[str]
    has_csv: bool
    notice: str | None
    policy: str = FILE_POLICY


class PageDrawer:
    """Draws pages of an opened build."""

    def __init__(self, datasette: Any, targets: LinkTargets, notice: str | None = None) -> None:
        self.datasette = datasette
        self.targets = targets
        self.notice = notice
        self._about = dataset_metadata(datasette)
        self._downloads = frozenset(targets.downloads)
        frame = cache(partial(page_frame, datasette))
        rows = partial(query_rows, pages=site_pages(datasette))
        self._templates = synchronous_templates(datasette, frame=frame, query_rows=rows)

    async def draw(self, address: Address, links: PageLinks) -> tuple[File, ...]:
        """Return the files of a page: its HTML and its JSON twin, or the document that it is.

        Parameters
        ----------
        links
            Takes the links of the page.
        """
        answer = await self._answer(address)
        if not isinstance(answer, PageAnswer):
            return ((address.file, _document(answer, links)),)
        html = self._html(answer, address, links)
        return (address.file, html), (address.json_file, compact_json(answer.data).encode())

    def draw_not_found(self) -> File:
        """Return the page for an address where nothing is, which hosts send by its name.

        It is sent for addresses at any depth, so that its links work where the site has a home; or
        from the root.
        """
        answer = self._absent(404, "Not found", NO_PAGE)
        links = PageLinks(self.targets, Address(""), self.targets.homepage)
        return NOT_FOUND_PAGE, self._html(answer, Address(""), links)

    def _html(self, answer: PageAnswer, address: Address, links: PageLinks) -> bytes:
        template = self._templates.get_template(answer.template)
        html = template.render(
            page_context(answer, address.path or "/", address.twin if answer.status == 200 else ""),
            as_file=self._frame(answer, address, links.root),
            urls=self.datasette.urls,
        )
        return links.in_html(html).encode("utf-8", "replace")

    def _frame(self, answer: PageAnswer, address: Address, root: str) -> FileFrame:
        home, version = self.targets.homepage, self.targets.version
        return FileFrame(
            root=root,
            page=address.file,
            version=version,
            events=self._about.get("tree_size", 0),
            root_hash=self._about.get("root", ""),
            canonical=f"{home}{address.file.removesuffix(INDEX)}"
            if home and answer.status == 200
            else None,
            versions=f"{root}{'..' if version and root != home else 'releases'}/versions.js",
            scripts=scripts_of(answer.template),
            frozen=self.targets.frozen,
            downloads=self._downloads,
            has_csv=any(name.endswith(".csv") for name in self._downloads),
            notice=self.notice,
        )

    async def _answer(self, address: Address) -> Any:
        """Return the answer of a page; of a document, the response of Datasette's that holds it."""
        found = self.targets.routes.find(address.path)
        if found is None:
            return self._absent(404, "Not found", NO_PAGE)
        page, identifiers = found
        query = dict(address.query)
        values = {key: [value] for key, value in address.query}
        request = PageRequest(address.path or "/", identifiers, query, values=values)
        try:
            answer = await answer_page(page, self.datasette, request)
        except RowsTooLarge as error:
            return self._absent(400, error.title, error.message)
        is_answer = page.is_document or isinstance(answer, PageAnswer)
        return answer if is_answer else self._moved(answer)

    def _absent(self, status: int, title: str, message: str) -> PageAnswer:
        """Return a page that says why there is none at its address."""
        data = {"title": title, "message": message, "nearest": None}
        return PageAnswer(status, NOT_FOUND, Store.latest(self.datasette), data)

    def _moved(self, response: Any) -> PageAnswer:
        """Return a page that leads on, for an address that a server redirects."""
        to = response.headers.get("Location")
        data = {"title": "Moved", "message": "This page is at another address.", "moved": to}
        return PageAnswer(200, NOT_FOUND, Store.latest(self.datasette), data)


def _document(response: Any, links: PageLinks) -> bytes:
    """Return the body of a response, with links to files where it is a feed."""
    body: str | bytes = response.body
    text = body if isinstance(body, str) else body.decode()
    return (links.in_feed(text) if response.content_type.startswith(MEDIATYPE) else text).encode()


async def draw_pages(
    drawer: PageDrawer, seeds: Iterable[Address], linked: set[str], steps: int | None = None
) -> AsyncIterator[File]:
    """Yield the files of all pages that can be reached from some, each once.

    Parameters
    ----------
    linked
        Takes the files beside the pages that they link to.
    steps
        Links from a seed that are followed one after the other; all of them if it is None.
    """
    waiting = deque((address, 0) for address in dict.fromkeys(seeds))
    seen = {address for address, _ in waiting}
    while waiting:
        address, step = waiting.popleft()
        links = PageLinks(drawer.targets, address)
        for file in await drawer.draw(address, links):
            yield file
        for target in links.followed:
            if target.page is None:
                linked.add(target.file)
            elif target.page not in seen and (steps is None or step < steps):
                seen.add(target.page)
                waiting.append((target.page, step + 1))
