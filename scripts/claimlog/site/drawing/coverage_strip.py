"""The coverage strip of a source: where its claims stand over the length of its text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from claimlog.site.source_texts import CLAIMS_PER_PAGE
from claimlog.site.store import Row

LANES = 8
"""Claims that are drawn below one another; deeper overlaps share the last lane."""

LANE_HEIGHT, MARK_HEIGHT, GAP_ABOVE = 16, 14, 3
"""Pixels of a lane, of a claim in it, and of what is free above the claim."""


def draw_coverage(
    spans: list[Row],
    on_page: list[Row],
    furniture: list[Row],
    length: int,
    codes: Mapping[str, Row],
) -> Row:
    """Return where the claims stand over the length of a text, in percent of it, in lanes.

    Parameters
    ----------
    spans
        All claims of the text, in its order.
    on_page
        Those that the page lists: each becomes a mark of its own. The others become one path for
        each colour, and a range for each page that lists them.
    codes
        The codes by which passages are coloured.
    """
    statements = {row["claim_id"]: row["statement"] for row in on_page}
    ends: list[int] = []  # where the last claim of each lane ends
    marks, paths, counts = [], defaultdict(list), Counter(row["colour"] for row in spans)
    for row in spans:
        lane = next((at for at, end in enumerate(ends) if end <= row["start"]), len(ends))
        lane = min(lane, LANES - 1)
        ends[lane:] = [row["end"], *ends[lane + 1 :]]
        share = position(row, length)
        if row["claim_id"] in statements:
            statement = statements[row["claim_id"]]
            marks.append({**row, **share, "lane": lane, "statement": statement})
        else:
            left, width = share["left"], share["width"]
            paths[row["colour"]].append(
                f"M{left} {lane * LANE_HEIGHT + GAP_ABOVE}h{width}v{MARK_HEIGHT}h-{width}z"
            )
    starts = [row["start"] for row in spans[::CLAIMS_PER_PAGE]]
    return {
        "length": length,
        "covered": round(100 * _covered(spans) / length, 1),
        "furnished": round(100 * _covered(furniture) / length, 1),
        "lanes": len(ends),
        "marks": marks,
        "others": [{"colour": kind, "path": "".join(path)} for kind, path in paths.items()],
        "parts": [
            {"page": number, **position({"start": start, "end": end}, length)}
            for number, (start, end) in enumerate(pairwise([*starts, length]), 1)
        ],
        "furniture": [{**row, **position(row, length)} for row in furniture],
        "kinds": [
            {
                **codes.get(code, {"code": code, "label": code, "definition": ""}),
                "claims": counts[code],
            }
            for code in dict.fromkeys([*codes, *counts])
            if counts[code] and code
        ],
    }


def position(row: Row, length: int) -> dict[str, float]:
    """Return where a passage begins and how much it takes, in percent of the text."""
    return {
        "left": round(100 * row["start"] / length, 3),
        "width": round(100 * (row["end"] - row["start"]) / length, 3),
    }


def _covered(spans: Iterable[Row]) -> int:
    """Return how many characters some spans cover together.

    >>> _covered([{"start": 0, "end": 4}, {"start": 2, "end": 6}, {"start": 8, "end": 9}])
    7
    """
    covered = reached = 0
    for start, end in sorted((row["start"], row["end"]) for row in spans):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered
