"""Which release first held each change of a claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import narwhals as nw

from claimlog.fold.states import Frame, made
from claimlog.log.release_index import Mark

CHANGES = {"assert": "added", "amend": "amended", "retract": "retracted"}


def changes(claims: Frame, marks: Sequence[Mark]) -> Frame:
    """Return the table ``changes``.

    Parameters
    ----------
    claims
        Rows of claims, not only the live ones.
    marks
        The releases, oldest first; rows after the last one are in none.
    """
    release = nw.lit(None, dtype=nw.String())
    for mark in reversed(marks):
        release = nw.when(nw.col("seq") < mark.size).then(nw.lit(mark.version)).otherwise(release)
    return claims.select(
        "seq",
        "claim_id",
        "version",
        "reason",
        "event_id",
        nw.col("action")
        .replace_strict(CHANGES, default=None, return_dtype=nw.String())
        .alias("change"),
        release.alias("release"),
    )


def releases(
    counts: Mapping[tuple[str | None, str], int], marks: Sequence[Mark], like: Frame
) -> Frame:
    """Return the table ``releases``.

    Parameters
    ----------
    counts
        Number of changes by release and kind of change.
    """
    rows: dict[str, list[object]] = {name: [] for name in RELEASES}
    live = 0
    for mark in marks:
        added, amended, retracted = (
            counts.get((mark.version, change), 0) for change in CHANGES.values()
        )
        live += added - retracted
        day = date.fromisoformat(mark.date)
        values = (mark.version, day, mark.size, mark.root, live, added, amended, retracted)
        for name, value in zip(RELEASES, values, strict=True):
            rows[name].append(value)
    return made(rows, RELEASES, like)


RELEASES = {
    "version": nw.String(),
    "date": nw.Date(),
    "tree_size": nw.Int64(),
    "root": nw.String(),
    "claims": nw.Int64(),
    "added": nw.Int64(),
    "amended": nw.Int64(),
    "retracted": nw.Int64(),
}
