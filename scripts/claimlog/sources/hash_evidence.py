"""What the hashes of a copy's words show of anchors: places, and where contexts stand.

The search is bounded: every function takes a budget, and says of what it does not suffice for that
its evidence is not complete.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from claimlog.sources.anchor import CONTEXT, Anchor
from claimlog.sources.hashed_words import NOWHERE, HashedWords, Numbers
from claimlog.sources.placement_outcome import Span
from claimlog.sources.search_budget import (
    COUNTING_BYTES,
    PLACE_BYTES,
    RUN_BYTES,
    SearchBudget,
)
from claimlog.sources.text import digest
from claimlog.sources.word_readings import Node

EMPTY = sha256(b"").hexdigest()
FORKS = 20_000
"""Places with several readings up to which runs of words that cross them are hashed too."""

ROOM = 1.5
"""How many times its length may stand between a passage and its context, if that is not beside."""


@dataclass
class Evidence:
    """What the readings of a copy show of one anchor.

    ``places`` are the spans with its words, with whether context agrees before and after them;
    ``homes`` those between both sides of its context that have as many words, each with where it
    begins and ends with its context, ``rooms`` those that have about as many; ``before`` are where
    the passage would begin after its context, ``after`` where it would end before it;
    ``is_closed`` says that both stand side by side, without a passage between them, ``is_taken``
    that every place with its words is another claim's.
    """

    places: dict[Span, tuple[bool, bool]] = field(default_factory=dict)
    homes: dict[Span, Span] = field(default_factory=dict)
    rooms: set[Span] = field(default_factory=set)
    before: set[int] = field(default_factory=set)
    after: set[int] = field(default_factory=set)
    is_closed: bool = False
    is_taken: bool = False
    is_complete: bool = True

    @property
    def is_settled(self) -> bool:
        is_home_alone = bool(self.homes) and not self.places
        return is_home_alone or any(all(sides) for sides in self.places.values())

    def spans_with_sides(self, count: int) -> list[Span]:
        """Return the places with as many sides of the context."""
        return [span for span, sides in self.places.items() if sum(sides) == count]


class Standings(NamedTuple):
    """Where a context stands: before which nodes it begins or ends, as it stands or read anew."""

    plain: Numbers
    forked: list[Node]


NO_STANDINGS = Standings(np.array([], dtype=np.int64), [])


def search_contexts(
    words: HashedWords,
    anchors: Sequence[Anchor],
    evidence: Sequence[Evidence],
    budget: SearchBudget,
) -> None:
    """Add what stands beside the contexts of anchors."""
    if not budget.take(words.cost(CONTEXT)):
        _leave_incomplete(evidence)
        return
    wanted = {one for item in anchors for one in (item.before_sha256, item.after_sha256)} - {EMPTY}
    # the passages that are as long as a context are hashed in one go with it
    passages = {one.words_sha256 for one in anchors if one.word_count == CONTEXT}
    windows = words.windows(CONTEXT, wanted | passages)
    begins = {one: Standings(windows[one], []) for one in wanted & windows.keys()}
    ends = {one: Standings(plain + CONTEXT, []) for one, (plain, _) in begins.items()}
    if len(words.readings.forks) <= FORKS:
        for path, node, end in words.readings.forked_windows(CONTEXT):
            if not budget.take(_path_cost(CONTEXT)):
                _leave_incomplete(evidence)
                break
            if (context := digest(" ".join(word for _, _, word in path))) in wanted:
                begins.setdefault(context, Standings(NO_STANDINGS.plain, [])).forked.append(node)
                ends.setdefault(context, Standings(NO_STANDINGS.plain, [])).forked.append(end)
    for anchor, one in zip(anchors, evidence, strict=True):
        after_before = ends.get(anchor.before_sha256, NO_STANDINGS)
        before_after = begins.get(anchor.after_sha256, NO_STANDINGS)
        cost = words.cost_beside(*after_before, anchor.word_count, ahead=True)
        cost += words.cost_beside(*before_after, anchor.word_count, ahead=False)
        if not budget.take(cost):
            one.is_complete = False
            continue
        one.before |= words.begins(*after_before)
        one.after |= words.stops(*before_after)
        spans = set(words.places(anchor, *after_before, ahead=True))
        spans.update(words.places(anchor, *before_after, ahead=False))
        for span in spans | one.places.keys():
            _add_place(words, anchor, one, span)
        _add_rooms(words, one, after_before, before_after, anchor.word_count)


def _path_cost(count: int) -> int:
    """Return what a reading of so many words costs, with the one that crosses no fork."""
    return 2 * count * RUN_BYTES


def _leave_incomplete(evidence: Sequence[Evidence]) -> None:
    for one in evidence:
        one.is_complete = False


def _add_rooms(
    words: HashedWords, one: Evidence, starts: Standings, ends: Standings, count: int
) -> None:
    """Add what stands between both sides of a context, in order and not far apart."""
    firsts, lasts = (
        np.union1d(
            nodes.plain,
            np.array([node for node in nodes.forked if isinstance(node, int)], dtype=np.int64),
        )
        for nodes in (starts, ends)
    )
    least = firsts + math.ceil(count / ROOM)
    at = np.searchsorted(lasts, least)
    is_near = np.append(lasts, NOWHERE)[at] - firsts <= count * ROOM
    is_near &= at < len(lasts)
    for first, last in zip(firsts[is_near].tolist(), lasts[at[is_near]].tolist(), strict=True):
        one.rooms.add(words.span(first, last))
    for first in np.intersect1d(firsts + count, lasts).tolist():
        home = first - count, first
        context = max(0, home[0] - CONTEXT), min(len(words), first + CONTEXT)
        one.homes[words.span(*home)] = words.span(*context)
    one.is_closed = one.is_closed or len(np.intersect1d(firsts, lasts)) > 0


def _add_place(words: HashedWords, anchor: Anchor, one: Evidence, span: Span) -> None:
    sides = span[0] in one.before, span[1] in one.after
    if any(sides):  # so few words as stand at the ends of a text are no sign by themselves
        short = words.has_short_context(anchor, span)
        sides = sides[0] or short[0], sides[1] or short[1]
    before, after = one.places.get(span, (False, False))
    one.places[span] = before or sides[0], after or sides[1]


def search_words(
    words: HashedWords,
    anchors: Sequence[Anchor],
    evidence: Sequence[Evidence],
    budget: SearchBudget,
) -> None:
    """Look for the words of anchors without a sign of them in all of a reading."""
    counts: dict[int, list[int]] = defaultdict(list)
    for at, one in enumerate(evidence):
        if not one.is_settled:
            counts[anchors[at].word_count].append(at)
    for count, members in sorted(counts.items(), key=lambda item: (-len(item[1]), item[0])):
        is_counted = budget.take(COUNTING_BYTES * len(words))
        if not is_counted or not budget.take(words.cost(count)):
            _leave_incomplete([evidence[at] for at in members])
            continue
        found = words.windows(count, {anchors[at].words_sha256 for at in members})
        for at in members:
            firsts = found.get(anchors[at].words_sha256, ())
            if not budget.take(PLACE_BYTES * len(firsts)):
                evidence[at].is_complete = False
                continue
            for first in firsts:
                _add_place(words, anchors[at], evidence[at], words.span(first, first + count))
        if len(words.readings.forks) * count <= FORKS:
            for path, _, _ in words.readings.forked_windows(count):
                if not budget.take(_path_cost(count)):
                    _leave_incomplete([evidence[at] for at in members])
                    break
                hashed = digest(" ".join(word for _, _, word in path))
                for at in members:
                    if hashed == anchors[at].words_sha256:
                        _add_place(words, anchors[at], evidence[at], (path[0][0], path[-1][1]))
