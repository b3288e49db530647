"""Finding a quote in a source's text, to the letter or by its words, and saying what differs.

By its words only if that is asked for; what a word is stands in `sources/words`.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from claimlog.edit.quote_places import QuotePlaces
from claimlog.errors import ClaimlogError, Suggestions
from claimlog.sources.anchor import Anchor, anchor, anchor_at
from claimlog.sources.characters import canonical_text
from claimlog.sources.text import Text
from claimlog.sources.words import words

NEAR = 0.6
"""Share of a quote's words that a passage must have to be shown as nearly it."""

DIFFERENCES = 4
"""Differences that are named; who sees so many looks at the text."""

SPACES = dict.fromkeys((0xA0, 0x2007, 0x202F), " ")
"""Spaces that a browser copies from a page, and that are plain ones in a text taken out of it."""

SHOWN = 1_000
"""Characters of a passage that a message quotes."""


def find_quote(
    text: Text,
    quote: str,
    occurrence: int | None,
    shown: str,
    by_words: bool = False,
    suggestions: Suggestions | None = None,
    places: QuotePlaces | None = None,
) -> Anchor:
    """Find a passage by its quote and return its anchor.

    Parameters
    ----------
    by_words
        Whether a quote that does not stand in the text to the letter may differ in all but words.
    suggestions
        What is left to say of the quotes of one file; of a single quote everything is said.
    places
        Where the quotes of one file are looked for.

    Raises
    ------
    ClaimlogError
        If the quote is empty or does not occur (the message says where the text almost has it), as
        `anchor_at` does, or if the quotes of the file took too much reading.
    """
    places = places or QuotePlaces()
    quote = canonical_text(quote)
    if not quote.strip():
        raise ClaimlogError(f"{shown}: the quote is empty; give the words of the passage")
    found = places.of(text, quote, shown)
    if not found and (plain := quote.translate(SPACES)) != quote:
        found = places.of(text, plain, shown)
        quote = plain if found else quote
    if found:
        return anchor_at(text, quote, found, occurrence, shown)
    is_explained = suggestions is None or suggestions.may_read(len(text.content) + len(quote))
    is_read = by_words or is_explained
    spans = _spans(text, places.of_words(text, words(quote), shown), quote) if is_read else []
    if by_words and spans:
        return _chosen(text, quote, spans, occurrence, shown)
    remedy = _nearest(text, quote, spans) if is_explained else "copy it from the text"
    raise ClaimlogError(f"{shown}: the passage {_excerpt(quote)} does not occur; {remedy}")


def occurrence_at(text: Text, quote: str, start: object, places: QuotePlaces) -> int | None:
    """Return which occurrence of a quote (1-based) begins at an offset, None if none does."""
    if not isinstance(start, int) or not quote.strip():
        return None
    found = places.of(text, canonical_text(quote))
    at = bisect_left(found, start)
    return at + 1 if at < len(found) and found[at] == start else None


def refuse_other_place(found: Anchor, given: Mapping[str, Any], shown: str) -> None:
    """Refuse a row whose offsets say another place than its quote.

    Raises
    ------
    ClaimlogError
        If they differ.
    """
    for name, place in (("start", found.start), ("end", found.end)):
        if given.get(name) not in (None, place):
            raise ClaimlogError(
                f'{shown}: the quote stands at {found.start} to {found.end}, but "{name}" is '
                f"{given[name]}; leave out the offsets, or the quote"
            )


def _spans(text: Text, places: Sequence[int], quote: str) -> list[tuple[int, int]]:
    """Return the spans (code points) of as many words as a quote has that begin at some words."""
    tokens, last = text.tokens, len(words(quote)) - 1
    return [(tokens[at][0], tokens[at + last][1]) for at in places]


def _chosen(
    text: Text, quote: str, spans: list[tuple[int, int]], occurrence: int | None, shown: str
) -> Anchor:
    if occurrence is None and len(spans) > 1:
        listed = ", ".join(
            f"{number}: offset {start} (line {text.line_of(start)})"
            for number, (start, _) in enumerate(spans[:8], 1)
        )
        raise ClaimlogError(
            f"{shown}: the words of {_excerpt(quote)} occur {len(spans)} times: {listed}; say "
            "which with --occurrence N, or quote more of it"
        )
    number = 1 if occurrence is None else occurrence
    if not 1 <= number <= len(spans):
        raise ClaimlogError(
            f"{shown}: the words of {_excerpt(quote)} occur {len(spans)} times; --occurrence "
            f"{number} is none of them"
        )
    return anchor(text, *spans[number - 1])


