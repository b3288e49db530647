"""Roots of the log's tree that a user kept, against which a release or a proof is held."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from claimlog.errors import ClaimlogError, UsageError


def parse_kept_roots(values: Sequence[str]) -> dict[int, str]:
    """Parse the roots that a user kept, each given as 2485:33567e…, by size of the tree.

    Raises
    ------
    UsageError
        If one has another form, or two are of one size.
    """
    kept_roots: dict[int, str] = {}
    for text in values:
        size, _, root = text.partition(":")
        if not re.fullmatch("[0-9]{1,15}", size) or not re.fullmatch("[0-9a-f]{64}", root):
            raise UsageError(
                f"--root {text[:80]}: expected SIZE:ROOT, the root as 64 digits of hex"
            )
        if kept_roots.setdefault(int(size), root) != root:
            raise UsageError(f"--root {text[:80]}: two roots of {int(size)} rows; give one of them")
    return kept_roots


def merged_roots(kept_roots: Mapping[int, str], own_roots: Mapping[int, str]) -> dict[int, str]:
    """Return the roots that a user kept and those of the log here, by size of the tree.

    Raises
    ------
    ClaimlogError
        If the log has another root than one that was kept.
    """
    for size, root in kept_roots.items():
        if own_roots.get(size, root) != root:
            raise ClaimlogError(
                f"--root {size}:{root[:16]}…: the log here has another root of {size} rows, "
                f"{own_roots[size][:16]}…: one of the two was rewritten"
            )
    return {**own_roots, **kept_roots}
