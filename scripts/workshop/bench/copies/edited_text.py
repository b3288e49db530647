"""A text under edit that remembers where each part of the original stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import regex

Span = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """Text of a copy, and the span of the original that it stands for; None if it was added."""

    text: str
    span: Span | None


class EditedText:
    """Pieces of a copy in their order."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces

    @classmethod
    def of(cls, text: str) -> EditedText:
        return cls([Piece(text, (0, len(text)))])

    @property
    def content(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    def replace(
        self, pattern: str, replacement: str | Callable[[regex.Match[str]], str | None]
    ) -> EditedText:
        """Return the text with what matches replaced; a replacement of None leaves it.

        Pieces are looked at one by one, those added or edited before are left.
        """
        pieces: list[Piece] = []
        for piece in self.pieces:
            if piece.span is None or len(piece.text) != piece.span[1] - piece.span[0]:
                pieces.append(piece)
                continue
            at, offset = 0, piece.span[0]
            for match in regex.finditer(pattern, piece.text):
                new = (
                    match.expand(replacement)
                    if isinstance(replacement, str)
                    else replacement(match)
                )
                if new is None or new == match[0]:
                    continue
                start, end = match.span()
                if at < start:
                    pieces.append(Piece(piece.text[at:start], (offset + at, offset + start)))
                pieces.append(Piece(new, (offset + start, offset + end)))
                at = end
            if at < len(piece.text):
                pieces.append(Piece(piece.text[at:], (offset + at, piece.span[1])))
        return EditedText(pieces)

    def insert(self, places: dict[int, str]) -> EditedText:
        """Return the text with more text at offsets of the original."""
        pieces: list[Piece] = []
        for piece in self.pieces:
            if piece.span is None or len(piece.text) != piece.span[1] - piece.span[0]:
                pieces.append(piece)
                continue
            at, (start, end) = 0, piece.span
            for place in sorted(place for place in places if start <= place < end):
                if place - start > at:
                    pieces.append(Piece(piece.text[at : place - start], (start + at, place)))
                pieces.append(Piece(places[place], None))
                at = place - start
            pieces.append(Piece(piece.text[at:], (start + at, end)))
        return EditedText(pieces)

    def parts(self, spans: list[Span], between: str = "\n\n") -> EditedText:
        """Return the text as some spans of it in another order; only of text as it was."""
        pieces: list[Piece] = []
        for start, end in spans:
            pieces += [Piece(self.content[start:end], (start, end)), Piece(between, None)]
        return EditedText(pieces[:-1])

    def place(self, span: Span) -> Span | None:
        """Return where a span of the original stands in the copy, None if nowhere."""
        at, found = 0, []
        for piece in self.pieces:
            if piece.span is not None and piece.span[0] < span[1] and piece.span[1] > span[0]:
                start, end = at, at + len(piece.text)
                if len(piece.text) == piece.span[1] - piece.span[0]:
                    start += max(0, span[0] - piece.span[0])
                    end -= max(0, piece.span[1] - span[1])
                found += [start, end]
            at += len(piece.text)
        return (min(found), max(found)) if found else None
