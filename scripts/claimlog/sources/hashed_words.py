"""The words of a copy, hashed in runs as anchors hash them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256

from claimlog.sources.anchor import CONTEXT, Anchor
from claimlog.sources.placement import Span
from claimlog.sources.readings import Node
from claimlog.sources.text import Text, digest


class HashedWords:
    """The words of a reading of a copy, hashed as anchors hash them."""

    def __init__(self, text: Text) -> None:
        self.tokens = text.tokens
        self.readings = text.readings
        self.joined = " ".join(word for _, _, word in self.tokens).encode()
        self.starts = [0]
        for _, _, word in self.tokens:
            self.starts.append(self.starts[-1] + len(word.encode()) + 1)

    def __len__(self) -> int:
        return len(self.tokens)

    def windows(self, count: int, wanted: set[str]) -> dict[str, list[int]]:
        """Return before which tokens runs of `count` words with a wanted hash begin."""
        places: dict[str, list[int]] = defaultdict(list)
        raw = {bytes.fromhex(one): one for one in wanted}
        joined = self.joined
        pairs = zip(self.starts, self.starts[count:], strict=False)
        for first, (start, end) in enumerate(pairs):
            if (found := sha256(joined[start : end - 1]).digest()) in raw:
                places[raw[found]].append(first)
        return places

    def span(self, first: int, last: int) -> Span:
        return self.tokens[first][0], self.tokens[last - 1][1]

    def begins(self, node: Node) -> int:
        """Return where the word after a node begins."""
        if isinstance(node, tuple):
            return self.readings.forks[node[0]].tokens[node[1]][0]
        return self.tokens[node][0] if node < len(self) else self.tokens[-1][1]

    def ends(self, node: Node) -> set[int]:
        """Return where the word before a node may end."""
        if isinstance(node, tuple):
            return {self.readings.forks[node[0]].tokens[node[1] - 1][1]}
        found = {self.tokens[node - 1][1]} if node else {0}
        for note in self.readings.notes_before(node):
            found |= {self.tokens[note - 1][1]} if note else {0}
        return found

    def places(self, anchor: Anchor, node: Node, *, ahead: bool) -> Iterator[Span]:
        """Yield spans with the words of an anchor that begin at a node, or end there."""
        read = self.readings.following if ahead else self.readings.preceding
        for path in read(node, anchor.word_count):
            words = " ".join(word for _, _, word in path)
            if len(path) == anchor.word_count and digest(words) == anchor.words_sha256:
                yield path[0][0], path[-1][1]

    def has_short_context(self, anchor: Anchor, span: Span) -> tuple[bool, bool]:
        """Return whether a copy begins before a span, or ends after it, with all the context.

        Context is shorter than usual at the ends of a text, and so few words stand anywhere.
        """
        first = bisect_left(self.tokens, (span[0],))
        last = bisect_left(self.tokens, (span[1],))
        return (
            first < CONTEXT and self._digest(0, first) == anchor.before_sha256,
            len(self) - last < CONTEXT and self._digest(last, len(self)) == anchor.after_sha256,
        )

    def _digest(self, first: int, last: int) -> str:
        return digest(" ".join(word for _, _, word in self.tokens[first:last]))
