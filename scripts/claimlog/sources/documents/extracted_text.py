"""The text that was taken out of a document, and what the document says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from claimlog.errors import ClaimlogError
from claimlog.escaping import plain_line
from claimlog.limits import PROPOSED_AUTHORS, PROPOSED_FURNITURE, TEXT_BYTES
from claimlog.sources.characters import canonical_text

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
"""What no text holds but line feed and tab, and what a copy of a page may begin with."""

SPACES = re.compile(r"(?<![ \t])[ \t]+\n")  # begun at each blank, a long run takes its square
EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Furniture:
    """A range of the text that is page furniture: code points, half-open, and its kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Block:
    """A paragraph, heading or line of a document.

    Attributes
    ----------
    kind
        What sort of page furniture it is; None for what may hold a claim.
    gap
        Line feeds between it and the block before it.
    """

    text: str
    kind: str | None = None
    gap: int = 2


@dataclass(frozen=True)
class Statements:
    """What a document states of itself; None, or nothing, where it does not.

    Attributes
    ----------
    published
        The day, as ISO 8601.
    language
        Code of ISO 639-1.
    """

    title: str | None = None
    authors: tuple[str, ...] = ()
    publisher: str | None = None
    published: str | None = None
    language: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class ExtractedText:
    """A canonical text with what is proposed of its source.

    Attributes
    ----------
    text
        UTF-8, no BOM, LF, NFC.
    furniture
        Ranges of `text` that look like page furniture, in order.
    extractor
        Programs that took the text out, each with its version; None where it came as plain text.
    raw_sha256
        SHA-256 of the document, hex.
    """

    text: str
    title: str | None = None
    authors: tuple[str, ...] = ()
    publisher: str | None = None
    published: str | None = None
    language: str | None = None
    url: str | None = None
    furniture: tuple[Furniture, ...] = ()
    extractor: str | None = None
    raw_sha256: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> Self:
        """Return what `as_dict` made a dictionary of."""
        furniture = tuple(Furniture(**part) for part in values["furniture"])
        return cls(**{**values, "authors": tuple(values["authors"]), "furniture": furniture})


@dataclass
class _Assembly:
    parts: list[str] = field(default_factory=list)
    furniture: list[Furniture] = field(default_factory=list)
    length: int = 0
    size: int = 0

    def append(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)
        self.size += len(text.encode("utf-8", "surrogatepass"))


def assemble_text(
    blocks: Iterable[Block], statements: Statements, extractor: str | None
) -> ExtractedText:
    """Join blocks to a canonical text, with the ranges of those that are page furniture.

    Raises
    ------
    ClaimlogError
        If there is no text, or more than a text may have.
    """
    assembly = _Assembly()
    for block in blocks:
        text = clean_text(block.text)
        if not text:
            continue
        if assembly.length:
            assembly.append("\n" * block.gap)
        start = assembly.length
        assembly.append(text)
        if block.kind:
            assembly.furniture.append(Furniture(start, assembly.length, block.kind))
        if assembly.size > TEXT_BYTES:
            raise ClaimlogError(f"holds more than {TEXT_BYTES:,} bytes of text; split it")
    if not assembly.length:
        raise ClaimlogError("holds no text")
    assembly.append("\n")
    return ExtractedText(
        "".join(assembly.parts),
        line_of_text(statements.title),
        tuple(filter(None, map(line_of_text, statements.authors)))[:PROPOSED_AUTHORS],
        line_of_text(statements.publisher),
        statements.published,
        statements.language,
        statements.url,
        _joined(assembly.furniture)[:PROPOSED_FURNITURE],
        extractor,
    )


def clean_text(text: str) -> str:
    """Return a canonical text without control characters and blanks at the ends of its lines.

    >>> clean_text("Ships\\x0c leave \\r\\n\\n\\n\\nat dawn. ")
    'Ships leave\\n\\nat dawn.'
    """
    text = CONTROL.sub("", canonical_text(text))
    return EMPTY_LINES.sub("\n\n", SPACES.sub("\n", f"{text}\n")).strip()


def line_of_text(text: str | None) -> str | None:
    """Return what a document states, as one line; None for nothing."""
    return plain_line(text or "") or None


def _joined(ranges: Sequence[Furniture]) -> tuple[Furniture, ...]:
    """Join ranges of one kind that follow each other with nothing but a line feed between."""
    joined: list[Furniture] = []
    for part in ranges:
        last = joined[-1] if joined else None
        if last and last.kind == part.kind != "heading" and part.start - last.end <= 2:
            joined[-1] = Furniture(last.start, part.end, part.kind)
        else:
            joined.append(part)
    return tuple(joined)


def language_code(tag: str | None) -> str | None:
    """Return the code of ISO 639-1 that a language tag begins with, if it has two letters.

    >>> language_code("en-GB"), language_code("pt_BR"), language_code("deu")
    ('en', 'pt', None)
    """
    found = re.match(r"\s*([A-Za-z]{2})(?:[-_]|\s*$)", tag or "")
    return found[1].lower() if found else None
