"""Finding claims in another copy of their text by the hashes in their anchors alone.

Hashes say that words are the same, never how like they are, and nothing of passages that no claim
points at. So a place is given only where its words agree with something beside them, where they
agree and their context is nowhere else, or where as many words stand between both sides of the
context.
"""

from __future__ import annotations

from collections.abc import Sequence

from claimlog.limits import HASHED_WINDOWS
from claimlog.sources.anchor import Anchor
from claimlog.sources.copy_repairs import repaired_copies
from claimlog.sources.hash_evidence import ROOM, Evidence, search_contexts, search_words
from claimlog.sources.hashed_words import HashedWords
from claimlog.sources.landmarks import Landmark, Surroundings
from claimlog.sources.placement import Outcome, Placement, Span, overlap, settle_shared_places
from claimlog.sources.text import Text

APART = "its words stand apart from its context"
ABSENT = "its passage does not occur"
SAME_COUNT = "as many other words stand between both sides of its context"
TOO_LONG = "it is not beside its context, and the copy is too long to look further without its text"

LEAST_WORDS = 4
"""Words from which on a passage is given a place without its context: fewer stand anywhere."""


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
        _decide(anchor, one, Surroundings.of(span, landmarks))
        for anchor, one, span in zip(anchors, evidence, own, strict=True)
    ]


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
    before, after = one.places[place]
    length = own[1] - own[0]
    begins = [(at, at + length) for at in one.before if at != place[0]] if before else []
    ends = [(at - length, at) for at in one.after if at != place[1]] if after else []
    return begins + ends


def _is_rivalled(one: Evidence, place: Span, sides: int, around: Surroundings) -> bool:
    """Whether another place may be that of the passage.

    Three words stand together by chance, so one side of a context alone counts only where the
    landmarks want the passage. Who repeats a passage may repeat more of its context than it has
    left where it stood: agreement on both sides decides nothing against landmarks.
    """
    for home in _homes_beside(one, place):
        if around.prefer(home, place) or not around.prefer(place, home):
            return True
    weaker = _standings(one, place, around.own)
    weaker += one.spans_with_sides(1) if sides == 2 else []
    return any(around.are_unknown or around.prefer(other, place) for other in weaker)


def _decide(anchor: Anchor, one: Evidence, around: Surroundings) -> Placement:
    """Return what the evidence says of one anchor."""
    homes = [home for home in one.homes if home not in one.places]
    homes = homes if len(homes) < 2 else list(filter(around.hold, homes))
    changed = Placement(Outcome.CHANGED, homes[0], SAME_COUNT, 2.0) if len(homes) == 1 else None
    for sides in (2, 1):
        if not (spans := one.spans_with_sides(sides)):
            continue
        if len(spans) > 1:
            return Placement(Outcome.AMBIGUOUS, reason=f"it stands in {len(spans)} places")
        place = spans[0]
        if not _is_rivalled(one, place, sides, around):
            return Placement(Outcome.FOUND, place, "", 2.0 + sides)
        if changed and around.hold(homes[0]) and not around.hold(place):
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
    return Placement(Outcome.ORPHANED, reason=ABSENT if one.is_complete else TOO_LONG)


def _decide_without_context(
    anchor: Anchor, one: Evidence, span: Span, around: Surroundings
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
    is_alone = around.hold(span) and not one.before and not one.after
    if is_between or one.is_closed or is_alone:
        return Placement(Outcome.MOVED, span, "", 1.0)
    return Placement(Outcome.AMBIGUOUS, reason=APART)
