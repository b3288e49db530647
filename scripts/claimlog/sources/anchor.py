"""Anchors: where a claim stands in its text, and how to find it again in another copy.

Offsets are those of a W3C Web Annotation TextPositionSelector: Unicode code points of the canonical
text, 0-based, half-open. The hashes of the passage's words and of the three words on each side do
for another copy of the text what a TextQuoteSelector does, without shipping the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from claimlog.errors import ClaimlogError
from claimlog.sources.text import Text, digest
from claimlog.sources.words import words

CONTEXT = 3  # words on each side


@dataclass(frozen=True)
class Anchor:
    """The anchor columns of a claim."""

    start: int
    end: int
    quote_sha256: str
    word_count: int
    words_sha256: str
    before_sha256: str
    after_sha256: str

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Anchor:
        """Return the anchor that a claim's row holds."""
        return cls(**{column: row[column] for column in COLUMNS})

    def as_row(self) -> dict[str, object]:
        return asdict(self)


COLUMNS = tuple(Anchor.__dataclass_fields__)


def anchor(text: Text, start: int, end: int) -> Anchor:
    """Return the anchor of text[start:end]; offsets in code points."""
    quote = text.content[start:end]
    inside = words(quote)
    return Anchor(
        start,
        end,
        digest(quote),
        len(inside),
        digest(" ".join(inside)),
        digest(" ".join(text.words_before(start, CONTEXT))),
        digest(" ".join(text.words_after(end, CONTEXT))),
    )


class SeveralPlacesError(ClaimlogError):
    """A quote that stands in several places, and nobody said which is meant.

    Attributes
    ----------
    places
        The quote and its places, without the remedy, which each command words by its options.
    """

    def __init__(self, places: str) -> None:
        self.places = places
        super().__init__(f"{places}; say which with --occurrence N, or quote more of it")


def anchor_at(
    text: Text, quote: str, found: Sequence[int], occurrence: int | None, shown: str
) -> Anchor:
    """Return the anchor of a canonical quote that stands at one offset or several.

    Parameters
    ----------
    found
        Every offset at which the quote begins, at least one, ascending.
    occurrence
        1-based: which of several places is meant.
    shown
        How to name the text in a message.

    Raises
    ------
    SeveralPlacesError
        If the quote stands in several places and `occurrence` is None.
    ClaimlogError
        If `occurrence` is none of the places, or the quote begins or ends inside a word, or holds
        no word.
    """
    if occurrence is None and len(found) > 1:
        listed = ", ".join(
            f"{number}: offset {at} (line {text.line_of(at)})"
            for number, at in enumerate(found[:8], 1)
        )
        raise SeveralPlacesError(
            f"{shown}: the passage {quote[:40]!r} occurs {len(found)} times: {listed}"
        )
    number = 1 if occurrence is None else occurrence
    if not 1 <= number <= len(found):
        raise ClaimlogError(
            f"{shown}: the passage {quote[:40]!r} occurs {len(found)} times; "
            f"--occurrence {number} is none of them"
        )
    start = found[number - 1]
    end = start + len(quote)
    if flaw := boundary_flaw(text, start, end):
        raise ClaimlogError(f"{shown}: the passage {quote[:40]!r} {flaw}; quote whole words")
    if not words(quote):
        raise ClaimlogError(f"{shown}: the passage {quote[:40]!r} holds no word")
    return anchor(text, start, end)


def boundary_flaw(text: Text, start: int, end: int) -> str | None:
    """Say how a span breaks a word or a grapheme cluster, or return None."""
    quote = text.content[start:end]
    if quote != quote.strip():
        return "begins or ends with white space"
    for offset, verb in ((start, "begins"), (end, "ends")):
        if text.splits_word(offset):
            return f"{verb} inside a word (offset {offset})"
        if text.splits_cluster(offset):
            return f"{verb} inside a grapheme cluster (offset {offset})"
    return None
