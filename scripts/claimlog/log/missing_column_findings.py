"""One finding for all rows that lack the same column of their schema, at the first of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from claimlog.errors import Finding
from claimlog.log.canonical import MISSING_KEY


def by_missing_column(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, of which those of rows of a stream that lack the same column are one.

    A column that was added to a schema without a new version of it is lacked by every row that was
    sealed before.
    """
    groups: dict[object, list[Finding]] = {}
    for number, one in enumerate(findings):
        is_missing = one.rule == "keys" and one.line and one.message.startswith(MISSING_KEY)
        key = (PurePosixPath(one.path).name, one.message) if is_missing else number
        groups.setdefault(key, []).append(one)
    return [_one_finding(group) for group in groups.values()]


def _one_finding(group: list[Finding]) -> Finding:
    first = group[0]
    if len(group) == 1:
        return first
    path = PurePosixPath(first.path)
    return replace(
        first,
        message=f"{first.message}, and so in {len(group) - 1:,} more rows of {path.stem}",
        remedy=f"if they were sealed before schemas/{path.stem}.json had the column, begin its "
        f"next version: claimlog schemas --next-version {shlex.quote(path.stem)}",
    )
