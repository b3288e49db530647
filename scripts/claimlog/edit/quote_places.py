"""Where the quotes of one file stand in their texts, whatever these are, within a bounded time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from claimlog.errors import ClaimlogError
from claimlog.sources.occurrences import occurrences
from claimlog.sources.text import Text

if TYPE_CHECKING:
    from claimlog.sources.place_index import PlaceIndex

READ_FOR_PLACES = 20_000_000_000
"""Characters that are read for the quotes of one file that the index of a text does not tell of:
short ones, those that repeat themselves, those of short texts. It takes some minutes."""

PLACE_COST = 100
"""Characters that are read while one place is noted."""


class QuotePlaces:
    """Finds the places of the quotes of one file."""

    def __init__(self) -> None:
        self.left = READ_FOR_PLACES

    def of(self, text: Text, quote: str, shown: str = "the text") -> list[int]:
        """Return every offset of a quote in a text, overlapping ones too.

        Parameters
        ----------
        shown
            How to name the text in a message.

        Raises
        ------
        ClaimlogError
            If it would have to be read for, and so much was read for quotes before it.
        """
        return self._places(text.place_index, quote, shown) if quote else []

    def of_words(self, text: Text, wanted: Sequence[str], shown: str = "the text") -> list[int]:
        """Return every index of a text's words at which the wanted ones stand. Raises as `of`."""
        signs = text.word_signs
        part = signs.part(wanted)
        return [] if part is None else signs.runs(wanted, self._places(signs.index, part, shown))

    def first_of(self, text: Text, quote: str, most: int, shown: str = "the text") -> list[int]:
        """Return the first offsets of a quote, and one more than `most` if there are. As `of`."""
        if not quote:
            return []
        known = text.place_index.places(quote)
        if known is not None:
            return known[: most + 1]
        self._require_time(shown)
        found: list[int] = []
        at = text.content.find(quote)
        while at >= 0 and len(found) <= most:
            found.append(at)
            at = text.content.find(quote, at + 1)
        self.left -= (len(text.content) if at < 0 else at) + PLACE_COST * len(found)
        return found

    def _places(self, index: PlaceIndex, part: str, shown: str) -> list[int]:
        found = index.places(part)
        if found is None:
            self._require_time(shown)
            found = occurrences(index.content, part)
            self.left -= len(index.content) + PLACE_COST * len(found)
        return found

    def _require_time(self, shown: str) -> None:
        if self.left <= 0:
            raise ClaimlogError(
                f"{shown}: the quotes before it that are short or repeat themselves took more "
                'reading than one file may; quote more words, give "start" and "end" instead, '
                "or make two files of this one"
            )
