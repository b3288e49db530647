"""The timeline of an actor: a dot for every dated claim, and the years below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from claimlog.site.store import Row

WIDTH, MARGIN, STEP, RADIUS = 720, 24, 11, 5
STACKED = 12
"""Dots above one another; more of them fall on the last."""

TICKS = 8
"""Years that are named, about."""

TICK_WIDTH = 45
"""Pixels that the number of a year needs."""


def draw_timeline(rows: Sequence[Row]) -> Row | None:
    """Return where years and dots stand; None if there are not two different days.

    Parameters
    ----------
    rows
        With ``day`` (ISO) and ``claim_id``, in order of days.
    """
    days = [(_ordinal(row["day"]), row["claim_id"]) for row in rows if row["day"]]
    if len({day for day, _ in days}) < 2:
        return None
    first, last = days[0][0], days[-1][0]

    def x(day: int) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (day - first) / (last - first), 1)

    stacked: dict[int, int] = {}
    dots = []
    for day, name in days:
        place = int(x(day) // (2 * RADIUS))
        level = min(stacked.get(place, 0), STACKED - 1)
        stacked[place] = stacked.get(place, 0) + 1
        dots.append({"x": x(day), "level": level, "claim_id": name})
    height = 2 * RADIUS + STEP * max(dot["level"] for dot in dots) + 4
    years = range(date.fromordinal(first).year, date.fromordinal(last).year + 1)
    step = max(1, -(-len(years) // TICKS))
    ticks = [
        {"x": x(max(first, date(year, 1, 1).toordinal())), "year": year} for year in years[::step]
    ]
    return {
        "width": WIDTH,
        "height": height + 22,
        "line": height,
        "dots": [
            {"x": dot["x"], "y": height - RADIUS - 2 - STEP * dot["level"], "id": dot["claim_id"]}
            for dot in dots
        ],
        "ticks": _without_overlaps(ticks),
    }


def _without_overlaps(ticks: list[Row]) -> list[Row]:
    """Leave out each year whose number would overlap with that of the one before."""
    apart: list[Row] = []
    for tick in ticks:
        if not apart or tick["x"] - apart[-1]["x"] >= TICK_WIDTH:
            apart.append(tick)
    return apart


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()