def _nearest(text: Text, quote: str, spans: list[tuple[int, int]]) -> str:
    """Say where the text has almost a quote, and what differs there."""
    if spans:
        start, end = spans[0]
        first, last = _with_edges(text, quote, (start, end))
        found = ", ".join(_differences(quote.strip(), text.content[first:last].strip()))
        where = f"offset {start} (line {text.line_of(start)})"
        return (
            f"its words stand at {where}, and what differs is {found or 'punctuation'}; copy it "
            "from the text, or take it by its words with --quotes words"
        )
    near = _nearest_span(text, quote)
    if near is None:
        return "nothing like it stands in the text; is it of this source?"
    start, end = near
    passage = text.content[start:end]
    return (
        f"the text has {_excerpt(passage)} at offset {start} (line {text.line_of(start)}); copy it "
        "from there"
    )


def _with_edges(text: Text, quote: str, span: tuple[int, int]) -> tuple[int, int]:
    """Return a span of words with as much punctuation around it as a quote has around its words."""
    stripped = quote.strip()
    tokens = Text(stripped).tokens
    before, after = tokens[0][0], len(stripped) - tokens[-1][1]
    return max(0, span[0] - before), min(len(text.content), span[1] + after)


def _nearest_span(text: Text, quote: str) -> tuple[int, int] | None:
    """Return the span of as many words as a quote has that shares most of them with it."""
    wanted = Counter(words(quote))
    count, tokens = wanted.total(), text.tokens
    if not count or len(tokens) < 1:
        return None
    size = min(count, len(tokens))
    window = Counter(word for _, _, word in tokens[:size])
    shared = (wanted & window).total()
    best, place = shared, 0
    for at in range(size, len(tokens)):
        gone, come = tokens[at - size][2], tokens[at][2]
        shared -= window[gone] <= wanted[gone]
        window[gone] -= 1
        window[come] += 1
        shared += window[come] <= wanted[come]
        if shared > best:
            best, place = shared, at - size + 1
    if best < NEAR * count:
        return None
    return tokens[place][0], tokens[place + size - 1][1]


def _differences(quote: str, passage: str) -> Iterator[str]:
    """Yield what the text has where a quote of the same words has something else, each kind once.

    Word is held against word and gap against gap: to align all characters takes a time by the cube
    where they repeat themselves.
    """
    ours, theirs = _pieces(quote), _pieces(passage)
    if len(ours) != len(theirs):
        return
    said: dict[str, None] = {}
    for here, there in zip(ours, theirs, strict=True):
        if here == there:
            continue
        start = _alike(here, there)
        here, there = here[start:], there[start:]
        end = _alike(here[::-1], there[::-1])
        here, there = here[: len(here) - end], there[: len(there) - end]
        said[f"{_shown(there)} in the text for {_shown(here)} in the quote"] = None
        if len(said) == DIFFERENCES:
            break
    yield from said


def _alike(one: str, other: str) -> int:
    """Return with how many of the same characters two texts begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _pieces(passage: str) -> list[str]:
    """Return the words of a passage and what stands before, between and behind them."""
    cuts = [0, *(cut for start, end, _ in Text(passage).tokens for cut in (start, end))]
    return [passage[start:end] for start, end in zip(cuts, [*cuts[1:], len(passage)], strict=True)]


def _excerpt(passage: str) -> str:
    """Return a passage as messages quote it: all of it, unless it is far too long to read."""
    return repr(passage) if len(passage) <= SHOWN else f"{passage[:SHOWN]!r}…"


def _shown(characters: str) -> str:
    if not characters:
        return "nothing"
    return " ".join(_name(character) for character in characters[:3]) + (
        " …" if len(characters) > 3 else ""
    )


def _name(character: str) -> str:
    if character == "\n":
        return "a line break"
    if character == " ":
        return "a space"
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower()
    visible = f"{character} " if character.isprintable() else ""
    return f"{visible}U+{ord(character):04X} {name}".strip()
