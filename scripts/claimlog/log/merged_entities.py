"""Merged entities: how the retraction of one says which entity stands in its place."""

from __future__ import annotations

import re

MERGED = re.compile(r"merged into (?P<into>[^\s:]+): ")
"""Beginning of the reason of such a retraction, which no column of its own is needed for."""


def merge_reason(into: str, reason: str) -> str:
    """Return the reason of a retraction that names the entity which stays.

    >>> merge_reason("gbr", "One state under two names.")
    'merged into gbr: One state under two names.'
    """
    return f"merged into {into}: {reason}"


def merged_into(reason: str | None) -> str | None:
    """Return the entity that the reason of a retraction leads on to, if it does.

    >>> merged_into("merged into gbr: One state under two names.")
    'gbr'
    >>> merged_into("Said twice; merged into the first: see there.")
    """
    match = MERGED.match(reason or "")
    return match["into"] if match else None
