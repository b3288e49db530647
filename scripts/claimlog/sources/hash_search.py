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
from math import inf

from claimlog.limits import HASHED_WINDOWS
from claimlog.sources.anchor import CONTEXT, Anchor
from claimlog.sources.placement import Outcome, Placement, Span, overlap, settle_shared_places
from claimlog.sources.readings import readings
from claimlog.sources.text import Text

APART = "its words stand apart from its context"
ABSENT = "its passage does not occur"
SAME_COUNT = "as many other words stand between both sides of its context"
TOO_LONG = "it is not beside its context, and the copy is too long to look further without its text"

LEAST_WORDS = 4
"""Words from which on a passage is given a place without its context: fewer stand anywhere."""

ROOM = 1.5
"""How many times its length may stand between a passage and its context, if that is not beside."""


@dataclass
class Evidence:
    """What the readings of a copy show of one anchor.

    ``places`` are the spans with its words, with whether context agrees before and after them;
    ``homes`` those between both sides of its context that have as many words, ``rooms`` those that
    have about as many; ``before`` are
    where it would begin after its context, ``after`` where it would end before it; ``is_closed`` says that both stand side by side, without a passage between them.
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

    def spans_with_sides(self, count: int) -> list[Span]:
        """Return the places with as many sides of the context."""
        return [span for span, sides in self.places.items() if sum(sides) == count]

    def rivals(self, span: Span) -> list[Span]:
        """Return where the context that agrees with one side of a place stands without it."""
        before, after = self.places[span]
        alone = [
            *((at, at) for at in self.before if before and at != span[0]),
            *((at, at) for at in self.after if after and at != span[1]),
        ]
        rooms = [room for room in self.homes | self.rooms if not overlap(room, span)]
        return rooms + alone


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
    own = [(anchor.start, anchor.end) for anchor in anchors]
    return settle_shared_places(_decide_all(anchors, evidence, own), own)


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
        one.before.update(words.tokens[first][0] for first in starts if first < len(words))
        one.after.update(words.tokens[last - 1][1] for last in ends if last)
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


def _decide_all(
    anchors: Sequence[Anchor], evidence: Sequence[Evidence], own: Sequence[Span]
) -> list[Placement]:
    """Return what the evidence says of every anchor, with the sure places as landmarks."""
    sure = sorted(
        (own[at], spans[0])
        for at, one in enumerate(evidence)
        if len(spans := one.spans_with_sides(2)) == 1
    )
    starts = [span for span, _ in sure]
    placements = []
    for anchor, one, span in zip(anchors, evidence, own, strict=True):
        rank = bisect_left(starts, span)
        low = sure[rank - 1][1][0] if rank else 0
        high = sure[rank][1][1] if rank < len(sure) else inf
        placements.append(_decide(anchor, one, (low, high) if low <= high else (0, inf)))
    return placements


def _decide(anchor: Anchor, one: Evidence, room: tuple[float, float]) -> Placement:
    """Return what the evidence says of one anchor.

    Parameters
    ----------
    room
        Where the sure places of its neighbours in the source leave room for it.
    """

    def fits(span: Span) -> bool:
        return room[0] <= span[0] and span[1] <= room[1]

    if spans := one.spans_with_sides(2):
        if len(spans) == 1:
            return Placement(Outcome.FOUND, spans[0], "", 4.0)
        return Placement(Outcome.AMBIGUOUS, reason=f"it stands in {len(spans)} places")
    homes = [home for home in one.homes if home not in one.places]
    homes = homes if len(homes) < 2 else list(filter(fits, homes))
    changed = Placement(Outcome.CHANGED, homes[0], SAME_COUNT, 2.0) if len(homes) == 1 else None
    if spans := one.spans_with_sides(1):
        if len(spans) > 1:
            return Placement(Outcome.AMBIGUOUS, reason=f"it stands in {len(spans)} places")
        rivals = one.rivals(spans[0])
        if not rivals or (fits(spans[0]) and not any(map(fits, rivals))):
            return Placement(Outcome.FOUND, spans[0], "", 3.0)
        if changed and fits(homes[0]) and not fits(spans[0]):
            return changed
        return Placement(Outcome.AMBIGUOUS, reason=APART)
    if changed:
        return changed
    if one.homes:
        return Placement(Outcome.AMBIGUOUS, reason=f"its context stands in {len(one.homes)} places")
    if len(one.places) > 1:
        return Placement(Outcome.AMBIGUOUS, reason=f"its words stand in {len(one.places)} places")
    if one.places:
        return _decide_without_context(anchor, one, next(iter(one.places)), room)
    return Placement(Outcome.ORPHANED, reason=ABSENT if one.is_complete else TOO_LONG)


def _decide_without_context(
    anchor: Anchor, one: Evidence, span: Span, room: tuple[float, float]
) -> Placement:
    """Return what it says that the words stand in one place, with other words around them."""
    if anchor.word_count < LEAST_WORDS:
        reason = "so few words are no sign of it without their context"
        return Placement(Outcome.AMBIGUOUS, reason=reason)
    if not one.is_complete:
        return Placement(Outcome.AMBIGUOUS, reason=TOO_LONG)
    far = ROOM * (span[1] - span[0])
    is_between = any(0 <= span[0] - at <= far for at in one.before) and any(
        0 <= at - span[1] <= far for at in one.after
    )
    is_in_order = room[0] <= span[0] and span[1] <= room[1]
    if is_between or one.is_closed or (is_in_order and not one.before and not one.after):
        return Placement(Outcome.MOVED, span, "", 1.0)
    return Placement(Outcome.AMBIGUOUS, reason=APART)
