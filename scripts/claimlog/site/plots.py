"""Plots of bars: widths as shares of the widest bar; the templates draw them as small SVGs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from claimlog.site.store import Row

WIDEST, NARROWEST = 95, 1.2
"""Percent of the room; what is not nothing is seen, and many narrow parts still have room."""


@dataclass(frozen=True)
class Bar:
    """A row of a plot: its values by series, and where each and the whole lead to."""

    label: str
    values: Sequence[int]
    links: Sequence[str | None]
    link: str | None = None
    minor: bool = False

    @property
    def total(self) -> int:
        return sum(self.values)


def plot(
    name: str, title: str, says: str, series: Sequence[str], bars: Sequence[Bar], stacked: bool
) -> Row:
    """Return a plot as its template wants it; `says` is what one sees in it, as a sentence.

    >>> drawn = plot("p", "P", "", ["a", "b"], [Bar("x", (3, 1), (None, None))], True)
    >>> [part["width"] for part in drawn["bars"][0]["parts"]]
    [71.25, 23.75]
    """
    longest = (bar.total if stacked else max(bar.values, default=0) for bar in bars)
    widest = max(longest, default=0) or 1
    return {
        "name": name,
        "title": title,
        "says": says,
        "series": list(series),
        "stacked": stacked,
        "bars": [
            {
                "label": bar.label,
                "link": bar.link,
                "minor": bar.minor,
                "total": bar.total,
                "parts": [
                    {
                        "series": at,
                        "label": series[at],
                        "value": value,
                        "width": width(value, widest),
                        "link": bar.links[at],
                    }
                    for at, value in enumerate(bar.values)
                ],
            }
            for bar in bars
        ],
    }


def width(value: int, widest: int) -> float:
    """Return the width of a bar in percent.

    >>> width(0, 9), width(9, 9), width(1, 9000)
    (0.0, 95.0, 1.2)
    """
    return max(NARROWEST, round(WIDEST * value / widest, 2)) if value else 0.0


def link(path: str, given: Mapping[str, str | None]) -> str:
    """Return a path with a query of what is given.

    >>> link("/claims", {"topic": "trust", "source": None})
    '/claims?topic=trust'
    """
    query = urlencode({key: value for key, value in given.items() if value is not None})
    return f"{path}?{query}" if query else path


def top(counts: Mapping[str, int], most: int) -> list[str]:
    """Return the names with the highest counts, highest first.

    >>> top({"a": 1, "b": 5, "c": 5}, 2)
    ['b', 'c']
    """
    return sorted(counts, key=lambda name: (-counts[name], name))[:most]
