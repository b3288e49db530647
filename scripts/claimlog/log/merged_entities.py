"""Merged entities: how the retraction of one says which entity stands in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

NAMING = re.compile(r"(?:(?P<gone>\S+) is )?merged into (?P<into>[^\s:]+): ")
"""Beginning of the reason of such a retraction, which no column of its own is needed for, and of
those of the rows that name the entity which stays instead."""


class NamedMerge(NamedTuple):
    """The entities that the reason of a row of a merge names; a retraction is of the one itself."""

    gone: str | None
    into: str


def named_merge(reason: str | None) -> NamedMerge | None:
    """Return the entities that the reason of a row of a merge names; None of any other row.

    >>> named_merge("uk is merged into gbr: One state under two names.")
    NamedMerge(gone='uk', into='gbr')
    """
    match = NAMING.match(reason or "")
    return NamedMerge(match["gone"], match["into"]) if match else None


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
    merge = named_merge(reason)
    return merge.into if merge and merge.gone is None else None


def amend_reason(gone: str, into: str, reason: str) -> str:
    """Return the reason of an amendment by which a row names another entity from now on.

    >>> amend_reason("uk", "gbr", "One state under two names.")
    'uk is merged into gbr: One state under two names.'
    """
    return f"{gone} is {merge_reason(into, reason)}"


def rename_merged(reason: str | None, names: Mapping[str, str]) -> str | None:
    """Return the reason of a row of a merge with other identifiers; any other as it is.

    >>> rename_merged("P1 is merged into P2: P2 is the full name.", {"P2": "P3"})
    'P1 is merged into P3: P2 is the full name.'
    """
    match = NAMING.match(reason or "")
    if reason is None or match is None:
        return reason
    gone, into = match["gone"], match["into"]
    said, into = reason[match.end() :], names.get(into, into)
    return (
        merge_reason(into, said)
        if gone is None
        else amend_reason(names.get(gone, gone), into, said)
    )
