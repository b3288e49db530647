"""The tables of registers: live rows with who reports them, and the lists of references."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw

from claimlog.fold.claim_summary import EntityReports
from claimlog.fold.corroboration import report_counts
from claimlog.fold.dates import with_date_bounds
from claimlog.fold.row_versions import Frame, items_of_list
from claimlog.schema.definition import Definition
from claimlog.schema.registers import COUNTS
from claimlog.schema.table_schema import Table


def register_table(
    live: Frame, table: Table, reports: Mapping[str, EntityReports], sources: Frame
) -> Frame:
    """Return the live rows of a register with the days of its dates and counts of claims.

    Parameters
    ----------
    reports
        The claims about each row, by its identifier.
    sources
        Live rows.
    """
    rows = live
    if not {*COUNTS}.intersection(table.names):  # else they are columns of its own
        rows = rows.join(report_counts(reports, table.id, sources), on=table.id, how="left")
        rows = rows.with_columns(nw.col(name).fill_null(0) for name in COUNTS)
    for item in table.fields:
        if item.edtf:
            rows = with_date_bounds(rows, item.name)
    return rows


def junction_tables(live: Frame, stream: str, definition: Definition) -> dict[str, Frame]:
    """Return the references in the lists of a stream's live rows, each list as a table."""
    return {
        one.table: items_of_list(live, one.key, one.column, one.reference).unique()
        for one in definition.junctions
        if one.stream == stream
    }
