"""The days that EDTF columns can mean."""

from __future__ import annotations

import narwhals as nw

from claimlog.fold.states import Frame, made
from claimlog.schema.edtf import bounds


def dated(rows: Frame, column: str) -> Frame:
    """Add the first and last day that an EDTF column can mean, as dates.

    Each distinct value is parsed once; the result is joined back.
    """
    values = rows.filter(~nw.col(column).is_null()).select(column).unique().collect()
    known = sorted(values[column].to_list())
    ranges = [bounds(value) for value in known]
    days = made(
        {
            column: known,
            f"{column}_start": [first for first, _ in ranges],
            f"{column}_end": [last for _, last in ranges],
        },
        {column: nw.String(), f"{column}_start": nw.Date(), f"{column}_end": nw.Date()},
        rows,
    )
    return rows.join(days, on=column, how="left")
