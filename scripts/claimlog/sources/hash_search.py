"""Finding claims in another copy of their text by the hashes in their anchors alone.

Hashes say that words are the same, never how like they are, and nothing of passages that no claim
points at. So a place is given only where its words agree with something beside them, where they
agree and their context is nowhere else, or where as many words stand between both sides of the
context.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from claimlog.limits import HASHED_WINDOWS
from claimlog.sources.anchor import CONTEXT, Anchor
from claimlog.sources.placement import Outcome, Placement, Span, overlap, settle_shared_places
from claimlog.sources.readings import readings
from claimlog.sources.text import Text

LEAST_WORDS = 4
"""Words from which on a passage is given a place without its context: fewer stand anywhere."""

ROOM = 1.5
"""How many times its length may stand between a passage and its context, if that is not beside."""


@dataclass
class Evidence:
    """What the readings of a copy show of one anchor.

    ``places`` are the spans with its words, with whether context agrees before and after them;
    ``homes`` those between both sides of its context that have as many words, ``rooms`` those that
    have about as many; ``before`` are the ends of its context before, ``after`` the starts of that
    after; ``is_closed`` says that both stand side by side, without a passage between them.
    """

    places: dict[Span, tuple[bool, bool]] = field(default_factory=dict)
    homes: set[Span] = field(default_factory=set)
    rooms: set[Span] = field(default_factory=set)
    before: set[int] = field(default_factory=set)
    after: set[int] = field(default_factory=set)
    is_closed: bool = False
    is_complete: bool = True

    @property
    def is_settled(self) -> bool:
        return bool(self.homes) or any(any(sides) for sides in self.places.values())


class HashedWords:
    """The words of a reading, hashed as anchors hash them, with a budget of hashes."""

    def __init__(self, reading: Text) -> None:
        self.tokens = reading.tokens
        self.joined = " ".join(word for _, _, word in self.tokens).encode()
        self.starts = [0]
        for _, _, word in self.tokens:
            self.starts.append(self.starts[-1] + len(word.encode()) + 1)

    def __len__(self) -> int:
        return len(self.tokens)

    def digest(self, first: int, last: int) -> str:
        """Return the hash of the words from `first` to before `last`."""
        return sha256(self.joined[self.starts[first] : max(0, self.starts[last] - 1)]).hexdigest()

    def windows(self, count: int, wanted: set[str]) -> dict[str, list[int]]:
        """Return where runs of `count` words with a wanted hash begin."""
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

    def sides(self, anchor: Anchor, first: int, last: int) -> tuple[bool, bool]:
        """Return whether the context before, and that after, some words agrees."""
        before = (self.digest(max(0, first - n), first) for n in range(CONTEXT, 0, -1))
        after = (self.digest(last, min(len(self), last + n)) for n in range(CONTEXT, 0, -1))
        return (
            anchor.before_sha256 in before or (first == 0 and anchor.before_sha256 == EMPTY),
            anchor.after_sha256 in after or (last == len(self) and anchor.after_sha256 == EMPTY),
        )


EMPTY = sha256(b"").hexdigest()


def search_by_hashes(copy: Text, anchors: Sequence[Anchor]) -> list[Placement]:
    """Return the placement of every anchor in another copy of their text."""
    evidence = [Evidence() for _ in anchors]
    budget = HASHED_WINDOWS
    unscanned: list[HashedWords] = []
    for reading in readings(copy):
        words = HashedWords(reading)
        open_anchors = [at for at, one in enumerate(evidence) if not one.is_settled]
        if not open_anchors:
            break
        budget = _search_contexts(words, anchors, evidence, budget)
        unscanned.append(words)
    for words in unscanned:
        budget = _scan(words, anchors, evidence, budget)
    placements = [_decide(anchor, one) for anchor, one in zip(anchors, evidence, strict=True)]
    own = [(anchor.start, anchor.end) for anchor in anchors]
    return _keep_order(settle_shared_places(placements, own), own)


def _search_contexts(
    words: HashedWords, anchors: Sequence[Anchor], evidence: Sequence[Evidence], budget: int
) -> int:
    """Add what stands beside the contexts of anchors; return what is left of the budget."""
    contexts = {one for item in anchors for one in (item.before_sha256, item.after_sha256)}
    triples = words.windows(CONTEXT, contexts - {EMPTY})
    for anchor, one in zip(anchors, evidence, strict=True):
        count = anchor.word_count
        starts = [first + CONTEXT for first in triples.get(anchor.before_sha256, ())]
        ends = list(triples.get(anchor.after_sha256, ()))
        one.before.update(words.tokens[first - 1][1] for first in starts)
        one.after.update(words.tokens[last][0] for last in ends)
        for first in {*starts, *(last - count for last in ends)}:
            if first < 0 or first + count > len(words):
                continue
            budget -= 1
            if budget < 0:
                one.is_complete = False
                break
            last = first + count
            if words.digest(first, last) == anchor.words_sha256:
                _add_place(one, words.span(first, last), words.sides(anchor, first, last))
        _add_rooms(words, one, starts, ends, count)
    return budget


def _add_rooms(
    words: HashedWords, one: Evidence, starts: Sequence[int], ends: Sequence[int], count: int
) -> None:
    """Add what stands between both sides of a context, in order and not far apart."""
    for first in starts:
        at = bisect_left(ends, first)
        if at == len(ends):
            continue
        between = ends[at] - first
        one.is_closed = one.is_closed or between == 0
        if between and count / ROOM <= between <= count * ROOM:
            (one.homes if between == count else one.rooms).add(words.span(first, ends[at]))


def _add_place(one: Evidence, span: Span, sides: tuple[bool, bool]) -> None:
    before, after = one.places.get(span, (False, False))
    one.places[span] = (before or sides[0], after or sides[1])


def _scan(
    words: HashedWords, anchors: Sequence[Anchor], evidence: Sequence[Evidence], budget: int
) -> int:
    """Look for the words of anchors without a sign of them in all of a reading."""
    counts: dict[int, list[int]] = defaultdict(list)
    for at, one in enumerate(evidence):
        if not one.is_settled:
            counts[anchors[at].word_count].append(at)
    for count, members in sorted(counts.items(), key=lambda item: (-len(item[1]), item[0])):
        if budget < len(words):
            for at in members:
                evidence[at].is_complete = False
            continue
        budget -= len(words)
        found = words.windows(count, {anchors[at].words_sha256 for at in members})
        for at in members:
            for first in found.get(anchors[at].words_sha256, ()):
                last = first + count
                sides = words.sides(anchors[at], first, last)
                _add_place(evidence[at], words.span(first, last), sides)
    return budget


def _decide(anchor: Anchor, one: Evidence) -> Placement:
    """Return what the evidence of one anchor says, the other anchors left aside."""
    for sides, strength in ((2, 4.0), (1, 3.0)):
        spans = [span for span, agree in one.places.items() if sum(agree) == sides]
        rivals = [
            room for room in one.homes | one.rooms if not any(overlap(room, span) for span in spans)
        ]
        if sides == 1 and spans and rivals:
            return Placement(Outcome.AMBIGUOUS, reason="its words and its context stand apart")
        if len(spans) == 1:
            return Placement(Outcome.FOUND, spans[0], "", strength)
        if spans:
            return Placement(Outcome.AMBIGUOUS, reason=f"it stands in {len(spans)} places")
    if len(one.homes) == 1:
        reason = "as many other words stand between both sides of its context"
        return Placement(Outcome.CHANGED, next(iter(one.homes)), reason, 2.0)
    if one.homes:
        return Placement(Outcome.AMBIGUOUS, reason=f"its context stands in {len(one.homes)} places")
    if len(one.places) > 1:
        return Placement(Outcome.AMBIGUOUS, reason=f"its words stand in {len(one.places)} places")
    if one.places:
        return _decide_without_context(anchor, one, next(iter(one.places)))
    return Placement(
        Outcome.ORPHANED,
        reason="its passage does not occur"
        if one.is_complete
        else "it is not beside its context, and the copy is too long to look further without the "
        "coded text",
    )


def _decide_without_context(anchor: Anchor, one: Evidence, span: Span) -> Placement:
    """Return what it says that the words stand in one place, with other words around them."""
    if anchor.word_count < LEAST_WORDS:
        reason = "so few words are no sign of it without their context"
        return Placement(Outcome.AMBIGUOUS, reason=reason)
    if not one.is_complete:
        reason = "its context does not agree, and the copy is too long to look for other places"
        return Placement(Outcome.AMBIGUOUS, reason=reason)
    far = ROOM * (span[1] - span[0])
    is_between = any(0 <= span[0] - end <= far for end in one.before) and any(
        0 <= start - span[1] <= far for start in one.after
    )
    if is_between or one.is_closed:
        return Placement(Outcome.MOVED, span, "", 1.5)
    if one.before or one.after:
        return Placement(Outcome.AMBIGUOUS, reason="its words and its context stand apart")
    return Placement(Outcome.MOVED, span, "", 1.0)


def _keep_order(placements: Sequence[Placement], own: Sequence[Span]) -> list[Placement]:
    """Withdraw places that rest on words alone and are not between those of their neighbours."""
    kept = list(placements)
    order = sorted(range(len(own)), key=own.__getitem__)
    sure = [at for at in order if placements[at].outcome is Outcome.FOUND]
    starts = [own[at] for at in sure]
    for at in order:
        span = placements[at].span
        if span is None or placements[at].strength != 1.0:
            continue
        rank = bisect_left(starts, own[at])
        earlier = placements[sure[rank - 1]].span if rank else None
        later = placements[sure[rank]].span if rank < len(sure) else None
        if (earlier and earlier[0] > span[0]) or (later and later[0] < span[0]):
            reason = "its words stand elsewhere than its neighbours tell"
            kept[at] = Placement(Outcome.AMBIGUOUS, reason=reason)
    return kept
