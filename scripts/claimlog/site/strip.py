"""The strip of a source: where its claims stand over the length of its text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from claimlog.site.store import Row
from claimlog.site.texts import PART

LANES = 8  # deeper overlaps share the last
LANE, MARK, GAP_ABOVE = 16, 14, 3  # pixels


def coverage(
    spans: list[Row],
    listed: list[Row],
    furniture: list[Row],
    length: int,
    kinds: Mapping[str, Row],
) -> Row:
    """Return where the claims stand over the length of a text, as shares of it, in lanes.

    Those that the page lists are marks of their own; the others a path for each kind, and a range
    for each page that lists them. `kinds` are the codes of content.
    """
    statements = {row["claim_id"]: row["statement"] for row in listed}
    free: list[int] = []  # where each lane ends so far
    marks, paths, counts = [], defaultdict(list), Counter(row["content"] for row in spans)
    for row in spans:
        lane = next((at for at, end in enumerate(free) if end <= row["start"]), len(free))
        lane = min(lane, LANES - 1)
        free[lane:] = [row["end"], *free[lane + 1 :]]
        share = _share(row, length)
        if row["claim_id"] in statements:
            statement = statements[row["claim_id"]]
            marks.append({**row, **share, "lane": lane, "statement": statement})
        else:
            left, width = share["left"], share["width"]
            paths[row["content"]].append(
                f"M{left} {lane * LANE + GAP_ABOVE}h{width}v{MARK}h-{width}z"
            )
    starts = [row["start"] for row in spans[::PART]]
    return {
        "length": length,
        "covered": round(100 * _union(spans) / length, 1),
        "furnished": round(100 * _union(furniture) / length, 1),
        "lanes": len(free),
        "marks": marks,
        "others": [{"content": kind, "path": "".join(path)} for kind, path in paths.items()],
        "parts": [
            {"page": number, **_share({"start": start, "end": end}, length)}
            for number, (start, end) in enumerate(pairwise([*starts, length]), 1)
        ],
        "furniture": [{**row, **_share(row, length)} for row in furniture],
        "kinds": [
            {
                **kinds.get(code, {"code": code, "label": code, "definition": ""}),
                "claims": counts[code],
            }
            for code in dict.fromkeys([*kinds, *counts])
            if counts[code]
        ],
    }


def _share(row: Row, length: int) -> dict[str, float]:
    return {
        "left": round(100 * row["start"] / length, 3),
        "width": round(100 * (row["end"] - row["start"]) / length, 3),
    }


def _union(spans: Iterable[Row]) -> int:
    """Return how much some spans cover together.

    >>> _union([{"start": 0, "end": 4}, {"start": 2, "end": 6}, {"start": 8, "end": 9}])
    7
    """
    covered = reached = 0
    for start, end in sorted((row["start"], row["end"]) for row in spans):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered
