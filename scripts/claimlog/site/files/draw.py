"""Drawing the pages of a site as files: each page, and every page that it links to."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from claimlog.escaping import json_text
from claimlog.site.files.addresses import Address
from claimlog.site.files.links import LinkTargets, PageLinks
from claimlog.site.files.page_scripts import scripts_of
from claimlog.site.page import PageRequest
from claimlog.site.page_answer import NOT_FOUND, PageAnswer, answer_page, page_context
from claimlog.site.store import Store

FILE_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; connect-src 'none'; form-action 'self'; base-uri 'none'"
)
"""As the server's, without what a page cannot say of itself and without Datasette's scripts."""


@dataclass(frozen=True)
class FileFrame:
    """What a page that is a file knows of where it lies; a page of a server has none.

    Attributes
    ----------
    root
        The way from the page to the root of the site: empty, or ``../`` as often as needed.
    """

    root: str
    address: str
    version: str | None
    canonical: str | None
    scripts: tuple[str, ...] = ()
    policy: str = FILE_POLICY


class PageDrawer:
    """Draws pages of an opened build."""

    def __init__(self, datasette: Any, targets: LinkTargets, homepage: str | None = None) -> None:
        self.datasette = datasette
        self.targets = targets
        self.homepage = homepage

    async def draw(self, address: Address, links: PageLinks) -> Iterator[tuple[str, bytes]]:
        """Return the files of a page: its HTML and its JSON twin.

        Parameters
        ----------
        links
            Takes the links of the page.
        """
        answer = await self._answer(address)
        if not isinstance(answer, PageAnswer):
            answer = self._moved(answer)
        frame = FileFrame(
            links.root,
            address.path or "/",
            self.targets.version,
            self._canonical(address),
            scripts_of(answer.template),
        )
        context = {
            **page_context(answer, address.path or "/", address.twin),
            "as_file": frame,
            "urls": self.datasette.urls,
        }
        template = self.datasette.jinja_env.get_template(answer.template)
        html = links.in_html(await template.render_async(context))
        return iter(
            (
                (address.html_file, html.encode("utf-8", "replace")),
                (address.json_file, json_text(answer.data).encode()),
            )
        )

    async def _answer(self, address: Address) -> Any:
        found = self.targets.routes.find(address.path)
        if found is None:
            message = "There is no page at this address."
            data = {"title": "Not found", "message": message, "nearest": None}
            return PageAnswer(404, NOT_FOUND, Store.latest(self.datasette), data)
        page, identifiers = found
        query = dict(address.query)
        values = {key: [value] for key, value in address.query}
        request = PageRequest(address.path or "/", identifiers, query, values=values)
        return await answer_page(page, self.datasette, request)

    def _moved(self, response: Any) -> PageAnswer:
        """Return a page that leads on, for an address that a server redirects."""
        to = response.headers.get("Location")
        data = {"title": "Moved", "message": "This page is at another address.", "nearest": to}
        return PageAnswer(200, NOT_FOUND, Store.latest(self.datasette), data)

    def _canonical(self, address: Address) -> str | None:
        if self.homepage is None:
            return None
        return f"{self.homepage.rstrip('/')}/{address.html_file.removesuffix('index.html')}"


async def draw_site(
    drawer: PageDrawer, seeds: Iterable[Address], files: dict[str, None]
) -> AsyncIterator[tuple[str, bytes]]:
    """Yield the files of all pages that can be reached from some, each once.

    Parameters
    ----------
    files
        Takes the files beside the pages that they link to.
    """
    waiting = deque(dict.fromkeys(seeds))
    seen = set(waiting)
    while waiting:
        address = waiting.popleft()
        links = PageLinks(drawer.targets, address)
        for file in await drawer.draw(address, links):
            yield file
        files |= links.files
        for page in links.pages:
            if page not in seen:
                seen.add(page)
                waiting.append(page)
