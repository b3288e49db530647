"""The table of cell changes: each value of a claim that an amendment changed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import narwhals as nw

from claimlog.fold.releases import first_release
from claimlog.fold.row_versions import Frame, frame_like
from claimlog.log.canonical import encode_value
from claimlog.log.release_index import Mark
from claimlog.log.version_changes import changed_cell, state_fields
from claimlog.schema.table_schema import Table

CELL_CHANGES = "cell_changes"

EVENT_TYPES = {
    "claim_id": nw.String(),
    "version": nw.Int64(),
    "seq": nw.Int64(),
    "reason": nw.String(),
    "event_id": nw.String(),
}
"""What a row of the table repeats of the event that made the change."""

CELL_TYPES = {"column": nw.String(), "from_value": nw.String(), "to_value": nw.String()}


def cell_changes_table(claims: Frame, stream: Table, marks: Sequence[Mark]) -> Frame:
    """Return the table ``cell_changes``: a row for each column that an amendment changed.

    Only amended claims are looked at, column by column, so that no row becomes an object.

    Parameters
    ----------
    claims
        Rows of claims, all versions of each.
    marks
        The releases, oldest first; changes after the last one are in none.
    """
    amended = claims.filter(nw.col("action") == "amend").select("claim_id").unique()
    fields = state_fields(stream)
    names = dict.fromkeys((*EVENT_TYPES, "action", *(item.name for item in fields)))
    rows = (
        claims.select(*names)
        .join(amended, on="claim_id", how="semi")
        .sort("claim_id", "version")
        .collect()
    )
    ids, actions = rows["claim_id"].to_list(), rows["action"].to_list()
    places = [
        at
        for at, (before, name) in enumerate(pairwise(ids), 1)
        if name == before and actions[at] == "amend"
    ]
    cells: dict[str, list[Any]] = {name: [] for name in CELL_TYPES}
    events: list[int] = []
    for item in fields:
        values = rows[item.name].to_list()
        for at in places:
            if values[at] == values[at - 1]:
                continue
            if changed := changed_cell(item, values[at - 1], values[at]):
                events.append(at)
                cells["column"].append(item.name)
                cells["from_value"].append(value_text(changed[0]))
                cells["to_value"].append(value_text(changed[1]))
    for name in EVENT_TYPES:
        values = rows[name].to_list()
        cells[name] = [values[at] for at in events]
    table = frame_like(cells, {**CELL_TYPES, **EVENT_TYPES}, claims)
    return table.with_columns(release=first_release(marks))


def value_text(value: Any) -> str | None:
    """Return a value of a row as text: a string as it is, all else as canonical JSON.

    >>> value_text(40.0), value_text(["nor", "sud"]), value_text("sud"), value_text(None)
    ('40', '["nor","sud"]', 'sud', None)
    """
    return value if value is None or isinstance(value, str) else encode_value(value).decode()
