"""Markdown as HTML, in a process that can be ended: a page may be a stranger's.

Run by path, ``python -P markdown_page.py``, so that nothing of the server is imported. It reads a
page as JSON from standard input, and writes HTML.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

SUFFIXES = (".png", ".svg")
WEB = re.compile(r"https?://")
SECONDS, MEMORY_BYTES = 10, 1_000_000_000
"""Processor time and address space; the longest page of ours takes a tenth of a second."""


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
        if name in names and Path(name).suffix in SUFFIXES:
            token.attrs[attribute] = f"{top}/{name}"
    elif WEB.match(target) or (mark and not name):
        token.attrs[attribute] = target
    elif name in names:
        token.attrs[attribute] = f"{top}/{name.removesuffix('.md')}{mark}{anchor}"


def _escaped_html(
    _renderer: RendererHTML, tokens: list[Token], index: int, _options: Any, _env: Any
) -> str:
    """Return HTML as text, without the comments around generated parts."""
    text = without_comments(tokens[index].content)
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


def without_comments(text: str) -> str:
    """Return HTML without comments and the white space after them, looking at each place once.

    >>> without_comments("a<!-- b -->  c<!-- d")
    'ac<!-- d'
    """
    parts = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
        while at < len(text) and text[at].isspace():
            at += 1
    return "".join((*parts, text[at:]))


def main() -> None:
    """Render the page on standard input, unless its HTML is longer than it may be."""
    for name, most in (("RLIMIT_CPU", SECONDS), ("RLIMIT_AS", MEMORY_BYTES), ("RLIMIT_CORE", 0)):
        with suppress(ValueError, OSError):  # macOS knows RLIMIT_AS and refuses it
            resource.setrlimit(getattr(resource, name), (most, most))
    given = json.load(sys.stdin)
    names = frozenset(given["names"])
    html = render_document(given["text"], names, given["top"]).encode("utf-8", "replace")
    if len(html) > given["most"]:
        sys.exit(1)
    sys.stdout.buffer.write(html)


if __name__ == "__main__":
    main()
