"""Finding claims in another copy of their text by the hashes in their anchors alone.

Hashes say that words are the same, never how like they are, and nothing of passages that no claim
points at. So a place is given only where its words agree with something beside them, where they
agree and their context is nowhere else, or where as many words stand between both sides of the
context.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import inf

from claimlog.limits import HASHED_WINDOWS
from claimlog.sources.anchor import CONTEXT, Anchor
from claimlog.sources.copy_repairs import repaired_copies
from claimlog.sources.placement import Outcome, Placement, Span, overlap, settle_shared_places
from claimlog.sources.readings import Node
from claimlog.sources.text import Text, digest

APART = "its words stand apart from its context"
ABSENT = "its passage does not occur"
SAME_COUNT = "as many other words stand between both sides of its context"
TOO_LONG = "it is not beside its context, and the copy is too long to look further without its text"

LEAST_WORDS = 4
"""Words from which on a passage is given a place without its context: fewer stand anywhere."""

FORKS = 20_000
"""Places with several readings up to which runs of words that cross them are hashed too."""

WIDENING, BLOCK = 1.5, 600
"""How far apart two neighbours may be in a copy to be neighbours still: their distance in the
source so many times, and the characters of an advert."""

ROOM = 1.5
"""How many times its length may stand between a passage and its context, if that is not beside."""


@dataclass
class Evidence:
    """What the readings of a copy show of one anchor.

    ``places`` are the spans with its words, with whether context agrees before and after them;
    ``homes`` those between both sides of its context that have as many words, ``rooms`` those that
    have about as many; ``before`` are
    where the passage would begin after its context, ``after`` where it would end before it;
    ``is_closed`` says that both stand side by side, without a passage between them.
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
        """Return where the context of a place stands without its words.

        Three words stand together by chance: one side alone counts only against a place that has
        no more than that side itself.
        """
        before, after = self.places[span]
        found = [room for room in self.homes | self.rooms if not overlap(room, span)]
        if before != after:
            begins_or_ends = (self.before, span[0]) if before else (self.after, span[1])
            found += ((at, at) for at in begins_or_ends[0] if at != begins_or_ends[1])
        return found


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
        """Return whether less context than usual, as at the ends of a text, agrees."""
        first = bisect_left(self.tokens, (span[0],))
        last = bisect_left(self.tokens, (span[1],))
        before = [self._digest(max(0, first - n), first) for n in range(1, CONTEXT)]
        after = [self._digest(last, min(len(self), last + n)) for n in range(1, CONTEXT)]
        return (
            anchor.before_sha256 in before and (anchor.before_sha256 != EMPTY or first == 0),
            anchor.after_sha256 in after and (anchor.after_sha256 != EMPTY or last == len(self)),
        )

    def _digest(self, first: int, last: int) -> str:
        return digest(" ".join(word for _, _, word in self.tokens[first:last]))


EVERYWHERE = (0, inf)
EMPTY = sha256(b"").hexdigest()


def search_by_hashes(copy: Text, anchors: Sequence[Anchor]) -> list[Placement]:
    """Return the placement of every anchor in another copy of their text."""
    evidence = [Evidence() for _ in anchors]
    budget = HASHED_WINDOWS
    searched: list[HashedWords] = []
    for text in repaired_copies(copy):
        if all(one.is_settled for one in evidence):
            break
        words = HashedWords(text)
        if len(words):
            budget = _search_contexts(words, anchors, evidence, budget)
            searched.append(words)
    for words in searched:
        budget = _scan(words, anchors, evidence, budget)
    own = [(anchor.start, anchor.end) for anchor in anchors]
    return settle_shared_places(_decide_all(anchors, evidence, own), own)


