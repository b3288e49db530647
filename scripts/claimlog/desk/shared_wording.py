"""Runs of words that a text in the coder's words shares with its source, marked while typing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from claimlog.desk.places import Places
from claimlog.desk.request_error import INVALID, RequestError
from claimlog.errors import ClaimlogError
from claimlog.sources.characters import canonical_text, cluster_spans
from claimlog.sources.text import Text
from claimlog.sources.word_readings import Readings


def shared_runs(source: Places, given: str, limit: int) -> list[dict[str, Any]]:
    """Return the runs of at least `limit` words that a text shares with a source.

    They are found as the rule `own-words` finds them. Each has its span in UTF-16, and what stands
    there; runs that overlap are one.

    Raises
    ------
    RequestError
        If the text is none that can be compared, for which the rule refuses it too.
    """
    try:
        content = canonical_text(given)
        readings = Readings.of(given)
    except ClaimlogError as error:
        raise RequestError(INVALID, str(error)) from error
    known = source.runs(limit)
    spans: list[list[int]] = []
    for start, end in sorted(
        (window[0][0], max(last for _, last, _ in window))
        for window in readings.windows(limit)
        if " ".join([word for _, _, word in window]) in known
    ):
        if spans and start < spans[-1][1]:
            spans[-1][1] = max(end, spans[-1][1])
        else:
            spans.append([start, end])
    typed = _typed_offsets(given, content)
    places = Places(Text(given))
    return [
        {"utf16": [places.to_utf16(typed(at)) for at in span], "words": content[slice(*span)]}
        for span in spans
    ]


def _typed_offsets(given: str, content: str) -> Callable[[int], int]:
    """Return what leads from an offset in the canonical form of a text to the text as typed."""
    if given == content:
        return lambda offset: offset
    # no two grapheme clusters are composed into one
    clusters = [given[start:end] for start, end in cluster_spans(given)]
    typed = [0, *accumulate(map(len, clusters))]
    canonical = [0, *accumulate(len(canonical_text(cluster)) for cluster in clusters)]
    return lambda offset: typed[bisect_right(canonical, offset) - 1]
