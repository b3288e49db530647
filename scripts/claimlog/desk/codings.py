"""A coder's drafts of claims as rows of the codings, with which agreement is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claimlog.desk.row_references import CLAIMS, lookup_of, reference_of
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import anchor
from claimlog.sources.text import Text

CODINGS = "codings"
Row = dict[str, Any]
Entries = Mapping[str, Mapping[str, Row]]


def coding_values(definition: Definition, value: Mapping[str, Any], entries: Entries) -> Row:
    """Return the columns of a coding that a draft of a claim decides.

    A column is that of the claim with its name; or what the claims look up by it; or the column
    that holds the codebook's variable of its name; or the last item's in a list of the claim.

    Parameters
    ----------
    entries
        Entries of registers by stream and identifier.
    """
    table, claims = definition.streams[CODINGS], definition.streams[CLAIMS]
    variables = {row["variable"]: row["columns"].split() for row in definition.codebook.variables}
    found: Row = {}
    for name in table.in_use:
        if name in claims.in_use:
            cell = value.get(name)
        elif (lookup := lookup_of(definition, name)) is not None:
            cell = _looked_up(claims, value, *lookup, entries)
        elif len(columns := variables.get(name, [])) == 1 and columns[0] in claims.in_use:
            cell = value.get(columns[0])
        else:
            cell = _of_last_item(claims, value, name)
        if cell not in (None, []):
            found[name] = cell
    return found


def coding_rows(
    definition: Definition, drafts: Mapping[str, Row], entries: Entries, text: Text, beside: Row
) -> list[Row]:
    """Return rows of codings of all drafts of a coder, with their anchors.

    Parameters
    ----------
    beside
        Coder, pass and source.
    """
    names = definition.streams[CODINGS].by_name
    rows = []
    for value in drafts.values():
        place = anchor(text, value["start"], value["end"]).as_row()
        rows.append(
            {
                **coding_values(definition, value, entries),
                **{name: cell for name, cell in place.items() if name in names},
                **beside,
            }
        )
    return rows


def _looked_up(
    claims: Table, value: Mapping[str, Any], reference: str, other: str, entries: Entries
) -> Any:
    stream = reference_of(claims, claims.by_name[reference])
    row = entries.get(stream or "", {}).get(value.get(reference, ""))
    return row.get(other) if row else None


def _of_last_item(claims: Table, value: Mapping[str, Any], name: str) -> Any:
    for item in claims.fields:
        if any(inner.name == name for inner in item.fields):
            parts = value.get(item.name) or []
            return parts[-1].get(name) if parts else None
    return None
