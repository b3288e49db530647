"""Finding claims in another copy of their text by the hashes in their anchors alone.

Hashes say that words are the same, never how like they are, and nothing of passages that no claim
points at. So a place is given only where its words agree with something beside them, where they
agree and their context is nowhere else, or where as many words stand between both sides of the
context.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from claimlog.limits import HASHED_WINDOWS
from claimlog.sources.anchor import Anchor
from claimlog.sources.copy_repairs import repaired_copies
from claimlog.sources.hash_evidence import ROOM, Evidence, search_contexts, search_words
from claimlog.sources.hashed_words import HashedWords
from claimlog.sources.landmarks import Landmark, Surroundings
from claimlog.sources.placement import (
    TAKEN,
    Outcome,
    Placement,
    Span,
    overlap,
    settle_shared_places,
)
from claimlog.sources.text import Text

APART = "its words stand apart from its context"
ABSENT = "its passage does not occur"
SAME_COUNT = "as many other words stand between both sides of its context"
TOO_FEW = "so few words are no sign of it without their context"
TOO_LONG = "it is not beside its context, and the copy is too long to look further without its text"

LEAST_WORDS, LEAST_WORDS_ANYWHERE = 4, 6
"""Words from which on a passage is given a place without all of its context, and where neither
context nor neighbours say anything: fewer stand together by chance."""


def search_by_hashes(copy: Text, anchors: Sequence[Anchor]) -> list[Placement]:
    """Return the placement of every anchor in another copy of their text."""
    evidence = [Evidence() for _ in anchors]
    budget = HASHED_WINDOWS
    searched: list[HashedWords] = []
    for text in repaired_copies(copy):
        if all(one.is_settled for one in evidence):
            break
        words = HashedWords(text, searched[-1] if searched else None)
        if len(words):
            budget = search_contexts(words, anchors, evidence, budget)
            searched.append(words)
    for words in searched:
        budget = search_words(words, anchors, evidence, budget)
    own = [(anchor.start, anchor.end) for anchor in anchors]
    return settle_shared_places(_decide_all(anchors, evidence, own), own)


def _decide_all(
    anchors: Sequence[Anchor], evidence: Sequence[Evidence], own: Sequence[Span]
) -> list[Placement]:
    """Return what the evidence says of every anchor, with the sure places as landmarks."""
    landmarks = sorted(
        (
            Landmark(span, place)
            for span, one in zip(own, evidence, strict=True)
            if (place := _sure_place(one, span)) is not None
        ),
        key=lambda mark: mark.own,
    )
    return [
        _decide(
            anchor, _without_taken_places(one, span, landmarks), Surroundings.of(span, landmarks)
        )
        for anchor, one, span in zip(anchors, evidence, own, strict=True)
    ]


def _without_taken_places(one: Evidence, own: Span, landmarks: Sequence[Landmark]) -> Evidence:
    """Return the evidence of a claim without the places that are surely those of others.

    Only places without a sign of its context are left to them; claims that overlap in the source
    may do so in the copy.
    """
    taken = [
        place
        for place, sides in one.places.items()
        if not any(sides)
        and any(overlap(mark.place, place) and not overlap(mark.own, own) for mark in landmarks)
    ]
    if not taken:
        return one
    places = {place: sides for place, sides in one.places.items() if place not in taken}
    return replace(one, places=places, is_taken=not places)


def _sure_place(one: Evidence, own: Span) -> Span | None:
    """Return the place of a passage if neither its words nor its context stand elsewhere too."""
    spans = one.spans_with_sides(2)
    if len(spans) != 1 or one.spans_with_sides(1):
        return None
    [place] = spans
    return None if _homes_beside(one, place) or _standings(one, place, own) else place


def _homes_beside(one: Evidence, place: Span) -> list[Span]:
    """Return where both sides of the context stand too."""
    return [home for home in one.homes | one.rooms if not overlap(home, place)]


def _standings(one: Evidence, place: Span, own: Span) -> list[Span]:
    """Return where the passage would be by a side of its context that stands elsewhere too."""
    length = own[1] - own[0]
    begins = [(at, at + length) for at in one.before if at != place[0]]
    ends = [(at - length, at) for at in one.after if at != place[1]]
    return [standing for standing in begins + ends if not overlap(standing, place)]


def _has_room_beside(one: Evidence, place: Span, own: Span) -> bool:
    """Whether the passage, edited, may stand between a place and the side that is not beside it.

    So it is where a pull quote follows the paragraph that ends with its sentence.
    """
    before, _ = one.places[place]
    length = own[1] - own[0]
    gaps = [at - place[1] for at in one.after] if before else [place[0] - at for at in one.before]
    return any(length / ROOM <= gap <= length * ROOM for gap in gaps)


def _is_rivalled(anchor: Anchor, one: Evidence, place: Span, around: Surroundings) -> bool:
    """Whether another place may be that of the passage.

    Who repeats a passage may repeat more of its context than it has left where it stood, so that
    more agreement is no proof: only landmarks tell places apart. Three words stand together by
    chance, and so does a short passage: alone they count only where landmarks want the passage.
    """
    alike = [other for other in one.places if not overlap(other, place)]
    weak = [other for other in alike if not any(one.places[other])]
    strong = _homes_beside(one, place) + [other for other in alike if any(one.places[other])]
    if anchor.word_count >= LEAST_WORDS_ANYWHERE:
        strong += weak
    weak += _standings(one, place, around.own)
    if sum(one.places[place]) == 1 and _has_room_beside(one, place, around.own):
        return True
    return any(not around.tell_apart(place, other) for other in strong) or any(
        around.are_unknown or around.prefer(other, place) for other in weak
    )


def _decide(anchor: Anchor, one: Evidence, around: Surroundings) -> Placement:
    """Return what the evidence says of one anchor."""
    homes = [home for home in one.homes if home not in one.places]
    homes = homes if len(homes) < 2 else list(filter(around.hold, homes))
    if anchor.word_count < LEAST_WORDS_ANYWHERE:
        homes = [home for home in homes if around.enclose(home) or around.expect(home)]
    changed = Placement(Outcome.CHANGED, homes[0], SAME_COUNT, 2.0) if len(homes) == 1 else None
    for sides in (2, 1):
        if not (spans := one.spans_with_sides(sides)):
            continue
        if len(spans) > 1:
            return Placement(Outcome.AMBIGUOUS, reason=f"it stands in {len(spans)} places")
        place = spans[0]
        if sides == 1 and anchor.word_count < LEAST_WORDS and not around.enclose(place):
            return Placement(Outcome.AMBIGUOUS, reason=TOO_FEW)
        if not _is_rivalled(anchor, one, place, around):
            return Placement(Outcome.FOUND, place, "", 2.0 + sides)
        if changed and around.enclose(homes[0]) and around.prefer(homes[0], place):
            return changed
        return Placement(Outcome.AMBIGUOUS, reason=APART)
    if changed:
        return changed
    if one.homes:
        return Placement(Outcome.AMBIGUOUS, reason=f"its context stands in {len(one.homes)} places")
    if len(one.places) > 1:
        return Placement(Outcome.AMBIGUOUS, reason=f"its words stand in {len(one.places)} places")
    if one.places:
        return _decide_without_context(anchor, one, next(iter(one.places)), around)
    if one.is_taken:
        return Placement(Outcome.ORPHANED, reason=TAKEN)
    return Placement(Outcome.ORPHANED, reason=ABSENT if one.is_complete else TOO_LONG)


def _decide_without_context(
    anchor: Anchor, one: Evidence, span: Span, around: Surroundings
) -> Placement:
    """Return what it says that the words stand in one place, with other words around them."""
    if anchor.word_count < LEAST_WORDS:
        return Placement(Outcome.AMBIGUOUS, reason=TOO_FEW)
    if not one.is_complete:
        return Placement(Outcome.AMBIGUOUS, reason=TOO_LONG)
    far = ROOM * (span[1] - span[0])
    is_between = any(0 <= span[0] - at <= far for at in one.before) and any(
        0 <= at - span[1] <= far for at in one.after
    )
    is_likely = around.are_unknown and anchor.word_count >= LEAST_WORDS_ANYWHERE
    is_alone = is_likely and not one.before and not one.after
    is_cut_out = one.is_closed and len(one.before) == len(one.after) == 1
    if is_between or is_cut_out or is_alone:
        return Placement(Outcome.MOVED, span, "", 1.0)
    return Placement(Outcome.AMBIGUOUS, reason=APART)
