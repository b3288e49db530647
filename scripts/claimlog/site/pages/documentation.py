"""Documentation: the Markdown pages and images that lie in docs/ of the package that is served."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from datasette import Response

from claimlog.errors import ClaimlogError
from claimlog.media_types import MEDIA_TYPES
from claimlog.package import Package
from claimlog.site.document_renderer import RENDERER
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.served_build import served_build
from claimlog.site.store import Store
from claimlog.untrusted_files import read_regular

PAGE_BYTES = 512_000
"""Of a page; it takes two milliseconds for each thousand bytes, once and in a process."""

IMAGE_BYTES = 4_000_000
MOST_FILES = 200
TITLE_CHARACTERS = 200
IMAGES = (".png", ".svg")
NAME = re.compile(r"[a-z0-9][a-z0-9-]*\.(?:md|png|svg)")


async def documentation(store: Store, _request: PageRequest) -> Mapping[str, Any]:
    """Return the pages of the documentation with their titles."""
    return {
        "title": "Documentation",
        "documents": await asyncio.to_thread(_documents, store),
        "html": None,
    }


def _documents(store: Store) -> list[dict[str, str]]:
    """Return names and titles of the pages; a page is read anew only when it has changed."""
    documents = []
    folder = documentation_folder(store)
    for name in file_names(store):
        if name.endswith(".md"):
            with suppress(PageNotFound):  # what is no page is not listed
                title = _title(store, name, _signature(folder, name))
                documents.append({"name": name.removesuffix(".md"), "title": title})
    return documents


def file_state(store: Store) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return what changes with any page or image of the documentation, without reading one."""
    folder = documentation_folder(store)
    return tuple((name, _signature(folder, name)) for name in file_names(store))


def _signature(folder: Path | None, name: str) -> tuple[int, ...]:
    """Return what changes with a file, without reading it."""
    try:
        found = ((folder or Path()) / name).stat()
    except (OSError, ValueError):
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@lru_cache(maxsize=4 * MOST_FILES)
def _title(store: Store, name: str, _signature: tuple[int, ...]) -> str:
    return document_title(read_text(store, name))[:TITLE_CHARACTERS]


async def document(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return a page of the documentation as HTML."""
    name = request.identifiers["document"]
    names = file_names(store)
    if f"{name}.md" not in names:
        raise PageNotFound(f"There is no page {name[:60]} of the documentation. /docs lists all.")
    text = await asyncio.to_thread(read_text, store, f"{name}.md")
    top = store.datasette.urls.path("/docs")
    html = await RENDERER.render(text, tuple(names), top, request.peer)
    if html is None:
        raise PageNotFound(f"The page {name[:60]} takes too long to be drawn; shorten it.")
    return {"title": document_title(text)[:TITLE_CHARACTERS], "documents": [], "html": html}


async def image(store: Store, request: PageRequest) -> Response:
    """Send an image that a page of the documentation shows."""
    name = request.identifiers["image"]
    suffix = Path(name).suffix
    if suffix not in IMAGES or name not in file_names(store):
        raise PageNotFound(
            f"There is no file {name[:60]} in the documentation. /docs lists its pages."
        )
    data = await asyncio.to_thread(read_file, store, name, IMAGE_BYTES)
    return Response(data, content_type=MEDIA_TYPES[suffix])


def documentation_folder(store: Store) -> Path | None:
    """Return docs/ of the package whose build is served, if there is one."""
    latest = Store.latest(store.datasette)
    served = served_build(store.datasette, latest.database.path)
    if served is None:
        return None
    package = Package(served.origin.resolve().parent)
    folder = package.root / "docs"
    # a build that was put elsewhere has no package around it
    is_own = served.origin.resolve() == package.build.resolve()
    return folder if is_own and folder.is_dir() else None


def file_names(store: Store) -> list[str]:
    """Return the names of the pages and images, which lie directly in docs/."""
    folder = documentation_folder(store)
    if folder is None:
        return []
    names = (path.name for path in folder.iterdir() if NAME.fullmatch(path.name))
    return sorted(islice(names, MOST_FILES))


def read_file(store: Store, name: str, most: int) -> bytes:
    """Return the bytes of a file of docs/.

    Raises
    ------
    PageNotFound
        If it is no regular file in there, or has more than `most` bytes.
    """
    folder = documentation_folder(store)
    try:
        if folder is None:
            raise ClaimlogError("there is no documentation here")
        return read_regular(folder / name, f"docs/{name}", most, root=folder)
    except ClaimlogError as error:
        raise PageNotFound(str(error)) from error


def read_text(store: Store, name: str) -> str:
    """Return the text of a page; what is no UTF-8 is replaced."""
    return read_file(store, name, PAGE_BYTES).decode("utf-8", "replace")


def document_title(text: str) -> str:
    """Return the first heading of a page.

    >>> document_title("# How?"), document_title("none")
    ('How?', 'Untitled')
    """
    found = re.search(r"^# +(.+)$", text, re.MULTILINE)
    return found[1].replace("`", "").strip() if found else "Untitled"
