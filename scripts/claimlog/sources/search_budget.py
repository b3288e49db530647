"""What looking for the claims of a source in a copy may still cost, in bytes that are hashed.

Whoever made a package chose how many claims there are, how long each is and what they say of its
words, so the work is bounded by what it is, and not by how many there are of something.
"""

from __future__ import annotations

RUN_BYTES = 1_000
"""Bytes that are hashed in the time which one more run of words takes, however short; and one more
word of another reading."""

COUNTING_BYTES = 30
"""The same for each word of a text of which is counted what hashing the runs of a length costs."""

PLACE_BYTES = 5_000
"""The same for a place that was found, of a passage or of its context."""


class SearchBudget:
    """Bytes that may still be hashed."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, cost: int) -> bool:
        """Take off a cost, if there is as much; return whether there was."""
        if cost > self._left:
            return False
        self._left -= cost
        return True


def repetition_cost(count: int) -> int:
    """Return what it costs to look for a passage of so many words that a text has again."""
    return (20 + count) * (80_000 + 30 * count)
