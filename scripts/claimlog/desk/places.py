"""Places in a text: conversion to a browser's UTF-16, and snapping a selection to whole words."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from claimlog.desk.request_error import CLOSED, INVALID, MALFORMED, RequestError
from claimlog.sources.anchor import boundary_flaw
from claimlog.sources.text import Text

KEPT_PUNCTUATION = frozenset("%‰&#@§*()[]")
"""Punctuation at the edge of a selection that may belong to the words beside it."""

BRACKETS = frozenset("「」『』《》〈〉【】")
"""Brackets that are quotation marks of their scripts."""

LAST_EDGE = 0x1FFFF
"""No punctuation has a greater number: what follows is ideographs, tags and private use."""

WIDE = re.compile("[\U00010000-\U0010ffff]")

Span = tuple[int, int]


def require_same_text(named: object, sha256: str) -> None:
    """Refuse a span that was chosen in another text: its offsets are of that.

    Raises
    ------
    RequestError
        If it was, or no text is named.
    """
    if not isinstance(named, str):
        raise RequestError(
            MALFORMED,
            "the passage does not say of which text it is (text_sha256); reload the page, and "
            "choose it anew",
        )
    if named != sha256:
        raise RequestError(
            CLOSED,
            "the text was corrected since passages were chosen in it; choose them anew in the text "
            "as it is now (reload the page, or run the program again)",
        )


class Places:
    """Converts and snaps spans of a text.

    Parameters
    ----------
    furniture
        Spans that are no part of the article.

    Attributes
    ----------
    is_indexed
        Whether all that answers rest on is computed.
    """

    def __init__(self, text: Text, furniture: Sequence[Mapping[str, Any]] = ()) -> None:
        self.text = text
        self.furniture = [{**part} for part in furniture]
        self.is_indexed = False
        self._runs: dict[int, frozenset[str]] = {}

    @cached_property
    def _wide(self) -> array[int]:
        """Offsets of the code points that take two units of UTF-16."""
        return array("L", (sign.start() for sign in WIDE.finditer(self.text.content)))

    @cached_property
    def _wide_units(self) -> array[int]:
        return array("L", (at + index for index, at in enumerate(self._wide)))

    def index(self) -> None:
        """Compute what all answers about the text rest on: for a long one it takes seconds."""
        self.text.index_offsets()
        _ = self._wide, self._wide_units
        self.is_indexed = True

    @property
    def weight(self) -> int:
        """Words, and runs of words, that are held since the text was indexed."""
        words = len(self.text.tokens) if self.is_indexed else 0
        return words + sum(map(len, self._runs.values()))

    @property
    def utf16_length(self) -> int:
        return self.to_utf16(len(self.text.content))

    def to_utf16(self, offset: int) -> int:
        return offset + bisect_left(self._wide, offset)

    def from_utf16(self, unit: int) -> int:
        """Return the offset in code points; one inside a pair of surrogates is that before it."""
        return unit - bisect_left(self._wide_units, unit)

    def as_dict(self, start: int, end: int) -> dict[str, Any]:
        """Return a span as answers hold it."""
        return {"start": start, "end": end, "utf16": [self.to_utf16(start), self.to_utf16(end)]}

    def quote(self, start: int, end: int) -> str:
        return self.text.content[start:end]

    def runs(self, limit: int) -> frozenset[str]:
        """Return the runs of so many words in every reading, as the rule `own-words` does."""
        if limit not in self._runs:
            self._runs = {limit: frozenset(self.text.readings.runs(limit))}
        return self._runs[limit]

    def words(self) -> list[int]:
        """Return start and end of every word in UTF-16, one after the other."""
        flat: list[int] = []
        last = -1
        for start, end, _ in self.text.tokens:
            if start != last:  # one piece of text may be several words
                flat += (self.to_utf16(start), self.to_utf16(end))
            last = start
        return flat

    def furniture_spans(self) -> list[dict[str, Any]]:
        return [{**part, **self.as_dict(part["start"], part["end"])} for part in self.furniture]

    def requested_span(self, given: Mapping[str, Any]) -> Span:
        """Return the span of words that a request names, by ``utf16`` or by start and end.

        Raises
        ------
        RequestError
            If it is none, holds no word, or overlaps page furniture.
        """
        units = given.get("utf16")
        pair = units if units is not None else [given.get("start"), given.get("end")]
        if not (
            isinstance(pair, list)
            and len(pair) == 2
            and all(isinstance(part, int) and not isinstance(part, bool) for part in pair)
        ):
            raise RequestError(MALFORMED, "a span is utf16: [start, end], or start and end")
        if units is not None:
            pair = [self.from_utf16(part) for part in pair]
        return self.snap(*pair)

    def snap(self, start: int, end: int) -> Span:
        """Return the whole words of a selection, without white space and punctuation around them.

        Raises
        ------
        RequestError
            If no word is in it, it leaves the text, or it overlaps page furniture.
        """
        content = self.text.content
        if not 0 <= start < end <= len(content):
            raise RequestError(INVALID, f"{start} to {end} is no span of a text of {len(content)}")
        start, end = self._whole_words(start, end)
        selected, edge_length = content[start:end], _edge_length()
        start += edge_length(selected)
        end = max(start, end - edge_length(selected[::-1]))
        start, end = self._whole_words(start, end) if start < end else (start, end)
        if start >= end or self._first_token(start) >= self._first_token(end):
            raise RequestError(INVALID, "no word is selected")
        if flaw := boundary_flaw(self.text, start, end):
            raise RequestError(INVALID, f"the passage {flaw}")
        for part in self.furniture:
            if start < part["end"] and part["start"] < end:
                raise RequestError(INVALID, "page furniture is no claim, and is in the passage")
        return start, end

    def _whole_words(self, start: int, end: int) -> Span:
        tokens = self.text.tokens
        if self.text.splits_word(start):
            start = tokens[bisect_left(tokens, (start,)) - 1][0]
        if self.text.splits_word(end):
            end = tokens[bisect_left(tokens, (end,)) - 1][1]
        return self.text.cluster_around(start)[0], self.text.cluster_around(end)[1]

    def _first_token(self, offset: int) -> int:
        return bisect_left(self.text.tokens, (offset,))


def _is_edge(sign: str) -> bool:
    """Whether a character at the edge of a selection is left out of the passage."""
    if sign.isspace() or sign in BRACKETS:
        return True
    return unicodedata.category(sign) in ("Pi", "Pf", "Pd", "Po") and sign not in KEPT_PUNCTUATION


@cache
def _edge_length() -> Callable[[str], int]:
    """Return what counts such characters at the beginning of a text, however many there are."""
    edges = "".join(filter(_is_edge, map(chr, range(LAST_EDGE + 1))))
    matched = re.compile(f"[{re.escape(edges)}]*+").match
    return lambda text: found.end() if (found := matched(text)) else 0
