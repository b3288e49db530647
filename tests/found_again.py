"""Where an anchor is found again in another copy of its text, as verify finds it."""

from __future__ import annotations

from claimlog.sources.anchor import Anchor
from claimlog.sources.hash_search import search_by_hashes
from claimlog.sources.placement_outcome import Outcome, Span
from claimlog.sources.text import Text


def found_again(text: Text, wanted: Anchor) -> Span | None:
    """Return the place of an anchor in a copy, by its hashes alone; None if it is not sure."""
    [placement] = search_by_hashes(text, [wanted])
    return placement.span if placement.outcome is Outcome.FOUND else None
