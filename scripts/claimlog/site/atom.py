"""Atom feeds (RFC 4287): a document whose bytes follow from what it is about, and from no clock.

Identifiers are UUIDs of names (RFC 9562, version 5): a feed and its entries keep theirs wherever
the site lies. Links are relative to the feed, because a server or a directory of files does not
know by which name it is reached.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from claimlog.escaping import printable

NAMESPACE = "http://www.w3.org/2005/Atom"
MEDIATYPE = "application/atom+xml"
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold."""


@dataclass(frozen=True)
class FeedEntry:
    """An entry of a feed.

    Attributes
    ----------
    id
        A URN that it keeps for ever.
    updated
        RFC 3339.
    link
        Its page, relative to the feed.
    author
        Who made the change; None where the authors of the feed did.
    """

    id: str
    title: str
    updated: str
    link: str
    content: str
    author: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class Feed:
    """A feed; `address` is its own and `link` the page it goes with, both relative to itself.

    `began` is when it is said to be updated while it has no entry.
    """

    id: str
    title: str
    subtitle: str
    address: str
    link: str
    authors: Sequence[str]
    rights: str | None
    began: str
    entries: Sequence[FeedEntry]

    @property
    def updated(self) -> str:
        """When its latest entry was."""
        return max((entry.updated for entry in self.entries), default=self.began)


def urn(*names: str) -> str:
    """Return the identifier of what names lead to, the dataset's first.

    >>> urn("tiny", "releases", "0.1.0")
    'urn:uuid:52b0b4a4-a5a1-55c2-b9ec-2cd8cff4004e'
    """
    return f"urn:uuid:{uuid5(NAMESPACE_URL, ':'.join(('claimlog', *names)))}"


def atom_document(feed: Feed) -> bytes:
    """Return a feed as an Atom document."""
    root = ElementTree.Element("feed", {"xmlns": NAMESPACE, "xml:lang": "en"})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "subtitle", feed.subtitle)
    _add(root, "updated", feed.updated)
    _link(root, "self", MEDIATYPE, feed.address)
    _link(root, "alternate", "text/html", feed.link)
    for name in feed.authors:
        _person(root, name)
    if feed.rights:
        _add(root, "rights", feed.rights)
    for entry in feed.entries:
        element = ElementTree.SubElement(root, "entry")
        _add(element, "id", entry.id)
        _add(element, "title", entry.title)
        _add(element, "updated", entry.updated)
        _link(element, "alternate", "text/html", entry.link)
        if entry.author:
            _person(element, entry.author)
        if entry.category:
            ElementTree.SubElement(element, "category", {"term": entry.category})
        _add(element, "content", entry.content)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = NOT_XML.sub("\ufffd", printable(text))


def _link(parent: ElementTree.Element, relation: str, mediatype: str, address: str) -> None:
    ElementTree.SubElement(parent, "link", {"rel": relation, "type": mediatype, "href": address})


def _person(parent: ElementTree.Element, name: str) -> None:
    _add(ElementTree.SubElement(parent, "author"), "name", name)
