"""Finding claims in another copy of their text by the hashes in their anchors alone.

Hashes say that words are the same, never how like they are, and nothing of passages that no claim
points at. So evidence is gathered of all claims, those whose place is sure are landmarks, and the
others are decided by their evidence and by the landmarks beside them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from claimlog.limits import HASHED_BYTES, PASSAGE_WORDS
from claimlog.sources.anchor import Anchor
from claimlog.sources.copy_repairs import repaired_copies
from claimlog.sources.hash_decision import Decision, sure_place
from claimlog.sources.hash_evidence import Evidence, search_contexts, search_words
from claimlog.sources.hashed_words import HashedWords
from claimlog.sources.neighbouring_claims import Landmark, Surroundings
from claimlog.sources.placement_outcome import (
    TOO_WORDY,
    Placement,
    Span,
    overlap,
    settle_shared_places,
)
from claimlog.sources.repetitions import Repetitions
from claimlog.sources.search_budget import SearchBudget
from claimlog.sources.text import Text


def search_by_hashes(
    copy: Text, anchors: Sequence[Anchor], hashed_bytes: int = HASHED_BYTES
) -> list[Placement]:
    """Return the placement of every anchor in another copy of their text.

    Parameters
    ----------
    hashed_bytes
        What the search may cost, for all anchors together. Those that it does not suffice for,
        and those of more words than are looked for in any text, are unchecked.
    """
    short = [one for one in anchors if one.word_count <= PASSAGE_WORDS]
    placements = iter(_search(copy, short, SearchBudget(hashed_bytes)))
    return [next(placements) if one.word_count <= PASSAGE_WORDS else TOO_WORDY for one in anchors]


def _search(copy: Text, anchors: Sequence[Anchor], budget: SearchBudget) -> list[Placement]:
    evidence = [Evidence() for _ in anchors]
    searched: list[HashedWords] = []
    for text in repaired_copies(copy):
        if all(one.is_settled for one in evidence):
            break
        words = HashedWords(text, searched[-1] if searched else None)
        if len(words):
            search_contexts(words, anchors, evidence, budget)
            searched.append(words)
    for words in searched:
        search_words(words, anchors, evidence, budget)
    own = [(anchor.start, anchor.end) for anchor in anchors]
    repetitions = Repetitions(searched[0].text if searched else copy, budget)
    return settle_shared_places(_decide_all(anchors, evidence, own, repetitions), own)


def _decide_all(
    anchors: Sequence[Anchor],
    evidence: Sequence[Evidence],
    own: Sequence[Span],
    repetitions: Repetitions,
) -> list[Placement]:
    """Return what the evidence says of every anchor, with the sure places as landmarks."""
    landmarks = sorted(
        (
            Landmark(span, place)
            for span, one in zip(own, evidence, strict=True)
            if (place := sure_place(one, repetitions)) is not None
        ),
        key=lambda mark: mark.own,
    )
    by_place = sorted(landmarks, key=lambda mark: mark.place)
    return [
        Decision(
            anchor,
            _without_taken_places(one, span, by_place),
            Surroundings.of(span, landmarks),
            repetitions,
        ).placement()
        for anchor, one, span in zip(anchors, evidence, own, strict=True)
    ]


def _without_taken_places(one: Evidence, own: Span, landmarks: Sequence[Landmark]) -> Evidence:
    """Return the evidence of a claim without the places that are surely those of others.

    Only places without a sign of its context are left to them; claims that overlap in the source
    may do so in the copy.

    Parameters
    ----------
    landmarks
        In the order of their places in the copy.
    """
    bare = [place for place, sides in one.places.items() if not any(sides)]
    if not bare:
        return one
    others = [mark.place for mark in landmarks if not overlap(mark.own, own)]
    starts = [start for start, _ in others]
    reached = [*accumulate((end for _, end in others), max)]  # by those that begin before

    def is_taken(place: Span) -> bool:
        count = bisect_left(starts, place[1])
        return count > 0 and reached[count - 1] > place[0]

    taken = {place for place in bare if is_taken(place)}
    if not taken:
        return one
    places = {place: sides for place, sides in one.places.items() if place not in taken}
    return replace(one, places=places, is_taken=not places)
