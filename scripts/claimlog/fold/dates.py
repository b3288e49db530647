"""The first and last days that columns of EDTF dates can mean."""

from __future__ import annotations

import narwhals as nw

from claimlog.fold.row_versions import Frame, frame_like
from claimlog.schema.edtf import bounds


def with_date_bounds(rows: Frame, column: str) -> Frame:
    """Add the first and last day that a column of EDTF dates can mean.

    Each distinct value is parsed once; the result is joined back.
    """
    values = rows.filter(~nw.col(column).is_null()).select(column).unique().collect()
    dates = sorted(values[column].to_list())
    ranges = [bounds(value) for value in dates]
    days = frame_like(
        {
            column: dates,
            f"{column}_start": [first for first, _ in ranges],
            f"{column}_end": [last for _, last in ranges],
        },
        {column: nw.String(), f"{column}_start": nw.Date(), f"{column}_end": nw.Date()},
        rows,
    )
    return rows.join(days, on=column, how="left")
