"""A reader without a browser: follows links by their words and reads what stands together.

What stands together is one row of a table, one item of a list, one paragraph or heading, or one
pair of a description list. A row is read with its headers and the heading of its group of rows, so
that a number is found only in the column that it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

BLOCKS = frozenset(("tr", "li", "p", "h1", "h2", "h3", "div"))
WIDE = frozenset(("scroll", "sides", "side", "plots", "choices"))
"""Classes of what holds more than belongs together."""
VOID = frozenset(("br", "col", "hr", "img", "input", "link", "meta", "rect", "line", "circle"))


@dataclass
class Block:
    """Texts that stand together: the cells of a row, or one text; and the links among them."""

    tag: str
    texts: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)

    def holds(self, words: str) -> bool:
        """Return whether some text of the block holds the words, as whole words."""
        pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
        return any(pattern.search(text) for text in self.texts)


@dataclass
class _Open:
    tag: str
    block: Block | None


class Reading(HTMLParser):
    """The blocks of a page in their order; blocks within blocks belong to both."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._open: list[_Open] = []
        self._headers: list[str] = []
        self._cells: list[str] | None = None
        self._group = ""
        self._in_head = False
        self._link: tuple[str, list[str]] | None = None
        self._texts: dict[int, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            self._add(" ")
            return
        given = {key: value or "" for key, value in attrs}
        block = None
        if tag in BLOCKS and not WIDE.intersection(given.get("class", "").split()):
            block = Block(tag)
            self.blocks.append(block)
            self._texts[id(block)] = []
        if tag == "table":
            self._headers, self._group = [], ""
        elif tag == "tbody":
            self._group = ""
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr":
            self._cells = []
        elif tag in ("td", "th") and self._cells is not None:
            self._cells.append("")
        elif tag == "a" and "href" in given:
            self._link = (given["href"], [])
        self._add(" ")
        self._open.append(_Open(tag, block))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            last = self._open.pop()
            if last.block is not None:
                self._close(last.block)
            if last.tag == tag:
                break
        if tag == "thead":
            self._in_head = False
        elif tag == "a" and self._link:
            href, texts = self._link
            link = (_plain(texts), href)
            for item in self._open:
                if item.block is not None:
                    item.block.links.append(link)
            self._link = None

    def handle_data(self, data: str) -> None:
        self._add(data)

    def _add(self, data: str) -> None:
        for item in self._open:
            if item.block is not None:
                self._texts[id(item.block)].append(data)
        if self._cells:
            self._cells[-1] += data
        if self._link:
            self._link[1].append(data)

    def _close(self, block: Block) -> None:
        texts = self._texts.pop(id(block))
        if block.tag != "tr" or self._cells is None:
            block.texts = [_plain(texts)]
            return
        cells = [_plain([cell]) for cell in self._cells]
        self._cells = None
        if self._in_head:
            self._headers = cells
        elif len(cells) == 1 and len(self._headers) > 1:
            self._group = cells[0]
        elif len(cells) == len(self._headers):
            cells = [f"{name}: {cell}" for name, cell in zip(self._headers, cells, strict=True)]
        block.texts = [*([self._group] if self._group else []), *cells]


def _plain(texts: Iterable[str]) -> str:
    return re.sub(r"\s+([,.;:)])", r"\1", " ".join("".join(texts).split()))


@dataclass
class Reader:
    """Somebody who reads a page, and goes on by clicking what its links say.

    Attributes
    ----------
    get
        Returns the HTML of an address.
    """

    get: Callable[[str], str]
    path: str = "/"
    clicks: int = 0

    def page(self) -> Reading:
        """Return what the present page holds."""
        return Reading(self.get(self.path))

    def click(self, text: str, beside: Sequence[str] = ()) -> None:
        """Follow the one link with a text, in a block that holds other words as well."""
        found = {
            href
            for block in self.page().blocks
            if all(block.holds(words) for words in beside)
            for label, href in block.links
            if label == text
        }
        if not found and not beside:
            found = {href for label, href in _all_links(self.get(self.path)) if label == text}
        assert len(found) == 1, f"{self.path}: {len(found)} links say {text!r} beside {beside}"
        self.path = found.pop().partition("#")[0]
        self.clicks += 1


class _Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._href: str | None = None
        self._texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._href, self._texts = dict(attrs).get("href"), []

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.found.append((_plain(self._texts), self._href))
            self._href = None


def _all_links(html: str) -> list[tuple[str, str]]:
    """Return the text and the address of every link of a page, its header's and footer's too."""
    return _Links(html).found


def missing_answers(reader: Reader, answers: Sequence[Sequence[str]]) -> list[str]:
    """Return the answers of which no block of the present page holds every part."""
    blocks = reader.page().blocks
    return [
        " / ".join(answer)
        for answer in answers
        if not any(all(block.holds(words) for words in answer) for block in blocks)
    ]
