"""The values that an amendment changed, as pages and feeds show them beside its reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from claimlog.site.plugin_config import added_columns
from claimlog.site.store import Row, Store, cut_column

CELL_CHARACTERS = 300
"""Of a value on a page of many changes; the table of cell changes has all of it."""

CELLS = f"""select c.claim_id, c.version, c."column", {cut_column("from_value", CELL_CHARACTERS)},
  {cut_column("to_value", CELL_CHARACTERS)},
  coalesce(v.batch < :added ->> c."column", 0) as is_new from json_each(:pairs) p
  join cell_changes c on c.claim_id = p.value ->> 0 and c.version = p.value ->> 1
  left join claim_versions v on v.claim_id = c.claim_id and v.version = c.version - 1
  order by c.claim_id, c.version, c."column" """

Cells = list[dict[str, Any]]


async def with_cells(store: Store, changes: Sequence[Row]) -> list[Row]:
    """Add to each change of a claim, as the table ``changes`` has it, the cells that it changed.

    They are `column`, `from`, `to`, and `is_new` where the version before had no such column; of a
    build without that table there are none.
    """
    cells: dict[tuple[str, int], Cells] = {}
    if "cell_changes" in await store.tables():
        pairs = json.dumps([[row["claim_id"], row["version"]] for row in changes])
        added = json.dumps(added_columns(store.datasette, "claims"))
        truths = await store.truth_columns("claims")
        for row in await store.rows(CELLS, pairs=pairs, added=added):
            is_json = row["column"] in truths
            ends = {key: _value(row[f"{key}_value"], is_json) for key in ("from", "to")}
            cell = {"column": row["column"], **ends, "is_new": bool(row["is_new"])}
            cells.setdefault((row["claim_id"], row["version"]), []).append(cell)
    return [{**row, "cells": cells.get((row["claim_id"], row["version"]), [])} for row in changes]


def _value(text: str | None, is_json: bool) -> Any:
    """Return a value as the column has it: a list that is whole as a list."""
    if text is None or not (is_json or text.startswith("[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
