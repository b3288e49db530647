"""SVG images that are drawings and nothing else.

A server sends an image of the documentation in a sandbox. A file has no headers: whoever opens an
SVG by itself runs its scripts with the rights of the site. So elements and attributes of a drawing
are allowed, what drawing programs note in namespaces of their own, and nothing else.
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"

ELEMENTS = frozenset(
    """
    circle clipPath defs desc ellipse filter g image line linearGradient marker mask metadata path
    pattern polygon polyline radialGradient rect stop style svg switch symbol text textPath title
    tspan use view
    """.split()  # noqa: SIM905
)
FILTER_ELEMENT = re.compile(r"fe[A-Z][A-Za-z]*")

NOTES = frozenset(
    (
        *("http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd", "http://web.resource.org/cc/"),
        *("http://www.inkscape.org/namespaces/inkscape", "http://creativecommons.org/ns#"),
        *("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://purl.org/dc/elements/1.1/"),
        "http://purl.org/dc/terms/",
    )
)
"""Namespaces of notes, which no browser acts upon."""

LEADS = (("", "href"), (XLINK, "href"))
PLACE = re.compile(r"#[^\s]*")
EMBEDDED = re.compile(r"data:image/(?:png|jpeg|gif|webp)[;,].*", re.DOTALL)
"""What an image may show: an image without scripts that lies in it."""

ATTRIBUTE = re.compile(r"(?!on)[a-z][\w.-]*", re.ASCII | re.IGNORECASE)
LOADING = re.compile(
    r"""@import|\\|\b(?:image|image-set|src|cross-fade|element|paint)\(|url\((?!\s*["']?\#)""",
    re.IGNORECASE,
)
"""What makes a style load something, or could hide that it does."""

ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([^\s&;#<>]+);")
"""One that a browser may know by the document type, as HTML's ``&commat;``; expat skips it."""

ENCODINGS = (None, "utf-8", "us-ascii")
"""Those that every reader takes for the same signs."""

OTHER_ENCODING = "signs of another encoding than UTF-8"


class NotPlain(Exception):
    """Says what an image holds that a drawing does not."""


def svg_flaw(data: bytes) -> str | None:
    """Say what in an SVG image is more than a drawing, or return None.

    >>> svg_flaw(b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>')
    >>> svg_flaw(b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
    "the attribute 'onload'"
    """
    try:
        if entity := ENTITY.search(data.decode("utf-8")):
            return f"the entity {entity[1][:60]!r}"
        _Reader().read(data)
    except NotPlain as error:
        return str(error)
    except UnicodeDecodeError:
        return OTHER_ENCODING
    except expat.ExpatError as error:
        return f"what is no XML ({expat.ErrorString(error.code)})"
    return None


class _Reader:
    """Reads an image and refuses the first thing that is not allowed."""

    def __init__(self) -> None:
        self._style: list[str] | None = None
        self._depth = 0
        self._parser = parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, data: bytes) -> None:
        self._parser.Parse(data, True)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding and encoding.lower()) not in ENCODINGS:
            raise NotPlain(OTHER_ENCODING)

    def _doctype(self, _name: str, _system: Any, _public: Any, has_own: bool) -> None:
        if has_own:
            raise NotPlain("entities of its own")

    def _instruction(self, target: str, _data: str) -> None:
        raise NotPlain(f"the instruction {target[:60]!r}")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        namespace, name = _split(qualified)
        is_known = namespace == SVG and (name in ELEMENTS or FILTER_ELEMENT.fullmatch(name))
        if self._style is not None:
            raise NotPlain(f"the element {name[:60]!r} in a style")
        if not (is_known and (self._depth or name == "svg")) and namespace not in NOTES:
            raise NotPlain(f"the element {name[:60]!r}")
        self._depth += 1
        for own, value in attributes.items():
            if not _is_allowed(name, *_split(own), value):
                raise NotPlain(f"the attribute {_split(own)[1][:60]!r}")
        if (namespace, name) == (SVG, "style"):
            self._style = []

    def _text(self, text: str) -> None:
        if self._style is not None:
            self._style.append(text)

    def _end(self, _qualified: str) -> None:
        self._depth -= 1
        if self._style is not None and LOADING.search("".join(self._style)):
            raise NotPlain("a style that loads something")
        self._style = None


def _split(qualified: str) -> tuple[str, str]:
    namespace, _, name = qualified.rpartition(" ")
    return namespace, name


def _is_allowed(element: str, namespace: str, name: str, value: str) -> bool:
    """Whether an element of a drawing may have an attribute."""
    if (namespace, name) in LEADS:
        shows = element in ("image", "feImage") and EMBEDDED.fullmatch(value)
        return bool(PLACE.fullmatch(value) or shows)
    if namespace == XML:
        return name in ("space", "lang", "id")
    if namespace:
        return namespace == XLINK or namespace in NOTES
    return bool(ATTRIBUTE.fullmatch(name)) and not LOADING.search(value)
