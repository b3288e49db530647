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
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from claimlog.errors import ClaimlogError
from claimlog.package import Package
from claimlog.site.page import PageNotFound, PageRequest
from claimlog.site.store import Store
from claimlog.untrusted_files import read_regular

PAGE_BYTES = 512_000
"""Of a page; it takes two milliseconds for each thousand bytes, once and in a thread."""

IMAGE_BYTES = 4_000_000
MOST_FILES = 200
IMAGES = {".png": "image/png", ".svg": "image/svg+xml"}
NAME = re.compile(r"[a-z0-9][a-z0-9-]*\.(?:md|png|svg)")
WEB = re.compile(r"https?://")
COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)


async def documentation(store: Store, _request: PageRequest) -> Mapping[str, Any]:
    """Return the pages of the documentation with their titles."""
    documents = []
    for name in file_names(store):
        if name.endswith(".md"):
            with suppress(PageNotFound):  # what is no page is not listed
                title = document_title(read_text(store, name))
                documents.append({"name": name.removesuffix(".md"), "title": title})
    return {"title": "Documentation", "documents": documents, "html": None}


async def document(store: Store, request: PageRequest) -> Mapping[str, Any]:
    """Return a page of the documentation as HTML."""
    name = request.identifiers["document"]
    names = file_names(store)
    if f"{name}.md" not in names:
        raise PageNotFound(f"There is no page {name[:60]} of the documentation. /docs lists all.")
    text = read_text(store, f"{name}.md")
    top = store.datasette.urls.path("/docs")
    html = await asyncio.to_thread(render_document, text, frozenset(names), top)
    return {"title": document_title(text), "documents": [], "html": html}


async def image(store: Store, request: PageRequest) -> Response:
    """Send an image that a page of the documentation shows."""
    name = request.identifiers["image"]
    kind = IMAGES.get(Path(name).suffix)
    if kind is None or name not in file_names(store):
        raise PageNotFound(
            f"There is no file {name[:60]} in the documentation. /docs lists its pages."
        )
    return Response(read_file(store, name, IMAGE_BYTES), content_type=kind)


def documentation_folder(store: Store) -> Path | None:
    """Return docs/ of the package whose build is served, if there is one."""
    database = store.datasette.databases[Store.latest(store.datasette).name].path
    if database is None:
        return None
    build = Path(database).resolve().parent
    package = Package(build.parent)
    folder = package.root / "docs"
    # a build that was put elsewhere has no package around it
    return folder if build == package.build.resolve() and folder.is_dir() else None


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


@lru_cache(maxsize=64)
def render_document(text: str, names: frozenset[str], top: str) -> str:
    """Return a page as HTML.

    HTML in the Markdown is shown as text. Links lead to other pages, to places of this one and to
    the web; any other loses its address, as an image does that does not lie in docs/.

    Parameters
    ----------
    names
        The files of docs/.
    top
        Address of the documentation.
    """
    markdown = MarkdownIt("commonmark").enable("table")
    for rule in ("html_block", "html_inline"):
        markdown.add_render_rule(rule, _escaped_html)
    markdown.add_render_rule("table_open", _table_start)
    markdown.add_render_rule("table_close", _table_end)
    tokens = markdown.parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is not None and before.type == "heading_open":
            before.attrSet("id", heading_anchor(token.content))
        for inline in token.children or ():
            _resolve(inline, names, top)
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return html


def heading_anchor(title: str) -> str:
    """Return the name of a heading in links, as GitHub makes it.

    >>> heading_anchor("Columns of `claims`")
    'columns-of-claims'
    """
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _resolve(token: Token, names: frozenset[str], top: str) -> None:
    """Give a link or an image the address that it has on the site, or none."""
    attribute = {"link_open": "href", "image": "src"}.get(token.type)
    if attribute is None:
        return
    target = str(token.attrs.pop(attribute, ""))
    name, mark, anchor = target.partition("#")
    if token.type == "image":
        if name in names and Path(name).suffix in IMAGES:
            token.attrs[attribute] = f"{top}/{name}"
    elif WEB.match(target) or (mark and not name):
        token.attrs[attribute] = target
    elif name in names:
        token.attrs[attribute] = f"{top}/{name.removesuffix('.md')}{mark}{anchor}"


def _escaped_html(
    _renderer: RendererHTML, tokens: list[Token], index: int, _options: Any, _env: Any
) -> str:
    """Return HTML as text, without the comments around generated parts."""
    text = COMMENT.sub("", tokens[index].content)
    if tokens[index].type == "html_block" and text.strip():
        return f"<p>{escapeHtml(text)}</p>\n"
    return escapeHtml(text)


def _table_start(
    _renderer: RendererHTML, _tokens: list[Token], _index: int, _options: Any, env: Any
) -> str:
    number = env["tables"] = env.get("tables", 0) + 1  # a label that no other region has
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Table {number}"><table>\n'


def _table_end(
    _renderer: RendererHTML, _tokens: list[Token], _index: int, _options: Any, _env: Any
) -> str:
    return "</table></div>\n"
