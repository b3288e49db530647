"""A coder's drafts as rows of `codings`, from which agreement is computed."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from claimlog.desk.draft_values import in_use
from claimlog.desk.row_references import CLAIMS, lookup_of, reference_of
from claimlog.log.event_log import Log
from claimlog.schema.definition import Definition
from claimlog.schema.table_schema import Table
from claimlog.sources.anchor import anchor
from claimlog.sources.text import Text

CODINGS = "codings"
Row = dict[str, Any]
Entries = Mapping[str, Mapping[str, Row]]


def coding_values(definition: Definition, draft: Mapping[str, Any], entries: Entries) -> Row:
    """Return the columns of a coding that a draft of a claim decides.

    A column is, of these the first that applies: the claim's column of its name; what the claims
    look up under that name; the column that holds the codebook's variable of that name; what the
    last item of a list of the claim has under it.

    Parameters
    ----------
    entries
        Entries of registers by stream and identifier.
    """
    table, claims = definition.streams[CODINGS], definition.streams[CLAIMS]
    variables = {row["variable"]: row["columns"].split() for row in definition.codebook.variables}
    draft = in_use(claims, draft)
    found: Row = {}
    for name in table.in_use:
        if name in claims.in_use:
            cell = draft.get(name)
        elif (lookup := lookup_of(definition, name)) is not None:
            cell = _lookup_value(claims, draft, *lookup, entries)
        elif len(columns := variables.get(name, [])) == 1 and columns[0] in claims.in_use:
            cell = draft.get(columns[0])
        else:
            cell = _last_item_value(claims, draft, name)
        if cell not in (None, []):
            found[name] = cell
    return found


@dataclass(frozen=True)
class CodedRows:
    """The codings and claims that a log holds.

    Attributes
    ----------
    coders
        Names of the coders of each pass, by source and number.
    claims
        Identifiers of all claims.
    """

    coders: Mapping[tuple[str, int], Set[str]]
    claims: Set[str]

    @classmethod
    def of(cls, log: Log) -> CodedRows:
        """Return what a log holds."""
        coders: dict[tuple[str, int], set[str]] = {}
        for source, number, coder in (
            log.rows(CODINGS).select("source_id", "pass", "coder").iter_rows()
        ):
            coders.setdefault((source, number), set()).add(coder)
        return cls(coders, frozenset(log.ids(CLAIMS)))


def coding_rows(
    definition: Definition,
    drafts: Mapping[str, Row],
    entries: Entries,
    text: Text,
    common_cells: Row,
) -> list[Row]:
    """Return rows of codings of all drafts of a coder, with their anchors.

    Parameters
    ----------
    common_cells
        Coder, pass and source.
    """
    names = definition.streams[CODINGS].by_name
    rows = []
    for draft in drafts.values():
        place = anchor(text, draft["start"], draft["end"]).as_row()
        rows.append(
            {
                **coding_values(definition, draft, entries),
                **{name: cell for name, cell in place.items() if name in names},
                **common_cells,
            }
        )
    return rows


def _lookup_value(
    claims: Table, value: Mapping[str, Any], reference: str, other: str, entries: Entries
) -> Any:
    stream = reference_of(claims, claims.by_name[reference])
    row = entries.get(stream or "", {}).get(value.get(reference, ""))
    return row.get(other) if row else None


def _last_item_value(claims: Table, value: Mapping[str, Any], name: str) -> Any:
    for item in claims.fields:
        if any(inner.name == name for inner in item.fields):
            parts = value.get(item.name) or []
            return parts[-1].get(name) if parts else None
    return None
