"""The tables of releases: which release first held each change of a claim, and their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import narwhals as nw

from claimlog.fold.row_versions import Frame, frame_like
from claimlog.log.release_index import Mark

CHANGE_OF_ACTION = {"assert": "added", "amend": "amended", "retract": "retracted"}


def changes_table(claims: Frame, marks: Sequence[Mark]) -> Frame:
    """Return the table ``changes``.

    Parameters
    ----------
    claims
        Rows of claims, not only the live ones.
    marks
        The releases, oldest first; rows after the last one are in none.
    """
    return claims.select(
        "seq",
        "claim_id",
        "version",
        "reason",
        "event_id",
        nw.col("action")
        .replace_strict(CHANGE_OF_ACTION, default=None, return_dtype=nw.String())
        .alias("change"),
        first_release(marks).alias("release"),
    )


def first_release(marks: Sequence[Mark]) -> nw.Expr:
    """Return the version of the first release that holds the row at ``seq``; null if none does."""
    release = nw.lit(None, dtype=nw.String())
    for mark in reversed(marks):
        release = nw.when(nw.col("seq") < mark.size).then(nw.lit(mark.version)).otherwise(release)
    return release


def releases_table(
    counts: Mapping[tuple[str | None, str], int], marks: Sequence[Mark], like: Frame
) -> Frame:
    """Return the table ``releases``.

    Parameters
    ----------
    counts
        Number of changes by release and kind of change.
    """
    rows: dict[str, list[object]] = {name: [] for name in RELEASE_TYPES}
    live = 0
    for mark in marks:
        added, amended, retracted = (
            counts.get((mark.version, change), 0) for change in CHANGE_OF_ACTION.values()
        )
        live += added - retracted
        day = date.fromisoformat(mark.date)
        values = (mark.version, day, mark.size, mark.root, live, added, amended, retracted)
        for name, value in zip(RELEASE_TYPES, values, strict=True):
            rows[name].append(value)
    return frame_like(rows, RELEASE_TYPES, like)


RELEASE_TYPES = {
    "version": nw.String(),
    "date": nw.Date(),
    "tree_size": nw.Int64(),
    "root": nw.String(),
    "claims": nw.Int64(),
    "added": nw.Int64(),
    "amended": nw.Int64(),
    "retracted": nw.Int64(),
}
