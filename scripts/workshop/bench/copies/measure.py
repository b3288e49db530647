"""Placing the passages of invented articles in a kind of copy, and judging every place."""

from __future__ import annotations

from collections import Counter
from random import Random
from time import perf_counter

from claimlog.sources.alignment import carry_spans
from claimlog.sources.anchor import anchor
from claimlog.sources.copy_repairs import text_with_whole_words
from claimlog.sources.hash_search import search_by_hashes
from claimlog.sources.placement_outcome import Placement
from claimlog.sources.text import Text
from workshop.bench.copies.articles import invented_article, invented_passages
from workshop.bench.copies.copy_kinds import KINDS
from workshop.bench.copies.edited_text import Span

WAYS = ("hashes", "text")
PARAGRAPHS, PASSAGES = 40, 60
"""Size of an article, and claims in it."""

LEAST_COMMON = 0.8
"""Share of the words of two spans that must be in both for a place to be right."""


def place_in_copies(
    kind: str,
    articles: int,
    seed: int = 0,
    paragraphs: int = PARAGRAPHS,
    passages: int = PASSAGES,
) -> dict[str, Counter[str]]:
    """Return how the passages of some articles fare in a kind of copy, by way.

    Counted are ``right``, ``missed`` and ``wrong`` places of passages that the copy has, ``gone``
    passages that it has not and that got no place, and each outcome. A place for a passage that is
    gone is wrong.
    """
    tallies: dict[str, Counter[str]] = {way: Counter() for way in WAYS}
    for number in range(articles):
        random = Random(seed + number)
        text = "\n\n".join(invented_article(random, paragraphs))
        spans = invented_passages(random, text, passages)
        edited = KINDS[kind](Random(seed + number + 1_000), text, spans)
        source, copy = Text(text), Text(edited.content)
        anchors = [anchor(source, *span) for span in spans]
        words = text_with_whole_words(copy)
        for way, placements in (
            ("hashes", search_by_hashes(copy, anchors)),
            ("text", carry_spans(source, copy, spans)),
        ):
            for span, placement in zip(spans, placements, strict=True):
                verdict = _verdict(words, placement, edited.place(span))
                tallies[way].update((verdict, placement.outcome.value))
    return tallies


def _verdict(copy: Text, placement: Placement, truth: Span | None) -> str:
    if placement.span is None:
        return "gone" if truth is None else "missed"
    if truth is None:
        return "wrong"
    own, right = _words_in(copy, placement.span), _words_in(copy, truth)
    return "right" if len(own & right) >= LEAST_COMMON * len(own | right) else "wrong"


def _words_in(text: Text, span: Span) -> set[Span]:
    return {(start, end) for start, end, _ in text.tokens if start < span[1] and end > span[0]}


def seconds_of_long_copy(characters: int, claims: int, seed: int = 0) -> dict[str, float]:
    """Return the seconds that each way takes to place claims in a long copy, read and all."""
    random = Random(seed)
    paragraphs: list[str] = []
    size = 0
    while size < characters:
        paragraphs += invented_article(random, 100)
        size = sum(len(paragraph) + 2 for paragraph in paragraphs)
    text = "\n\n".join(paragraphs)
    passages = invented_passages(random, text, claims)
    copy = KINDS["a word changed in every third span"](random, text, passages).content
    copy = copy.replace("“", '"').replace("”", '"')
    source = Text(text)
    anchors = [anchor(source, *span) for span in passages]
    seconds: dict[str, float] = {}
    start = perf_counter()
    search_by_hashes(Text(copy), anchors)
    seconds["hashes"] = perf_counter() - start
    start = perf_counter()
    carry_spans(Text(text), Text(copy), passages)
    seconds["text"] = perf_counter() - start
    return seconds
