"""What is known of a stream's file once it was read: its lines, their hash and their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from claimlog.errors import Finding


class Times(NamedTuple):
    """First and last recorded_at of a file, by value, and whether none is before an earlier one."""

    first: str
    last: str
    rising: bool

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Times | None:
        """Return the times of rows in the order of their file; None if there are none."""
        times = frame["recorded_at"]
        if times.null_count() or times.is_empty():
            return None
        return cls(str(times.min()), str(times.max()), times.is_sorted())

    @classmethod
    def of_pieces(cls, pieces: Sequence[Times]) -> Times | None:
        """Return the times of a file from those of its pieces; None if there are none."""
        if not pieces:
            return None
        apart = all(one.last <= other.first for one, other in pairwise(pieces))
        rising = apart and all(times.rising for times in pieces)
        return cls(min(t.first for t in pieces), max(t.last for t in pieces), rising)


@dataclass
class Lines:
    """A stream's file as read. ``frame`` is None where a finding makes it unreadable.

    ``excess`` are the bytes that columns, unpacked, take beyond what their file's size allows.
    """

    rows: int = 0
    sha256: str = ""
    size: int = 0
    frame: pl.DataFrame | None = None
    leaves: list[bytes] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    times: Times | None = None
    excess: int = 0
