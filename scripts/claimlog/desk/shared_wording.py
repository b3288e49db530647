"""Runs of words that a text in the coder's words shares with its source, marked while typing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from claimlog.desk.places import Places
from claimlog.sources.text import Text
from claimlog.sources.words import words


@lru_cache(maxsize=8)
def _source_runs(text: Text, limit: int) -> frozenset[str]:
    """Return every run of so many words of a source."""
    tokens = words(text.content)
    return frozenset(" ".join(tokens[at : at + limit]) for at in range(len(tokens) - limit + 1))


def shared_runs(source: Text, given: str, limit: int) -> list[dict[str, Any]]:
    """Return the runs of at least `limit` words that a text shares with a source.

    Each has its span in UTF-16, and its words; runs that overlap are one.
    """
    text = Text(given)
    tokens, places = text.tokens, Places(text)
    known = _source_runs(source, limit)
    spans: list[list[int]] = []
    for at in range(len(tokens) - limit + 1):
        if " ".join(word for _, _, word in tokens[at : at + limit]) in known:
            if spans and spans[-1][1] >= at:
                spans[-1][1] = at + limit
            else:
                spans.append([at, at + limit])
    return [
        {
            "utf16": [places.to_utf16(tokens[first][0]), places.to_utf16(tokens[last - 1][1])],
            "words": " ".join(word for _, _, word in tokens[first:last]),
        }
        for first, last in spans
    ]
