"""The words of a copy, hashed in runs as anchors hash them.

A repaired copy has most of its words where the copy before it has them. Runs of such words are the
same in both, and are hashed once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from claimlog.sources.anchor import CONTEXT, Anchor
from claimlog.sources.placement_outcome import Span
from claimlog.sources.search_budget import PLACE_BYTES, RUN_BYTES
from claimlog.sources.text import Text, digest
from claimlog.sources.word_readings import READINGS, Node

Numbers = npt.NDArray[np.int64]

NOWHERE = -1


class HashedWords:
    """The words of a reading of a copy, hashed as anchors hash them.

    Parameters
    ----------
    earlier
        Another reading of the same copy, of which the hashes are known.
    """

    def __init__(self, text: Text, earlier: HashedWords | None = None) -> None:
        self.text = text
        self.tokens = text.tokens
        self.readings = text.readings
        self.earlier = earlier
        count = len(self.tokens)
        self.joined = " ".join([word for _, _, word in self.tokens]).encode()
        spaces = np.flatnonzero(np.frombuffer(self.joined, np.uint8) == ord(" "))
        self.offsets: Numbers = np.concatenate(([0], spaces + 1, [len(self.joined) + 1]))
        """Where each word begins in `joined`, and where another one would."""
        self._begins: Numbers = np.zeros(count + 1, np.int64)
        self._stops: Numbers = np.zeros(count + 1, np.int64)
        """Where the word after each node begins, and where the word before it ends."""
        self._begins[:-1] = np.fromiter((token[0] for token in self.tokens), np.int64, count)
        self._stops[1:] = np.fromiter((token[1] for token in self.tokens), np.int64, count)
        self._begins[-1] = self._stops[-1]
        forks = self.readings.forks
        self._forks_from = _counts_before([fork.first for fork in forks], count)
        self._forks_to = _counts_before([fork.last for fork in forks], count)
        self._found: dict[int, dict[bytes, Numbers]] = {}
        self._link(earlier)

    @property
    def starts(self) -> Numbers:
        return self._begins[:-1]

    @property
    def ends(self) -> Numbers:
        return self._stops[1:]

    def __len__(self) -> int:
        return len(self.tokens)

    def _link(self, earlier: HashedWords | None) -> None:
        """Note which words stand in the earlier reading too, and where two of them do not follow.

        ``_now`` has the index here of each word of the earlier reading; ``_breaks`` counts the
        words up to each one that do not follow the word before them there as well.
        """
        then = np.full(len(self), NOWHERE)
        self._now = np.full(len(earlier) if earlier else 0, NOWHERE)
        if earlier is not None and len(earlier):
            at = np.minimum(np.searchsorted(earlier.starts, self.starts), len(earlier) - 1)
            is_same = (earlier.starts[at] == self.starts) & (earlier.ends[at] == self.ends)
            differing = np.concatenate(
                ([0], np.cumsum(_code_points(self.text) != _code_points(earlier.text)))
            )
            is_same &= differing[self.ends] == differing[self.starts]
            is_cut = self.starts[1:] == self.starts[:-1]  # two words of one sign, as of a fraction
            is_same[1:] &= ~is_cut
            is_same[:-1] &= ~is_cut
            then[is_same] = at[is_same]
            self._now[then[is_same]] = np.flatnonzero(is_same)
        is_break = then == NOWHERE
        is_break[1:] |= then[1:] != then[:-1] + 1
        self._then = then
        self._breaks = np.cumsum(is_break)

    def are_known(self, firsts: Numbers, count: int) -> npt.NDArray[np.bool_]:
        """Whether the runs of `count` words from some tokens on are in the earlier reading too."""
        lasts = firsts + count - 1
        inside = (firsts >= 0) & (lasts < len(self))
        known = np.zeros(len(firsts), dtype=np.bool_)
        first, last = firsts[inside], lasts[inside]
        known[inside] = (self._then[first] != NOWHERE) & (self._breaks[first] == self._breaks[last])
        return known

    def cost(self, count: int) -> int:
        """Return what it costs to hash the runs of `count` words that are not hashed yet."""
        return 0 if count in self._found else self._cost_of(self._fresh_runs(count), count)

    def _cost_of(self, firsts: Numbers, count: int) -> int:
        """Return what it costs to hash the runs of `count` words, or fewer, from some tokens on."""
        lasts = np.minimum(firsts + count, len(self))
        length = int((self.offsets[lasts] - self.offsets[np.maximum(firsts, 0)]).sum())
        return length + RUN_BYTES * len(firsts)

    def _fresh_runs(self, count: int) -> Numbers:
        """Return before which tokens the runs begin that the earlier reading has not."""
        firsts = np.arange(max(0, len(self) - count + 1))
        return firsts if self.earlier is None else firsts[~self.are_known(firsts, count)]

    def windows(self, count: int, wanted: set[str]) -> dict[str, Numbers]:
        """Return before which tokens runs of `count` words with a wanted hash begin, in order.

        Whoever asks for runs of a length again, here or of a later reading, may want less than
        before, but nothing else.
        """
        raw = {bytes.fromhex(one) for one in wanted}
        if count not in self._found:
            places = self._known_windows(count, raw)
            for first, run in self._runs(self._fresh_runs(count), count):
                if (hashed := sha256(run).digest()) in raw:
                    places[hashed].append(first)
            self._found[count] = {
                hashed: np.array(sorted(firsts), dtype=np.int64)
                for hashed, firsts in places.items()
            }
        found = self._found[count]
        return {hashed.hex(): found[hashed] for hashed in raw & found.keys()}

    def _known_windows(self, count: int, raw: set[bytes]) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = defaultdict(list)
        if self.earlier is not None:
            for hashed, places in self.earlier._found.get(count, {}).items():
                if hashed in raw:
                    now = self._now[places]
                    found[hashed] += now[self.are_known(now, count)].tolist()
        return found

    def _runs(self, firsts: Numbers, count: int) -> Iterator[tuple[int, bytes]]:
        """Yield the runs of `count` words from some tokens on, as they are hashed."""
        starts, ends = self.offsets[firsts].tolist(), (self.offsets[firsts + count] - 1).tolist()
        joined = self.joined
        for first, start, end in zip(firsts.tolist(), starts, ends, strict=True):
            yield first, joined[start:end]

    def span(self, first: int, last: int) -> Span:
        return self.tokens[first][0], self.tokens[last - 1][1]

    def cost_beside(
        self, plain: Numbers, forked: Sequence[Node], count: int, *, ahead: bool
    ) -> int:
        """Return what `places` costs at most."""
        forks = self._forks_within(plain, count, ahead=ahead)
        ways = int(np.minimum(READINGS, 2 ** np.minimum(forks, READINGS))[forks > 0].sum())
        words = (ways + READINGS * len(forked)) * min(count, len(self))
        firsts = plain if ahead else plain - count
        found = len(plain) + len(forked)
        return self._cost_of(firsts, count) + RUN_BYTES * words + PLACE_BYTES * found

    def _forks_within(self, plain: Numbers, count: int, *, ahead: bool) -> Numbers:
        """Return how many forks are in the `count` words after, or before, each of some nodes."""
        if ahead:
            before, lasts, firsts = self._forks_from, np.minimum(plain + count, len(self)), plain
        else:
            before, lasts, firsts = self._forks_to, plain + 1, np.maximum(plain - count, -1) + 1
        forks: Numbers = before[lasts] - before[firsts]
        return forks

    def begins(self, plain: Numbers, forked: Sequence[Node]) -> set[int]:
        """Return where the words after some nodes begin."""
        found = set(self._begins[plain].tolist())
        for node in forked:
            if isinstance(node, tuple):
                found.add(self.readings.forks[node[0]].tokens[node[1]][0])
            else:
                found.add(int(self._begins[node]))
        return found

    def stops(self, plain: Numbers, forked: Sequence[Node]) -> set[int]:
        """Return where the words before some nodes may end, with or without a note mark."""
        found = set(self._stops[plain].tolist())
        noted = plain[self._forks_to[plain + 1] > self._forks_to[plain]].tolist()
        for node in (*noted, *forked):
            if isinstance(node, tuple):
                found.add(self.readings.forks[node[0]].tokens[node[1] - 1][1])
                continue
            found |= {int(self._stops[at]) for at in (node, *self.readings.notes_before(node))}
        return found

    def places(
        self, anchor: Anchor, plain: Numbers, forked: Sequence[Node], *, ahead: bool
    ) -> Iterator[Span]:
        """Yield spans with the words of an anchor that begin, or end, beside its context.

        Parameters
        ----------
        plain, forked
            The nodes beside the context, as it stands and in other readings. Of `plain`, places
            that the earlier reading has too are left out.
        """
        count = anchor.word_count
        firsts = plain if ahead else plain - count
        forks = self._forks_within(plain, count, ahead=ahead)
        is_plain = (forks == 0) & (firsts >= 0) & (firsts + count <= len(self))
        if self.earlier is not None:
            is_plain &= ~self.are_known(firsts - CONTEXT if ahead else firsts, count + CONTEXT)
        wanted = bytes.fromhex(anchor.words_sha256)
        for first, run in self._runs(firsts[is_plain], count):
            if sha256(run).digest() == wanted:
                yield self.span(first, first + count)
        read = self.readings.following if ahead else self.readings.preceding
        for node in (*plain[forks > 0].tolist(), *forked):
            for path in read(node, count):
                words = " ".join(word for _, _, word in path)
                if len(path) == count and digest(words) == anchor.words_sha256:
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


def _counts_before(places: Sequence[int], count: int) -> Numbers:
    """Return how many places are below each number from 0 to `count` + 1."""
    return np.searchsorted(np.sort(np.array(places, dtype=np.int64)), np.arange(count + 2))


def _code_points(text: Text) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.content.encode("utf-32-le", "surrogatepass"), np.uint32)
