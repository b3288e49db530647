"""Drawn rows as trees in JSON, from which a script makes the same elements without any HTML.

An element is a list: its name, its attributes if it has any, and what it holds; all else is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

ELEMENTS = frozenset(("a", "b", "li", "span", "td", "th", "tr", "ul"))
ATTRIBUTES = frozenset(("class", "href", "scope"))
"""What a script makes: it makes nothing else, whatever the index says."""

SPACE = re.compile(r"\s+")

Tree = list[Any]


def markup_trees(html: str, file_of: Callable[[str], str]) -> list[Tree]:
    """Return the elements of a piece of a page.

    Parameters
    ----------
    file_of
        Gives, for an address of the site, the file that it leads to, seen from the root.

    >>> markup_trees('<li><a href="/b">x</a> y</li>', lambda path: f"{path[1:]}.html")
    [['li', ['a', {'href': 'b.html'}, 'x'], ' y']]
    """
    parser = _TreeParser(file_of)
    parser.feed(html)
    parser.close()
    return [tree for tree in parser.root[1:] if isinstance(tree, list)]


class _TreeParser(HTMLParser):
    def __init__(self, file_of: Callable[[str], str]) -> None:
        super().__init__()
        self.root: Tree = [""]
        self._open = [self.root]
        self._file_of = file_of

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in ELEMENTS or not ATTRIBUTES.issuperset(given):
            raise ValueError(f"a row holds <{tag}> with {', '.join(given)}; scripts make no such")
        if "href" in given:
            given["href"] = self._file_of(given["href"])
        element: Tree = [tag, given] if given else [tag]
        self._open[-1].append(element)
        self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        element = self._open.pop()
        if isinstance(element[-1], str) and len(element) > 1:
            element[-1] = element[-1].rstrip() if tag != "span" else element[-1]
        if element[0] != tag:
            raise ValueError(f"</{tag}> ends <{element[0]}>")

    def handle_data(self, data: str) -> None:
        text = SPACE.sub(" ", data)
        parent = self._open[-1]
        if parent is self.root or (text == " " and parent[0] == "tr"):
            return
        if isinstance(parent[-1], str) and len(parent) > 1:
            parent[-1] += text
        else:
            parent.append(text)
