"""The ways in which the words of a copy can be read, where there are several.

Hashes are made of one reading (`words.tokenize`). A copy may have been set otherwise: a hyphen at a
line end may belong to the word or not, a compound may be written together, a note mark may have
become a digit of the word before it. Each such place is a fork, and each choice a way on.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby, islice
from typing import NamedTuple

from claimlog.sources.characters import canonical_text, kinds
from claimlog.sources.words import (
    BROKEN,
    HYPHENATION,
    Token,
    comparable_words,
    is_unspaced,
    tokenize,
)

READINGS, FORKS = 16, 50_000
"""Readings of a passage, and forks of a text, that are looked at; a long book has 10,000 forks."""

BREAKS = 3
"""Line ends in one word at which it may be two; one with more is made up."""

COMPOUND = re.compile(rf"{HYPHENATION} *(?=w)")
SUPERSCRIPTED = re.compile(r"(?<=[wdm])\^+")
# what an extraction makes of a note mark: a digit of the word, or a word of its own
FLAT_NOTE = re.compile(r"(?<=www)d{1,2}(?![ih]*+[wdm])")
FLAT_NOTE_BEHIND_STOP = re.compile(r"(?<=[wm]\.)(?:\.?)(d{1,2})(?=[ n]|$)")
NOTES = re.compile(r"\[ *d{1,3}(?:[.\- ]{1,3}d{1,3})* *\]|\[w\]")

Node = int | tuple[int, int]
"""Before which token a reading stands: its index, or the index of a fork and of a token in it."""


class Fork(NamedTuple):
    """The tokens from `first` up to `last` may also be read as others, or as none."""

    first: int
    last: int
    tokens: tuple[Token, ...]


class TokenPath(NamedTuple):
    """A sequence of tokens: the last one, and the path before it, which other paths share."""

    token: Token
    length: int
    earlier: TokenPath | None

    @classmethod
    def on(cls, earlier: TokenPath | None, token: Token) -> TokenPath:
        """Return a path with one more token; `earlier` is None for an empty one."""
        return cls(token, earlier.length + 1 if earlier is not None else 1, earlier)


def _tokens_of(path: TokenPath | None) -> tuple[Token, ...]:
    """Return the tokens of a path, from the last to the first."""
    tokens = []
    while path is not None:
        tokens.append(path.token)
        path = path.earlier
    return tuple(tokens)


class Readings:
    """The words of a text as a graph: every way through it is a way to read it.

    Parameters
    ----------
    content, tokens
        A canonical text and its words (`words.tokenize`).
    """

    def __init__(self, content: str, tokens: list[Token]) -> None:
        self.content = content
        self.tokens = tokens

    @classmethod
    def of(cls, text: str) -> Readings:
        """Return the readings of any text; raises as `words.words` does."""
        content = canonical_text(text)
        return cls(content, tokenize(content))

    def runs(self, limit: int) -> Iterator[str]:
        """Yield the runs of `limit` words in every reading; two unspaced letters count as one."""
        for window in self.windows(limit):
            yield " ".join([word for _, _, word in window])

    def windows(self, limit: int) -> Iterator[Sequence[Token]]:
        """Yield the words of each of `runs`, with where they stand."""
        tokens = self.tokens
        if not any(is_unspaced(word) for _, _, word in tokens):
            yield from (tokens[at : at + limit] for at in range(len(tokens) - limit + 1))
        else:
            yield from _weighed_windows(tokens, limit)
        for path, _, _ in self.forked_windows(limit):
            yield path

    @cached_property
    def forks(self) -> list[Fork]:
        """The forks, in the order of the text."""
        text = kinds(self.content)
        found = (self._broken(text), self._joined(text), self._notes(text))
        forks = {fork for kind in found for fork in islice(kind, FORKS)}
        return sorted(fork for fork in forks if fork.first < fork.last)[:FORKS]

    @cached_property
    def _starting(self) -> dict[int, list[int]]:
        starting: dict[int, list[int]] = {}
        for number, fork in enumerate(self.forks):
            starting.setdefault(fork.first, []).append(number)
        return starting

    @cached_property
    def _ending(self) -> dict[int, list[int]]:
        ending: dict[int, list[int]] = {}
        for number, fork in enumerate(self.forks):
            ending.setdefault(fork.last, []).append(number)
        return ending

    def notes_before(self, node: int) -> list[int]:
        """Return before which tokens a note mark begins that ends at a token."""
        numbers = self._ending.get(node, ())
        return [self.forks[at].first for at in numbers if not self.forks[at].tokens]

    def following(self, node: Node, count: int) -> Iterator[tuple[Token, ...]]:
        """Yield every reading of the `count` tokens (fewer at the end) from a node on."""
        return (path for path, _, _ in islice(self._forward(node, count), READINGS))

    def preceding(self, node: Node, count: int) -> Iterator[tuple[Token, ...]]:
        """Yield every reading of the `count` tokens (fewer at the beginning) before a node."""
        return islice(self._backward(node, count), READINGS)

    def forked_windows(self, count: int) -> Iterator[tuple[tuple[Token, ...], Node, Node]]:
        """Yield readings of `count` tokens that cross a fork, with the nodes at their ends."""
        starts: set[tuple[int, int]] = set()
        for number, fork in enumerate(self.forks):
            starts |= {(at, -1) for at in range(max(0, fork.first - count + 1), fork.first + 1)}
            starts |= {(number, inside) for inside in range(1, len(fork.tokens))}
        for at, inside in sorted(starts, key=lambda start: (start[1] >= 0, start)):
            node: Node = at if inside < 0 else (at, inside)
            for path, end, forked in islice(self._forward(node, count), READINGS):
                if len(path) == count and (forked or inside >= 0):
                    yield path, node, end

    def _forward(self, node: Node, count: int) -> Iterator[tuple[tuple[Token, ...], Node, bool]]:
        """Yield the ways on from a node, the reading of `tokens` first."""
        stack: list[tuple[TokenPath | None, Node, bool]] = [(None, node, False)]
        while stack:
            path, at, forked = stack.pop()
            if (path is not None and path.length == count) or at == len(self.tokens):
                yield _tokens_of(path)[::-1], at, forked
                continue
            if isinstance(at, tuple):
                token, after = self._inside(*at)
                stack.append((TokenPath.on(path, token), after, True))
                continue
            for number in reversed(self._starting.get(at, ())):
                fork = self.forks[number]
                if fork.tokens:
                    token, after = self._inside(number, 0)
                    stack.append((TokenPath.on(path, token), after, True))
                else:
                    stack.append((path, fork.last, True))
            stack.append((TokenPath.on(path, self.tokens[at]), at + 1, forked))

    def _backward(self, node: Node, count: int) -> Iterator[tuple[Token, ...]]:
        stack: list[tuple[TokenPath | None, Node]] = [(None, node)]
        while stack:
            path, at = stack.pop()
            if (path is not None and path.length == count) or at == 0:
                yield _tokens_of(path)
                continue
            if isinstance(at, tuple):
                number, inside = at
                fork = self.forks[number]
                before: Node = (number, inside - 1) if inside > 1 else fork.first
                stack.append((TokenPath.on(path, fork.tokens[inside - 1]), before))
                continue
            for number in reversed(self._ending.get(at, ())):
                fork = self.forks[number]
                if fork.tokens:
                    last = len(fork.tokens) - 1
                    before = (number, last) if last else fork.first
                    stack.append((TokenPath.on(path, fork.tokens[last]), before))
                else:
                    stack.append((path, fork.first))
            stack.append((TokenPath.on(path, self.tokens[at - 1]), at - 1))

    def _inside(self, number: int, inside: int) -> tuple[Token, Node]:
        fork = self.forks[number]
        is_last = inside + 1 == len(fork.tokens)
        return fork.tokens[inside], fork.last if is_last else (number, inside + 1)

    def _span(self, start: int, end: int) -> tuple[int, int]:
        """Return the indexes of the tokens that begin in text[start:end]."""
        return bisect_left(self.tokens, (start,)), bisect_left(self.tokens, (end,))

    def _word_at(self, offset: int) -> tuple[int, int, int, int] | None:
        """Return the word that holds a code point: indexes of its tokens, its offsets."""
        last = bisect_left(self.tokens, (offset + 1,))
        if last == 0 or self.tokens[last - 1][1] <= offset:
            return None
        start, end, _ = self.tokens[last - 1]
        return bisect_left(self.tokens, (start,)), last, start, end

    def _read(self, start: int, end: int, kept: str = "wdms") -> tuple[Token, ...]:
        return tuple((start, end, word) for word in comparable_words(self.content[start:end], kept))

    def _broken(self, text: str) -> Iterator[Fork]:
        """Yield words broken at a line end, read as two."""
        gaps = BROKEN.finditer(text)
        for word, group in groupby(gaps, lambda gap: self._word_at(gap.start() - 1)):
            spans = [gap.span() for gap in islice(group, BREAKS + 1)]
            if word is None or len(spans) > BREAKS:
                continue
            first, last, start, end = word
            for some in (*([one] for one in spans), spans):
                ends = [start, *(offset for span in some for offset in span), end]
                parts = (self._read(*part) for part in zip(ends[::2], ends[1::2], strict=True))
                yield Fork(first, last, tuple(token for part in parts for token in part))

    def _joined(self, text: str) -> Iterator[Fork]:
        """Yield compounds, and words that a line end divided before it became a space, as one."""
        for gap in COMPOUND.finditer(text):
            last = bisect_left(self.tokens, (gap.end(),))
            if not 0 < last < len(self.tokens) or self.tokens[last][0] != gap.end():
                continue  # a soft hyphen inside a word
            start, end = self.tokens[last - 1][0], self.tokens[last][1]
            first, last = self._span(start, end)
            yield Fork(first, last, self._read(start, end))

    def _notes(self, text: str) -> Iterator[Fork]:
        """Yield what may be note marks, and superscripts that may be none."""
        for sign in SUPERSCRIPTED.finditer(text):
            if word := self._word_at(sign.start() - 1):
                first, last, start, _ = word
                yield Fork(first, last, self._read(start, sign.end(), "wdms^"))
        for note in FLAT_NOTE.finditer(text):
            if word := self._word_at(note.start()):
                first, last, start, _ = word
                yield Fork(first, last, self._read(start, note.start()))
        for note in FLAT_NOTE_BEHIND_STOP.finditer(text):
            yield Fork(*self._span(*note.span(1)), ())
        for note in NOTES.finditer(text):
            first, last = self._span(*note.span())
            if first < last:
                yield Fork(first, last, ())


def _weighed_windows(tokens: list[Token], limit: int) -> Iterator[Sequence[Token]]:
    """Yield the shortest runs of words that weigh as much as `limit` words."""
    weights = [1 if is_unspaced(word) else 2 for _, _, word in tokens]
    end = weight = 0
    for at in range(len(tokens)):
        while end < len(tokens) and weight < 2 * limit:
            weight += weights[end]
            end += 1
        if weight < 2 * limit:
            return
        yield tokens[at:end]
        weight -= weights[at]