def _search_contexts(
    words: HashedWords, anchors: Sequence[Anchor], evidence: Sequence[Evidence], budget: int
) -> int:
    """Add what stands beside the contexts of anchors; return what is left of the budget."""
    wanted = {one for item in anchors for one in (item.before_sha256, item.after_sha256)} - {EMPTY}
    begins: dict[str, list[Node]] = defaultdict(list)
    ends: dict[str, list[Node]] = defaultdict(list)
    triples = words.windows(CONTEXT, wanted)
    for context, firsts in triples.items():
        begins[context] += firsts
        ends[context] += [first + CONTEXT for first in firsts]
    budget -= len(words)
    if len(words.readings.forks) <= FORKS:
        for path, node, end in words.readings.forked_windows(CONTEXT):
            if (context := digest(" ".join(word for _, _, word in path))) in wanted:
                begins[context].append(node)
                ends[context].append(end)
    for anchor, one in zip(anchors, evidence, strict=True):
        after_before, before_after = ends[anchor.before_sha256], begins[anchor.after_sha256]
        one.before.update(map(words.begins, after_before))
        for node in before_after:
            one.after |= words.ends(node)
        budget -= len(after_before) + len(before_after)
        if budget < 0:
            one.is_complete = False
            continue
        spans = {span for node in after_before for span in words.places(anchor, node, ahead=True)}
        for node in before_after:
            spans.update(words.places(anchor, node, ahead=False))
        for span in spans:
            _add_place(words, anchor, one, span)
        linear = [node for node in before_after if isinstance(node, int)]
        starts = [node for node in after_before if isinstance(node, int)]
        _add_rooms(words, one, starts, linear, anchor.word_count)
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


def _add_place(words: HashedWords, anchor: Anchor, one: Evidence, span: Span) -> None:
    short = words.has_short_context(anchor, span)
    sides = span[0] in one.before or short[0], span[1] in one.after or short[1]
    before, after = one.places.get(span, (False, False))
    one.places[span] = before or sides[0], after or sides[1]


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
                _add_place(words, anchors[at], evidence[at], words.span(first, first + count))
        if len(words.readings.forks) * count <= FORKS:
            for path, _, _ in words.readings.forked_windows(count):
                hashed = digest(" ".join(word for _, _, word in path))
                for at in members:
                    if hashed == anchors[at].words_sha256:
                        _add_place(words, anchors[at], evidence[at], (path[0][0], path[-1][1]))
    return budget


def _decide_all(
    anchors: Sequence[Anchor], evidence: Sequence[Evidence], own: Sequence[Span]
) -> list[Placement]:
    """Return what the evidence says of every anchor, with the sure places as landmarks."""
    sure = sorted(
        (own[at], spans[0])
        for at, one in enumerate(evidence)
        if len(spans := one.spans_with_sides(2)) == 1
        and not one.rivals(spans[0])
        and not one.spans_with_sides(1)
    )
    starts = [span for span, _ in sure]
    placements = []
    for anchor, one, span in zip(anchors, evidence, own, strict=True):
        rank = bisect_left(starts, span)
        room: tuple[float, float] = EVERYWHERE
        if 0 < rank < len(sure):
            (earlier, low), (later, high) = sure[rank - 1], sure[rank]
            if 0 <= high[1] - low[0] <= WIDENING * (later[1] - earlier[0]) + BLOCK:
                room = low[0], high[1]
        placements.append(_decide(anchor, one, room))
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

    homes = [home for home in one.homes if home not in one.places]
    homes = homes if len(homes) < 2 else list(filter(fits, homes))
    changed = Placement(Outcome.CHANGED, homes[0], SAME_COUNT, 2.0) if len(homes) == 1 else None
    for sides in (2, 1):
        if not (spans := one.spans_with_sides(sides)):
            continue
        if len(spans) > 1:
            return Placement(Outcome.AMBIGUOUS, reason=f"it stands in {len(spans)} places")
        place = spans[0]
        rivals = one.rivals(place)
        if sides == 2 and room != EVERYWHERE and not fits(place):
            rivals = rivals + one.spans_with_sides(1)
        if room != EVERYWHERE and (sides == 2 or fits(place)):
            rivals = list(filter(fits, rivals))
        if not rivals:
            return Placement(Outcome.FOUND, place, "", 2.0 + sides)
        if changed and fits(homes[0]) and not fits(place):
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
