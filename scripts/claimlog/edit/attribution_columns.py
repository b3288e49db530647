"""A chain of attribution in plain columns: ``speaker``, ``verb``, …, ``speaker_2``, ``verb_2``, …

In a row of the log the chain is a list of objects, which nobody types into a spreadsheet. The
outermost hop has columns without a number; each further one has its number behind the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.edit.row_inputs import row_inputs
from claimlog.errors import UsageError
from claimlog.schema.table_schema import Field, Table

CHAIN = "attributions"

PLAIN_NAMES = {
    "actor_id": "speaker",
    "source_id": "speaker_source",
    "description": "speaker_description",
}
"""Keys of a hop that have another name as a column, because the row has one of that name."""


def attribution_columns(table: Table, hops: int | None = None) -> dict[str, tuple[int, Field]]:
    """Return the plain columns of a stream's chain, each with its hop (from 0) and key.

    A key has none by the name of what a row has besides; it is said in the list.

    Parameters
    ----------
    hops
        Of how many hops; by default of as many as a chain may have.
    """
    chain = table.by_name.get(CHAIN)
    if chain is None or not chain.fields:
        return {}
    most = int(chain.constraints.get("maxLength", 1)) if hops is None else hops
    found = {
        PLAIN_NAMES.get(key.name, key.name) + (f"_{hop + 1}" if hop else ""): (hop, key)
        for hop in range(most)
        for key in chain.fields
        if not key.retired
    }
    taken = {*table.by_name, *row_inputs(table)}
    return {name: place for name, place in found.items() if name not in taken}


def gather_attributions(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the chain that its plain columns give, instead of these.

    Raises
    ------
    UsageError
        If the row has the list itself besides, or a hop is left out before another.
    """
    columns = attribution_columns(table)
    plain = {name: value for name, value in row.items() if name in columns}
    rest = {name: value for name, value in row.items() if name not in columns}
    given = {name: value for name, value in plain.items() if value not in (None, "")}
    if not given:
        return rest
    if rest.get(CHAIN):
        raise UsageError(
            f'"{next(iter(given))}" and "{CHAIN}" both say who speaks; give one of the two'
        )
    last = max(columns[name][0] for name in given)
    chain: list[dict[str, Any]] = [{} for _ in range(last + 1)]
    for name, value in given.items():
        hop, key = columns[name]
        chain[hop][key.name] = value
    for number, hop_keys in enumerate(chain, 1):
        if not hop_keys:
            raise UsageError(
                f"the chain has a hop {last + 1} and no hop {number}; the outermost is the first"
            )
    return {**rest, CHAIN: chain}
