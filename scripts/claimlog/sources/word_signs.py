"""Words of a text as one character each, so that runs of words are looked for as characters are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from claimlog.sources.place_index import PlaceIndex
from claimlog.sources.words import Token

KINDS = 0x10FFFF
"""How many different words can have a character each; all others have `OTHER_WORD`."""

OTHER_WORD = "\0"

GRAM = 3
"""Words of a gram of the index: a quote has five and more."""


class WordSigns:
    """The words of a text, each kind with a sign of its own."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        kinds = dict.fromkeys(word for _, _, word in tokens)
        self.signs = {
            word: chr(number) if number <= KINDS else OTHER_WORD
            for number, word in enumerate(kinds, 1)
        }
        self.content = "".join(self.signs[word] for _, _, word in tokens)

    @cached_property
    def index(self) -> PlaceIndex:
        return PlaceIndex(self.content, GRAM)

    def part(self, wanted: Sequence[str]) -> str | None:
        """Return the signs of words; None if the text lacks one of them, or there is no word."""
        signs = [self.signs.get(word) for word in wanted]
        return "".join(filter(None, signs)) if signs and None not in signs else None

    def runs(self, wanted: Sequence[str], places: Sequence[int]) -> list[int]:
        """Return those of the places of `part` at which the wanted words stand."""
        if all(self.signs[word] != OTHER_WORD for word in wanted):
            return [*places]
        last = len(wanted)
        return [
            at
            for at in places
            if all(
                token[2] == word
                for token, word in zip(self.tokens[at : at + last], wanted, strict=True)
            )
        ]
