"""Merged entities: how the retraction of one says which entity stands in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

PLAIN = re.compile(r'[^\s:"][^\s:]*')
"""Identifiers that stand in a reason as they are; others as JSON strings."""

QUOTED = r'"(?:[^"\\]|\\.)*"'

NAMING = re.compile(
    rf"(?:(?P<gone>{QUOTED}|\S+) is )?merged into (?P<into>{QUOTED}|[^\s:]+): ", re.DOTALL
)
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
    merge, _ = _split_reason(reason or "")
    return merge


def _split_reason(reason: str) -> tuple[NamedMerge | None, str]:
    """Return the merge that a reason names at its beginning, if any, and the rest of it."""
    match = NAMING.match(reason)
    if match is None:
        return None, reason
    gone = match["gone"] and _identifier(match["gone"])
    return NamedMerge(gone, _identifier(match["into"])), reason[match.end() :]


def _in_reason(identifier: str) -> str:
    """Return how an identifier is written in a reason.

    >>> print(_in_reason("gbr"), _in_reason("who: uk"))
    gbr "who: uk"
    """
    is_plain = PLAIN.fullmatch(identifier) is not None
    return identifier if is_plain else json.dumps(identifier, ensure_ascii=False)


def _identifier(written: str) -> str:
    """Return the identifier that is written so in a reason.

    Quotation marks that this module would not have written are its own.
    """
    try:
        identifier = json.loads(written) if written.startswith('"') else written
    except ValueError:
        return written
    return identifier if _in_reason(identifier) == written else written


def merge_reason(into: str, reason: str) -> str:
    """Return the reason of a retraction that names the entity which stays.

    >>> merge_reason("gbr", "One state under two names.")
    'merged into gbr: One state under two names.'
    """
    return f"merged into {_in_reason(into)}: {reason}"


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
    return f"{_in_reason(gone)} is {merge_reason(into, reason)}"


def rename_merged(reason: str | None, names: Mapping[str, str]) -> str | None:
    """Return the reason of a row of a merge with other identifiers; any other as it is.

    >>> rename_merged("P1 is merged into P2: P2 is the full name.", {"P2": "P3"})
    'P1 is merged into P3: P2 is the full name.'
    """
    merge, said = _split_reason(reason or "")
    if merge is None:
        return reason
    gone = None if merge.gone is None else names.get(merge.gone, merge.gone)
    into = names.get(merge.into, merge.into)
    if (gone, into) == merge:
        return reason
    return merge_reason(into, said) if gone is None else amend_reason(gone, into, said)
