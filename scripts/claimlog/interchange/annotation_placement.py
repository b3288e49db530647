"""Where an annotation of another tool stands in the canonical text; never anywhere else."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from claimlog.edit.quote_places import QuotePlaces
from claimlog.errors import ClaimlogError
from claimlog.interchange.annotations import (
    UNITS,
    ForeignAnnotation,
    ForeignDocument,
    Quote,
)
from claimlog.interchange.offsets import OffsetMap
from claimlog.limits import PASSAGES_CHARACTERS, QUOTE_PLACES
from claimlog.sources.anchor import boundary_flaw
from claimlog.sources.characters import canonical_text
from claimlog.sources.text import Text

Span = tuple[int, int]

WORDS_LENGTH = 1_000
"""Characters of an annotation's words that a message may quote."""


class NoPlaceError(ClaimlogError):
    """An annotation that has no one passage as its place: nothing of ours can hold it."""


class WrongPlaceError(ClaimlogError):
    """An annotation whose place does not hold the words that it is about."""


@dataclass
class ImportedTexts:
    """What documents of one file share: room for quotes and passages, offsets of sources' texts.

    Thousands of documents may be one source.
    """

    quotes: QuotePlaces = field(default_factory=QuotePlaces)
    passages: Counter[str] = field(default_factory=Counter)
    """Characters of the passages of each source's text that were asked for, by its hash."""

    _maps: dict[tuple[str, str], OffsetMap] = field(default_factory=dict)

    def offsets(self, text: Text, own: str | None, unit: str) -> OffsetMap:
        """Return the offsets of a document: of its own text, or of its source's."""
        if own is not None:
            return OffsetMap(own, unit)
        key = (text.sha256, unit)
        if key not in self._maps:
            self._maps[key] = OffsetMap(text.content, unit)
        return self._maps[key]


class DocumentPlacement:
    """Places the annotations of one document in the text of its source."""

    def __init__(
        self,
        document: ForeignDocument,
        text: Text,
        unit: str,
        crlf: str,
        shared: ImportedTexts | None = None,
    ) -> None:
        """Prepare the conversion of offsets.

        Parameters
        ----------
        text
            The canonical text of the source that the document is.
        unit
            What the tool's offsets count.
        crlf
            Whether they count a CRLF as ``two`` or as ``one``.
        shared
            What all documents of a file share.
        """
        self.document = document
        self.text = text
        self.unit = unit
        own = document.text
        if own is not None and crlf == "one":
            own = own.replace("\r\n", "\n")
        self._own = own
        self._shared = shared or ImportedTexts()
        self._map = self._shared.offsets(text, own, unit)

    def place(self, annotation: ForeignAnnotation) -> Span:
        """Return the span of an annotation in code points of the canonical text.

        Raises
        ------
        NoPlaceError
            If it has no place, several, or one of no length.
        WrongPlaceError
            If it is not certain that the words there are those that were annotated, or they begin
            or end inside a word.
        """
        if len(annotation.spans) > 1:
            raise NoPlaceError("a discontinuous annotation, and a row has one passage")
        if annotation.spans:
            start, end = annotation.spans[0]
            if start == end:
                raise NoPlaceError("an annotation of no length, and a row has a passage")
            span = self._convert(start, end, annotation.quote)
        elif annotation.quote:
            span = self._find(annotation.quote)
        else:
            raise NoPlaceError("an annotation without a place in a text")
        if flaw := boundary_flaw(self.text, *span):
            raise WrongPlaceError(f"the passage {flaw}")
        first = bisect_left(self.text.tokens, (span[0],))
        if first == len(self.text.tokens) or self.text.tokens[first][1] > span[1]:
            raise WrongPlaceError("the passage holds no word")
        return span

    def words(self, annotation: ForeignAnnotation) -> str:
        """Return the first words that an annotation is about, as far as they can be told."""
        if annotation.quote:
            return annotation.quote.exact[:WORDS_LENGTH]
        spans = annotation.spans
        return (self._map.words(*spans[0], WORDS_LENGTH) if spans else None) or ""

    def _convert(self, start: int, end: int, quote: Quote | None) -> Span:
        passages = self._shared.passages
        passages[self.text.sha256] += max(0, end - start)
        if passages[self.text.sha256] > PASSAGES_CHARACTERS:
            raise WrongPlaceError(
                f"the passages of its source have more than {PASSAGES_CHARACTERS:,} characters "
                "in all"
            )
        expected = self._map.words(start, end)
        first, last = self._map.canonical_offset(start), self._map.canonical_offset(end)
        if expected is None or first is None or last is None or not first < last:
            hint = self._hint(start, end, quote)
            raise WrongPlaceError(f"{start} to {end} is no span of the text{hint}")
        found = self.text.content[first:last]
        if self._own is not None and found != expected:
            raise WrongPlaceError(
                "the source's text has other words there than the tool's document"
            )
        if quote is not None and not _agrees(found, quote):
            hint = self._hint(start, end, quote)
            raise WrongPlaceError(f"the words at the offsets are not those that are quoted{hint}")
        is_same = self.document.sha256 == self.text.sha256
        if quote is None and self._own is None and not is_same:
            raise WrongPlaceError(
                "nothing says which words are meant: neither a quote nor the text is in the file"
            )
        return first, last

    def _hint(self, start: int, end: int, quote: Quote | None) -> str:
        """Say if the words would agree if offsets counted something else."""
        other, offsets = self._other_unit
        there = offsets.words(start, end)
        if quote is not None and there and _agrees(there, quote):
            return f"; they are if offsets count in {other}: say unit: {other} in the mapping"
        return ""

    @cached_property
    def _other_unit(self) -> tuple[str, OffsetMap]:
        other = next(unit for unit in UNITS if unit != self.unit)
        return other, self._shared.offsets(self.text, self._own, other)

    def _find(self, quote: Quote) -> Span:
        """Return the only place of a quote whose context agrees."""
        exact = canonical_text(quote.exact)
        before, after = canonical_text(quote.prefix), canonical_text(quote.suffix)
        # with the words beside them, of which there are fewer places to look at
        whole = f"{before}{exact}{after}"
        try:
            quotes = self._shared.quotes
            found = quotes.first_of(self.text, whole, QUOTE_PLACES) if exact.strip() else []
        except ClaimlogError as error:
            raise WrongPlaceError(str(error)) from error
        if len(found) != 1:
            number = f"more than {QUOTE_PLACES}" if len(found) > QUOTE_PLACES else len(found)
            many = f"stand in {number} places" if found else "do not stand in the text"
            raise WrongPlaceError(f"the words that are quoted {many}, and no offsets are given")
        start = found[0] + len(before)
        return start, start + len(exact)


def _agrees(found: str, quote: Quote) -> bool:
    exact = canonical_text(quote.exact)
    return found.startswith(exact) if quote.is_cut else found == exact
