"""What the evidence of hashes says of a claim: the place that it gives, or why it gives none.

A place is given only where its words agree with something beside them, where they agree and their
context is nowhere else, or where as many words stand between both sides of the context; and only
if nothing else in the copy may be the passage, edited.
"""

from __future__ import annotations

from dataclasses import dataclass

from claimlog.sources.anchor import Anchor
from claimlog.sources.hash_evidence import ROOM, Evidence
from claimlog.sources.neighbouring_claims import Surroundings
from claimlog.sources.placement_outcome import TAKEN, Outcome, Placement, Span, overlap
from claimlog.sources.repetitions import Repetitions

APART = "its words stand apart from its context"
ABSENT = "its passage does not occur"
REPEATED = "its words stand elsewhere too, edited or not, and nothing beside them says which is it"
SAME_COUNT = "as many other words stand between both sides of its context"
TOO_FEW = "so few words are no sign of it without their context"
TOO_LONG = (
    "looking further for the claims of its source in this copy, without its text, takes too long"
)

NOT_SEARCHED = Placement(Outcome.UNCHECKED, reason=TOO_LONG)

LEAST_WORDS, LEAST_WORDS_ANYWHERE = 4, 6
"""Words from which on a passage is given a place without all of its context, and where neither
context nor neighbours say anything: fewer stand together by chance."""


def sure_place(one: Evidence, repetitions: Repetitions) -> Span | None:
    """Return the place of a passage if neither its words nor its context stand elsewhere too."""
    spans = one.spans_with_sides(2)
    if len(spans) != 1 or one.spans_with_sides(1):
        return None
    [place] = spans
    return None if _homes_beside(one, place) or repetitions.of(place) != [] else place


def _homes_beside(one: Evidence, place: Span) -> list[Span]:
    """Return where both sides of the context stand too."""
    return [home for home in one.homes.keys() | one.rooms if not overlap(home, place)]


def _standings(one: Evidence, place: Span, own: Span) -> list[Span]:
    """Return where the passage would be by a side of its context that stands elsewhere too."""
    length = own[1] - own[0]
    begins = [(at, at + length) for at in one.before if at != place[0]]
    ends = [(at - length, at) for at in one.after if at != place[1]]
    return [standing for standing in begins + ends if not overlap(standing, place)]


