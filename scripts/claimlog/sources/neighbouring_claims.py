"""Estimates where a claim stands in another copy of its text, by the claims beside it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from claimlog.sources.placement_outcome import Span

WIDENING, BLOCK = 1.5, 600
"""How far apart two neighbours may be in a copy to be neighbours still: their distance in the
source so many times, and the characters of an advert."""

EVERYWHERE = (0, inf)

NEAR = 200
"""Characters, and half the distance, by which a passage may stand from where a landmark says."""


@dataclass(frozen=True)
class Landmark:
    """A claim whose place in the copy is sure: its spans in the source and in the copy."""

    own: Span
    place: Span


BEGINNING = Landmark((0, 0), (0, 0))


@dataclass(frozen=True)
class Surroundings:
    """The landmarks next to a passage: what they tell of where it stands in the copy."""

    own: Span
    earlier: Landmark | None
    later: Landmark | None

    @classmethod
    def of(cls, own: Span, landmarks: Sequence[Landmark]) -> Surroundings:
        """Return those of a passage among landmarks in the order of the source."""
        first = bisect_left(landmarks, own, key=lambda mark: mark.own)
        last = bisect_right(landmarks, own, key=lambda mark: mark.own)
        return cls(
            own,
            landmarks[first - 1] if first else None,
            landmarks[last] if last < len(landmarks) else None,
        )

    @property
    def room(self) -> tuple[float, float]:
        """Where a passage between two landmarks stands, if these are still neighbours.

        The beginning of a text is one that both texts have.
        """
        if self.later is None:
            return EVERYWHERE
        earlier = self.earlier or BEGINNING
        low, high = earlier.place[0], self.later.place[1]
        distance = self.later.own[1] - earlier.own[0]
        return (low, high) if 0 <= high - low <= WIDENING * distance + BLOCK else EVERYWHERE

    def hold(self, span: Span) -> bool:
        """Whether a span stands between the landmarks."""
        return self.room[0] <= span[0] and span[1] <= self.room[1]

    def enclose(self, span: Span) -> bool:
        """Whether a span is known to stand between the landmarks."""
        return self.room != EVERYWHERE and self.hold(span)

    def expect(self, span: Span) -> bool:
        """Whether a span is, by every landmark, less than half a passage from where it was.

        One landmark, far away, says nothing: what came between may make up for what is gone.
        """
        near = (self.own[1] - self.own[0]) / 2
        marks = [mark for mark in (self.earlier, self.later) if mark is not None]
        are_enough = len(marks) == 2 or any(self._distance(mark) <= BLOCK for mark in marks)
        return are_enough and all(self._deviation(mark, span) <= near for mark in marks)

    def tell_apart(self, place: Span, other: Span) -> bool:
        """Whether a place is known to stand where the landmarks say, and another one not to."""
        if self.enclose(place) and not self.hold(other):
            return True
        return self.expect(place) and not self.expect(other)

    @property
    def are_unknown(self) -> bool:
        return self.earlier is None and self.later is None

    def prefer(self, one: Span, other: Span) -> bool:
        """Whether a span stands where a landmark says, and nearer to that than another one."""
        are_apart = bool(self.earlier and self.later) and self.room == EVERYWHERE
        for mark in (self.earlier, self.later):
            if mark is None:
                continue
            distance = self._distance(mark)
            if are_apart and distance > BLOCK:
                continue  # paragraphs were moved, and it is hardly of the passage's own
            deviation = self._deviation(mark, one)
            if deviation < self._deviation(mark, other) and deviation <= NEAR + distance * (
                WIDENING - 1
            ):
                return True
        return False

    def _deviation(self, mark: Landmark, span: Span) -> int:
        """Return how far a span is from where it would be if nothing came between."""
        return min(
            abs(span[end] - mark.place[end] - self.own[end] + mark.own[end]) for end in (0, 1)
        )

    def _distance(self, mark: Landmark) -> int:
        return abs(self.own[0] - mark.own[0])
