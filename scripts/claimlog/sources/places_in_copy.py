"""Placing the claims of a source in another copy of its text, by the surest way at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from claimlog.limits import HASHED_BYTES
from claimlog.sources.alignment import carry_spans
from claimlog.sources.anchor import Anchor
from claimlog.sources.hash_search import search_by_hashes
from claimlog.sources.placement_outcome import Outcome, Placement
from claimlog.sources.text import Text


class Way(StrEnum):
    """How claims were placed in a copy."""

    OFFSETS = "offsets"
    ALIGNMENT = "alignment"
    HASHES = "hashes"


WAYS = {
    Way.OFFSETS: "the copy is the coded text itself",
    Way.ALIGNMENT: "aligned with the coded text",
    Way.HASHES: "by the hashes of words alone; the coded text (--texts DIR) finds more",
}


@dataclass(frozen=True)
class PlacedClaims:
    """The placements of a source's claims, in the order in which they were given."""

    way: Way
    placements: list[Placement]

    @property
    def are_all_found(self) -> bool:
        return all(one.outcome is Outcome.FOUND for one in self.placements)

    def tally(self) -> dict[str, int]:
        """Return how many claims have each outcome that there is."""
        counts = Counter(one.outcome for one in self.placements)
        return {outcome.value: counts[outcome] for outcome in Outcome if counts[outcome]}


def place_claims(
    copy: Text,
    anchors: Sequence[Anchor],
    sha256: str | None,
    coded: Text | None = None,
    hashed_bytes: int = HASHED_BYTES,
) -> PlacedClaims:
    """Place claims of one source in a copy of its text.

    Parameters
    ----------
    anchors
        The anchors of the claims.
    sha256
        The hash of the text that they were coded from.
    coded
        That text, where it is at hand.
    hashed_bytes
        What the search may cost where it is not.
    """
    spans = [(one.start, one.end) for one in anchors]
    if copy.sha256 == sha256:
        return PlacedClaims(Way.OFFSETS, [Placement(Outcome.FOUND, span) for span in spans])
    if coded is not None:
        return PlacedClaims(Way.ALIGNMENT, carry_spans(coded, copy, spans))
    return PlacedClaims(Way.HASHES, search_by_hashes(copy, anchors, hashed_bytes))