@dataclass(frozen=True)
class Decision:
    """One claim, with all that is known of it in a copy."""

    anchor: Anchor
    evidence: Evidence
    around: Surroundings
    repetitions: Repetitions

    def placement(self) -> Placement:
        """Return what the evidence says."""
        one, count = self.evidence, self.anchor.word_count
        homes = self._homes()
        changed = Placement(Outcome.CHANGED, homes[0], SAME_COUNT, 2.0) if len(homes) == 1 else None
        for sides in (2, 1):
            if not (spans := one.spans_with_sides(sides)):
                continue
            if len(spans) > 1:
                return Placement(Outcome.AMBIGUOUS, reason=f"it stands in {len(spans)} places")
            place = spans[0]
            if sides == 1 and count < LEAST_WORDS and not self.around.enclose(place):
                return Placement(Outcome.AMBIGUOUS, reason=TOO_FEW)
            if not self._is_rivalled(place):
                return self._unless_repeated(Placement(Outcome.FOUND, place, "", 2.0 + sides))
            if changed and self._is_quote(place, homes[0]):
                return changed
            return Placement(Outcome.AMBIGUOUS, reason=APART)
        if changed:
            return changed
        if one.homes:
            reason = f"its context stands in {len(one.homes)} places"
            return Placement(Outcome.AMBIGUOUS, reason=reason)
        if len(one.places) > 1:
            reason = f"its words stand in {len(one.places)} places"
            return Placement(Outcome.AMBIGUOUS, reason=reason)
        if one.places:
            return self._without_context(next(iter(one.places)))
        if one.is_taken:
            return Placement(Outcome.ORPHANED, reason=TAKEN)
        return Placement(Outcome.ORPHANED, reason=ABSENT) if one.is_complete else NOT_SEARCHED

    def _homes(self) -> list[Span]:
        """Return where the passage may stand with other words.

        A context that is itself a part of the passage, where that stands or may stand, says
        nothing; and one that stands in several places may stand beside another passage that is as
        long, where landmarks do not want the passage.
        """
        one, around = self.evidence, self.around
        homes = [home for home in one.homes if home not in one.places]
        homes = homes if len(homes) < 2 else list(filter(around.hold, homes))
        if len(homes) == 1:
            standings = _standings(one, homes[0], around.own)
            if any(overlap(one.homes[homes[0]], place) for place in (*one.places, *standings)):
                return []
            if any(around.prefer(other, homes[0]) for other in standings):
                return []
        is_only_there = len(one.before) == len(one.after) == 1
        if self.anchor.word_count < LEAST_WORDS_ANYWHERE or not is_only_there:
            homes = [home for home in homes if around.enclose(home) or around.expect(home)]
        return homes

    def _is_quote(self, place: Span, home: Span) -> bool:
        """Whether the passage stands at a home, and its words at a place are a quote of it."""
        around = self.around
        is_preferred = around.prefer(home, place) and not around.prefer(place, home)
        return is_preferred and around.enclose(home)

    def _is_rivalled(self, place: Span) -> bool:
        """Whether another place may be that of the passage.

        Who repeats a passage may repeat more of its context than it has left where it stood, so
        that more agreement is no proof: only landmarks tell places apart. Three words stand
        together by chance, and so does a short passage: alone they count only where landmarks want
        the passage.
        """
        one, around = self.evidence, self.around
        alike = [other for other in one.places if not overlap(other, place)]
        weak = [other for other in alike if not any(one.places[other])]
        strong = _homes_beside(one, place) + [other for other in alike if any(one.places[other])]
        if self.anchor.word_count >= LEAST_WORDS_ANYWHERE:
            strong += weak
        if sum(one.places[place]) == 1:
            weak += _standings(one, place, around.own)
            if self._has_room_beside(place):
                return True
        return any(not around.tell_apart(place, other) for other in strong) or any(
            around.are_unknown or around.prefer(other, place) for other in weak
        )

    def _has_room_beside(self, place: Span) -> bool:
        """Whether the passage, edited, may stand between a place and the side not beside it.

        So it is where a pull quote follows the paragraph that ends with its sentence.
        """
        one, own = self.evidence, self.around.own
        before, _ = one.places[place]
        length = own[1] - own[0]
        gaps = (
            [at - place[1] for at in one.after] if before else [place[0] - at for at in one.before]
        )
        return any(length / ROOM <= gap <= length * ROOM for gap in gaps)

    def _unless_repeated(self, placement: Placement) -> Placement:
        """Return a placement, or none if the words of its place are those of another one too."""
        place, around = placement.span, self.around
        assert place is not None
        others = self.repetitions.of(place)
        if others is None:
            return NOT_SEARCHED
        for other in others:
            if not around.enclose(place) or around.hold(other):
                return Placement(Outcome.AMBIGUOUS, reason=REPEATED)
        return placement

    def _without_context(self, span: Span) -> Placement:
        """Return what it says that the words stand in one place, with other words around them."""
        one, around = self.evidence, self.around
        if self.anchor.word_count < LEAST_WORDS:
            return Placement(Outcome.AMBIGUOUS, reason=TOO_FEW)
        if not one.is_complete:
            return NOT_SEARCHED
        far = ROOM * (span[1] - span[0])
        is_between = any(0 <= span[0] - at <= far for at in one.before) and any(
            0 <= at - span[1] <= far for at in one.after
        )
        is_likely = around.are_unknown and self.anchor.word_count >= LEAST_WORDS_ANYWHERE
        is_alone = is_likely and not one.before and not one.after
        is_cut_out = one.is_closed and len(one.before) == len(one.after) == 1
        if is_between or is_cut_out or is_alone:
            return self._unless_repeated(Placement(Outcome.MOVED, span, "", 1.0))
        return Placement(Outcome.AMBIGUOUS, reason=APART)
