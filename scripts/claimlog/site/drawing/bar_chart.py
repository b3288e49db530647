"""Bar charts: labels, links, and widths in percent, which a template draws as small SVGs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from claimlog.site.store import Row

WIDEST, NARROWEST = 95, 1.2
"""Bar widths in percent; the minimum keeps non-zero bars visible, the maximum leaves them room."""


@dataclass(frozen=True)
class Bar:
    """A bar: its values by series, and what each of them and the whole link to."""

    label: str
    values: Sequence[int]
    links: Sequence[str | None]
    link: str | None = None
    minor: bool = False

    @property
    def total(self) -> int:
        return sum(self.values)


def bar_chart(
    name: str, title: str, says: str, series: Sequence[str], bars: Sequence[Bar], stacked: bool
) -> Row:
    """Return a bar chart as its template draws it; `says` is what it shows, in a sentence.

    >>> chart = bar_chart("p", "P", "", ["a", "b"], [Bar("x", (3, 1), (None, None))], True)
    >>> [part["width"] for part in chart["bars"][0]["parts"]]
    [71.25, 23.75]
    """
    lengths = (bar.total if stacked else max(bar.values, default=0) for bar in bars)
    widest = max(lengths, default=0) or 1
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
                        "width": bar_width(value, widest),
                        "link": bar.links[at],
                    }
                    for at, value in enumerate(bar.values)
                ],
            }
            for bar in bars
        ],
    }


def bar_width(value: int, widest: int) -> float:
    """Return the width of a bar in percent.

    >>> bar_width(0, 9), bar_width(9, 9), bar_width(1, 9000)
    (0.0, 95.0, 1.2)
    """
    return max(NARROWEST, round(WIDEST * value / widest, 2)) if value else 0.0


def query_link(path: str, parameters: Mapping[str, str | None]) -> str:
    """Return a path with a query of the parameters that have a value.

    >>> query_link("/claims", {"topic": "trust", "source": None})
    '/claims?topic=trust'
    """
    query = urlencode({key: value for key, value in parameters.items() if value is not None})
    return f"{path}?{query}" if query else path


def most_frequent(counts: Mapping[str, int], most: int) -> list[str]:
    """Return the names with the highest counts, highest first.

    A name is left out together with all that have the same count, so that the alphabet does not
    choose among them; unless nothing would be left, as where all counts are the same.

    >>> most_frequent({"a": 1, "b": 5, "c": 5}, 2), most_frequent({"a": 1, "b": 5, "c": 1}, 2)
    (['b', 'c'], ['b'])
    >>> most_frequent({"a": 1, "b": 1, "c": 1}, 2)
    ['a', 'b']
    """
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    if len(ranked) <= most:
        return ranked
    highest_left_out = counts[ranked[most]]
    whole_ranks = [name for name in ranked[:most] if counts[name] > highest_left_out]
    return whole_ranks or ranked[:most]
