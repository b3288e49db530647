"""A line of time with a dot for every dated claim."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from claimlog.site.store import Row

WIDTH, MARGIN, STEP, RADIUS = 720, 24, 11, 5
STACKED = 12
"""Dots above one another; more of them fall on the last."""
TICKS = 8


def drawn(rows: Sequence[Row]) -> Row | None:
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

    taken: dict[int, int] = {}
    dots = []
    for day, name in days:
        place = int(x(day) // (2 * RADIUS))
        level = min(taken.get(place, 0), STACKED - 1)
        taken[place] = taken.get(place, 0) + 1
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
        "ticks": _apart(ticks),
    }


def _apart(ticks: list[Row]) -> list[Row]:
    """Leave out a year whose number would stand upon that of the one before."""
    kept: list[Row] = []
    for tick in ticks:
        if not kept or tick["x"] - kept[-1]["x"] >= 45:
            kept.append(tick)
    return kept


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()
